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

/* All that a thread's floating-point environment is, sticky flags included: MXCSR and the x87 control word, or FPCR and
 * FPSR. */
enum { FLOAT_WORDS = 2 };
typedef struct float_environment {
    uint64_t words[FLOAT_WORDS];
} float_environment;

extern const char *const float_word_names[FLOAT_WORDS];

/* A mode with those of the sticky flags raised that `flags` has a 1 for. */
float_environment float_environment_of(const float_mode *mode, uint64_t flags);
float_environment float_environment_get(void);
void float_environment_set(const float_environment *environment);

#endif
