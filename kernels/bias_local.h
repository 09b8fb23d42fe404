/* SPDX-License-Identifier: MIT */
/*
 * AFT-local: the learned bias where |position - j| < window, 0 elsewhere; from dense or band storage. The window is at
 * least 1: AFT-simple has kernels of its own.
 *
 * The chains that the window touches are dense, and so is the chain that a causal row sees in part; all
 * others are states. Which is which depends on the row's position and on the formula alone, so it does not change with
 * a tile, or when the sequence of a causal problem grows.
 */
#ifndef AFT_KERNELS_BIAS_LOCAL_H
#define AFT_KERNELS_BIAS_LOCAL_H

#include "kernels/bias_full.h"

/* The window of a row, cut at the keys [0, visible). */
AFT_INLINE size_t local_window_begin(const aft_plan *plan, const aft_row *row) {
    return row->position + 1 > plan->window ? row->position + 1 - plan->window : 0;
}

AFT_INLINE size_t local_window_end(const aft_plan *plan, const aft_row *row, size_t visible) {
    return smaller(row->position + plan->window, visible);
}

AFT_INLINE void local_row(const aft_plan *plan, aft_row *row, size_t visible) {
    size_t begin = local_window_begin(plan, row), end = local_window_end(plan, row, visible);
    if (plan->problem.shape.causal) {
        row->dense_begin = round_down(smaller(begin, visible), AFT_CHAIN_KEYS);
        row->dense_end = visible;
    } else {
        row->dense_begin = smaller(round_down(begin, AFT_CHAIN_KEYS), round_up(visible, AFT_CHAIN_KEYS));
        row->dense_end = smaller(round_up(end, AFT_CHAIN_KEYS), visible);
    }
}

/* The logits of the keys [begin, end), all dense for this row. */
AFT_INLINE void local_logits(const aft_plan *plan, size_t pair, const aft_row *row, size_t begin, size_t end,
                             float *logits) {
    const aft_bias *bias = &plan->problem.bias;
    size_t window_begin = larger(begin, local_window_begin(plan, row));
    size_t window_end = smaller(end, local_window_end(plan, row, end));
    memset(logits, 0, (end - begin) * sizeof(float));
    if (window_begin >= window_end)
        return;
    const float *w = bias_row(plan, pair, row->index);
    size_t column = window_begin;
    if (bias->kind == AFT_BIAS_BAND)
        column = window_begin + (bias->window - 1) - row->position;
    memcpy(logits + (window_begin - begin), w + column, (window_end - window_begin) * sizeof(float));
}

#endif
