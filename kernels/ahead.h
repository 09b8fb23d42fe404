/* SPDX-License-Identifier: MIT */
/*
 * Asking for rows ahead of their use. A kernel takes a chain of rows one vector of channels after the other; memory is
 * asked for in its own order instead, row by row over all these vectors, a chain's worth with each vector: what is asked
 * for so, the hardware continues. From memory that saves a quarter to a half of the time, from the third cache up to a
 * fifth (but for scans of half rows there, which take 1.1 of it), within the second it costs a twentieth (AVX-512 Xeon).
 */
#ifndef AFT_KERNELS_AHEAD_H
#define AFT_KERNELS_AHEAD_H

#include "kernels/kernel.h"

/* A place in the rows of two tensors, from a vector of channels on. */
typedef struct rows_ahead {
    const float *a, *b;
    size_t a_stride, b_stride, vectors, row, end, vector;
} rows_ahead;

enum { ROWS_AHEAD = 2 * AFT_CHAIN_KEYS };

/* Whether a tensor of K's size is beyond the second cache of most CPUs. */
AFT_INLINE bool rows_are_far(const aft_plan *plan) {
    const size_t near_floats = (size_t)1 << 17;
    return plan->pairs * plan->vectors * VF32_LANES > near_floats / larger(plan->problem.shape.kv_len, 1);
}

/* Asks for as many vectors as a chain of keys of one vector of channels has. */
AFT_INLINE void rows_prefetch(rows_ahead *ahead) {
    for (size_t left = AFT_CHAIN_KEYS, count; left > 0 && ahead->row < ahead->end; left -= count) {
        const float *a = ahead->a + ahead->row * ahead->a_stride + ahead->vector * VF32_LANES;
        const float *b = ahead->b + ahead->row * ahead->b_stride + ahead->vector * VF32_LANES;
        count = smaller(left, ahead->vectors - ahead->vector);
        for (size_t i = 0; i < count * VF32_LANES; i += VF32_LANES) {
            prefetch_far(address_behind(a, i));
            prefetch_far(address_behind(b, i));
        }
        ahead->vector += count;
        if (ahead->vector == ahead->vectors) {
            ahead->vector = 0;
            ahead->row++;
        }
    }
}

#endif
