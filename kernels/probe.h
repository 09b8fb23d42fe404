/* SPDX-License-Identifier: MIT */
/* What tests and benches see of one instruction set's vector layer. No part of the library. */
#ifndef AFT_KERNELS_PROBE_H
#define AFT_KERNELS_PROBE_H

#include <stddef.h>

typedef struct aft_probe {
    const char *isa;
    const char *exp_provider; /* "sleef" or "builtin" */
    size_t lanes;
    /* y[i] = exp(x[i]) for any float, by the provider of this build, and by the built-in one. */
    void (*exp)(size_t count, const float *x, float *y);
    void (*exp_builtin)(size_t count, const float *x, float *y);
    /* exp(x[i]) = p[i] * 2^n[i], as the kernels use it; x saturates at +-2^20. */
    void (*exp_parts)(size_t count, const float *x, float *p, float *n);
    /* y[i] = p[i] * 2^n[i], taken whole, for x[i] in [near_least, near_largest]. */
    void (*exp_near)(size_t count, const float *x, float *y);
    float near_least, near_largest;
    /* y[i] = a[i] * b[i] + c[i], rounded once. */
    void (*fma)(size_t count, const float *a, const float *b, const float *c, float *y);
    /* The FMA rate: `iterations` rounds over registers alone; returns the flops done. `sink` keeps the result alive. */
    double (*fma_loop)(size_t iterations, float *sink);
} aft_probe;

/* The probe of the named instruction set, or NULL where this build lacks it. Whether this CPU can run it is another
 * question: ask aft_use_isa first. */
const aft_probe *aft_probe_find(const char *isa);

#endif
