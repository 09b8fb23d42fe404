/* SPDX-License-Identifier: MIT */
/*
 * AFT-local: the learned bias where |position - j| < window, 0 elsewhere; from dense or band storage. The window is at
 * least 1: AFT-simple has kernels of its own.
 *
 * The chains that the window touches are dense, and so is the chain that a causal row sees in part; all others are
 * states. Which is which depends on the row's position and on the formula alone, so it does not change with a tile, or
 * when the sequence of a causal problem grows.
 */
#ifndef AFT_KERNELS_BIAS_LOCAL_H
#define AFT_KERNELS_BIAS_LOCAL_H

#include "kernels/kernel.h"

AFT_INLINE void local_row(const aft_plan *plan, aft_row *row, size_t visible) {
    row->bias_begin = row->position + 1 > plan->window ? row->position + 1 - plan->window : 0;
    row->bias_begin = smaller(row->bias_begin, visible);
    row->bias_end = smaller(row->position + plan->window, visible);
    row->dense_begin = round_down(row->bias_begin, AFT_CHAIN_KEYS);
    row->dense_end = smaller(round_up(row->bias_end, AFT_CHAIN_KEYS), visible);
}

#endif
