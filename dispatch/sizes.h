/* SPDX-License-Identifier: MIT */
/* Size arithmetic that cannot wrap: false where a result exceeds AFT_LARGEST_COUNT floats, what an object can hold. */
#ifndef AFT_DISPATCH_SIZES_H
#define AFT_DISPATCH_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFT_LARGEST_COUNT ((size_t)PTRDIFF_MAX / sizeof(float))

enum { AFT_ALIGNMENT_FLOATS = 16 }; /* 64 bytes: a cache line, and the widest vector */

/* The first address in a workspace that is aligned so. */
static inline float *aft_aligned(void *workspace) {
    const uintptr_t alignment = AFT_ALIGNMENT_FLOATS * sizeof(float);
    return (float *)(void *)((char *)workspace + (alignment - (uintptr_t)workspace % alignment) % alignment);
}

static inline size_t aft_ceil_div(size_t a, size_t b) { return a / b + (a % b != 0); }

static inline bool aft_add(size_t a, size_t b, size_t *sum) {
    if (a > AFT_LARGEST_COUNT || b > AFT_LARGEST_COUNT - a)
        return false;
    *sum = a + b;
    return true;
}

static inline bool aft_multiply(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > AFT_LARGEST_COUNT / b)
        return false;
    *product = a * b;
    return true;
}

/* *total += a * b */
static inline bool aft_add_product(size_t *total, size_t a, size_t b) {
    size_t product;
    return aft_multiply(a, b, &product) && aft_add(*total, product, total);
}

#endif
