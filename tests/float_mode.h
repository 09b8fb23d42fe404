/* SPDX-License-Identifier: MIT */
/* The floating-point modes that a host may have set: rounding, flushing of subnormals, trapping. */
#ifndef AFT_TESTS_FLOAT_MODE_H
#define AFT_TESTS_FLOAT_MODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct float_mode {
    const char *name;
    uint64_t bits; /* of the control register, without its sticky flags */
} float_mode;

extern const float_mode float_modes[]; /* the first is the default */
extern const size_t float_mode_count;

void float_mode_set(const float_mode *mode);
uint64_t float_mode_bits(void);

#endif
