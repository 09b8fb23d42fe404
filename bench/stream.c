/* SPDX-License-Identifier: MIT */
#include "bench/stream.h"

#define PASTE_EXPANDED(a, b) a##b
#define PASTE(a, b) PASTE_EXPANDED(a, b)

/* The list in the header is for who calls; here the build names one instruction set. */
bench_stream PASTE(bench_stream_, AFT_ISA);

void PASTE(bench_stream_, AFT_ISA)(size_t count, const float *restrict q, const float *restrict k,
                                   const float *restrict v, float *restrict y) {
    for (size_t i = 0; i < count; i++)
        y[i] = q[i] * k[i] + v[i];
}
