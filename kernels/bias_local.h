/* SPDX-License-Identifier: MIT */
/*
 * AFT-local: the learned bias where |position - j| < window, 0 elsewhere; from dense or band storage. The window is at
 * least 1: AFT-simple has kernels of its own.
 *
 * The chains that the window touches are dense, all others are states. Which is which depends on the row's position
 * alone, so it does not change with a tile, or when the sequence of a causal problem grows.
 */
#ifndef AFT_KERNELS_BIAS_LOCAL_H
#define AFT_KERNELS_BIAS_LOCAL_H

#include "kernels/kernel.h"

AFT_INLINE void local_row(const aft_plan *plan, aft_row *row, size_t visible) {
    size_t begin = row->position + 1 > plan->window ? row->position + 1 - plan->window : 0;
    size_t end = row->position + plan->window;
    row->bias_begin = smaller(begin, visible);
    row->bias_end = smaller(end, visible);
    row->dense_begin = smaller(round_down(begin, AFT_CHAIN_KEYS), round_up(visible, AFT_CHAIN_KEYS));
    row->dense_end = smaller(round_up(end, AFT_CHAIN_KEYS), visible);
}

#endif
