/* SPDX-License-Identifier: MIT */
/* Where the two halves of AFT-simple's streaming path keep their states. */
#ifndef AFT_KERNELS_STREAM_H
#define AFT_KERNELS_STREAM_H

#include "kernels/near.h"

/* The state of one group of keys: states[pair][group][vector] in the workspace. */
AFT_INLINE float *stream_state(const aft_plan *plan, size_t pair, size_t group, size_t vector) {
    return plan->workspace + pair * plan->pair_floats +
           (group * plan->vectors + vector) * AFT_STATE_VECTORS * VF32_LANES;
}

/* The sum of a vector of channels under way, in the scratch. */
AFT_INLINE state_tree *stream_tree(const aft_plan *plan, float *scratch, size_t vector) {
    return (state_tree *)(void *)(scratch + plan->scratch.groups) + vector;
}

#endif
