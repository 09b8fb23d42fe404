/* SPDX-License-Identifier: MIT */
/* What every test file shares: units run once for each instruction set, replayable randomness, sizes by patience.
 *
 * AFT_SEED=0x...         replays a run's random fills
 * AFT_TEST_ONLY=long*    runs the tests whose names match this pattern of * and ?
 * AFT_TEST_WITHOUT=*long runs the others
 * AFT_TEST_EMULATED=1    small sizes, for an emulated CPU
 * AFT_TEST_WHOLE_VECTORS=1    for QEMU (7.2), which reads all bytes of a VMASKMOVPS load, also the masked ones
 * AFT_TEST_EXPECTED_ISA=avx2    what the library is to choose on this CPU
 * AFT_TEST_THOROUGH=1    large sizes */
#ifndef AFT_TESTS_HARNESS_H
#define AFT_TESTS_HARNESS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "aft.h"

/* A unit is one cmocka test for each instruction set, named `name/isa`, with that one active; or a single test. */
typedef struct harness_unit {
    const char *name;
    void (*run)(const char *isa); /* isa: the active one; NULL for a unit that runs once */
    bool once;                    /* a single test, before which nothing of the library was called */
} harness_unit;

#define EACH_ISA(function)                                                                                             \
    { .name = #function, .run = function }
#define ONCE(function)                                                                                                 \
    { .name = #function, .run = function, .once = true }

/* Runs the units as one cmocka group. An instruction set that this CPU lacks is skipped, and says so. */
int harness_main(const char *group, const harness_unit *units, size_t count);

#define HARNESS_MAIN(group, units) harness_main(group, units, sizeof(units) / sizeof((units)[0]))

/* Random numbers. Each unit starts from the seed and its own name, so that all instruction sets see the same ones. */
uint64_t random_u64(void);
size_t random_size(size_t low, size_t high); /* low .. high, both included */
bool random_chance(double probability);
float random_float(float low, float high);
/* To draw the same numbers again. */
uint64_t random_state(void);
void random_resume(uint64_t state);

/* The size or repetition that suits this run. */
size_t harness_pick(size_t emulated, size_t normal, size_t thorough);
bool harness_thorough(void);
/* Lanes of the vectors whose tails and offsets suit this run: the widest's, or on an emulated CPU those of this
 * instruction set (of scalar: NEON's). */
size_t harness_lanes(const char *isa);
/* The step through them: 1, for NEON on an emulated CPU too, as there is no other run with it. */
size_t harness_step(const char *isa);
/* A masked load reads a whole vector here, as it does on no CPU. */
bool harness_whole_vectors(void);

/* Keeps the largest error of the running test, in units of what is allowed; it is printed at its end. */
void harness_note_error(double ratio);

/* Prints and fails the running test. */
__attribute__((format(printf, 1, 2), noreturn)) void harness_fail(const char *format, ...);

uint32_t float_bits(float value);
float float_of_bits(uint32_t bits);

/* FNV-1a over the bits of floats; begins with the basis. */
#define HASH_BASIS UINT64_C(0xcbf29ce484222325)
uint64_t hash_floats(uint64_t hash, const float *values, size_t count);

#endif
