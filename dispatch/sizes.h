/* SPDX-License-Identifier: MIT */
/* Size arithmetic that cannot wrap: what exceeds AFT_LARGEST_COUNT floats, what an object can hold, is AFT_TOO_MANY, and so
 * is what grows from it; only no times too many is none. So it is enough to look at the end whether all fits. */
#ifndef AFT_DISPATCH_SIZES_H
#define AFT_DISPATCH_SIZES_H

#include "dispatch/internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFT_LARGEST_COUNT ((size_t)PTRDIFF_MAX / sizeof(float))
#define AFT_TOO_MANY (AFT_LARGEST_COUNT + 1)

enum { AFT_ALIGNMENT_FLOATS = 16 }; /* 64 bytes: a cache line, and the widest vector */

/* The first address in a workspace that is aligned so. */
static inline float *aft_aligned(void *workspace) {
    const uintptr_t alignment = AFT_ALIGNMENT_FLOATS * sizeof(float);
    return (float *)(void *)((char *)workspace + (alignment - (uintptr_t)workspace % alignment) % alignment);
}

static inline size_t aft_ceil_div(size_t a, size_t b) { return a / b + (a % b != 0); }

static inline bool aft_fits(size_t count) { return count <= AFT_LARGEST_COUNT; }

AFT_INTERNAL size_t aft_sum(size_t a, size_t b);

AFT_INTERNAL size_t aft_times(size_t a, size_t b);

/* Appends a field of `count` items of `floats` floats to a layout of *total floats, and the gap that aligns the next one.
 * Answers the field's offset. */
AFT_INTERNAL size_t aft_append(size_t *total, size_t count, size_t floats);

#endif
