/* SPDX-License-Identifier: MIT */
/* What the kernels share: constants of the scheme, and where things lie in tensors and workspace. */
#ifndef AFT_KERNELS_KERNEL_H
#define AFT_KERNELS_KERNEL_H

#include "dispatch/table.h"
#include "kernels/vec/vec.h"
#include "kernels/vec/vec_exp.h"

/*
 * A panel holds e = p * 2^(n - K) and e*v = p*f * 2^(n + g - E + HEADROOM), with v = f * 2^g, K the largest n and E the
 * largest n + g of the channel's visible keys up to the end of the chain: numerator and denominator have an exponent
 * each, so that no finite v overflows and none is lost beside a larger one that hardly weighs. Weights are
 * a = p * 2^(n - W).
 *
 * Below LOWEST everything is 0: no product of two panel values is subnormal (which would slow the tile 200-fold). What
 * that drops is harmless in a denominator >= DENOMINATOR_TRUSTED: below 2^-41 of it a key. In a numerator it is
 * harmless where |numerator| is at least KEY_THRESHOLD * keys (if a value of the panel was dropped: each product below
 * 2^-60) or ROW_THRESHOLD * keys (a weight: each product below 1): then it moves the sum by less than u/4 of itself.
 * Whatever fails is computed again in exact.h.
 */
#define LOWEST (-62.0f)
#define HEADROOM 60.0f
#define DENOMINATOR_TRUSTED 0x1p-20f
#define KEY_THRESHOLD 0x1p-33f
#define ROW_THRESHOLD 0x1p+26f
/* A weight below 2^-290 of the row's largest moves no result by 2^-136, whatever finite v it meets: 2^(128 + 20 - 290).
 */
#define NEGLIGIBLE (-290.0f)
/* The exponent of a channel or row with a visible NaN or infinity: everything scaled to it is 0. */
#define EXPONENT_POISONED 0x1p+22f
/* Sums that carry their own exponent drop what is 2^100 below their largest term. */
#define LOWEST_OF_STATE (-100.0f)
#define LOWEST_NORMAL (-126.0f)
#define LARGEST_FLOAT 0x1.fffffep+127f

#define QUIET_NAN __builtin_nanf("")

AFT_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
AFT_INLINE size_t larger(size_t a, size_t b) { return a > b ? a : b; }
AFT_INLINE size_t round_up(size_t a, size_t unit) { return (a + unit - 1) / unit * unit; }
AFT_INLINE size_t round_down(size_t a, size_t unit) { return a / unit * unit; }

/* The lanes of a vector of channels that exist. */
AFT_INLINE size_t lanes_of(const aft_plan *plan, size_t vector) {
    return smaller(plan->problem.shape.channels - vector * VF32_LANES, VF32_LANES);
}

AFT_INLINE vf32 load_lanes(const float *p, size_t lanes) {
    return lanes == VF32_LANES ? vf32_load(p) : vf32_load_n(p, lanes);
}

AFT_INLINE void store_lanes(float *p, vf32 x, size_t lanes) {
    if (lanes == VF32_LANES)
        vf32_store(p, x);
    else
        vf32_store_n(p, x, lanes);
}

/* Where something to ask for lies, `floats` behind p. That may be outside the array, where no pointer may point: nothing is
 * read there. */
AFT_INLINE uintptr_t address_behind(const float *p, size_t floats) { return (uintptr_t)p + floats * sizeof(float); }

/* Asks for row `row` of a tensor ahead of its use; rows of many channels are too far apart for the hardware to guess. */
AFT_INLINE void prefetch_row(const float *rows, size_t stride, size_t row) {
    __builtin_prefetch((const void *)address_behind(rows, row * stride));
}

/* The same of any address, into the second cache. */
AFT_INLINE void prefetch_far(uintptr_t address) { __builtin_prefetch((const void *)address, 0, 2); }

/* The same of a place that is there and will be written. */
AFT_INLINE void prefetch_written(const float *p) { __builtin_prefetch(p, 1); }

AFT_INLINE size_t batch_of(const aft_plan *plan, size_t pair) { return pair / plan->problem.shape.heads; }
AFT_INLINE size_t head_of(const aft_plan *plan, size_t pair) { return pair % plan->problem.shape.heads; }

/* Keys of a batch that its rows may see. */
AFT_INLINE size_t keys_of(const aft_plan *plan, size_t pair) {
    const aft_shape *shape = &plan->problem.shape;
    return shape->kv_lengths ? shape->kv_lengths[batch_of(plan, pair)] : shape->kv_len;
}

/* Row 0 of a pair, at a vector of channels. */
AFT_INLINE const float *input_of(const aft_plan *plan, const aft_tensor_in *tensor, size_t pair, size_t vector) {
    return tensor->data + batch_of(plan, pair) * tensor->batch_stride + head_of(plan, pair) * tensor->head_stride +
           vector * VF32_LANES;
}

AFT_INLINE float *output_of(const aft_plan *plan, size_t pair, size_t vector) {
    const aft_tensor *y = &plan->problem.y;
    return y->data + batch_of(plan, pair) * y->batch_stride + head_of(plan, pair) * y->head_stride +
           vector * VF32_LANES;
}

/* The record of a pair of the current set, at a vector of channels. */
AFT_INLINE float *record_of(const aft_plan *plan, size_t set, size_t pair, size_t vector) {
    return plan->workspace + (pair - set) * plan->pair_floats + vector * plan->record.floats;
}

#endif
