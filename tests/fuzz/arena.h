/* SPDX-License-Identifier: MIT */
/* One piece of memory in which arbitrary arguments point, what it held before a call, and what a call may answer. */
#ifndef AFT_TESTS_FUZZ_ARENA_H
#define AFT_TESTS_FUZZ_ARENA_H

#include "fuzz/choices.h"
#include "fuzz/model.h"

enum { ARENA_FLOATS = 8192, ARENA_BYTES = ARENA_FLOATS * sizeof(float), ARENA_LENGTHS = 8 };

/* Once, before all else here. A failure ends the process where it happens. */
void arena_make(void);

/* Numbers, some of them special, and first of all lengths of up to `longest`. */
void arena_fill(choices *c, size_t longest);
const size_t *arena_lengths(void);
/* The same lengths anywhere in the arena, over what was there. */
const size_t *arena_move_lengths(choices *c);
float *arena_place(size_t index);
/* The next stretch behind the lengths (*used counts it) for floats [batch][heads][times][columns] in a usual layout. */
float *arena_lay_out(choices *c, size_t *used, const aft_shape *shape, size_t times, size_t columns, size_t strides[3]);
/* Where `other` is or a float behind it, anywhere in the arena, nowhere, or at the end of all addresses. */
const float *arena_choose(choices *c, const float *other);
bool arena_holds(const view *v);

/* The same place as it was before the call; NULL for one outside. */
const void *arena_before(const void *data);
/* What the arena is to hold after a call: at first what it held before. */
void arena_begin_outcome(void);
void arena_expect_float(const float *place, float value);
/* Compares, and puts everything back. */
void arena_check_outcome(const char *function);
/* A call that was refused, or wrote elsewhere. */
bool arena_is_untouched(void);
void arena_expect_untouched(const char *function);

/* `answer` is the status of a call that may be refused for the reasons in `why`, or, where sizes are huge, for another one
 * of size. */
void expect_reason(const char *function, aft_status answer, reasons why, bool huge);

/* The instruction sets of this CPU. */
size_t count_isas(void);
void use_isa(size_t index);

#endif
