/* SPDX-License-Identifier: MIT */
/*
 * The state of a set of keys that all count with weight 1: numerator N * 2^E and denominator D * 2^K, each with the
 * largest exponent of its own terms, and the sum of what is special (key.h). States merge exactly but for the one
 * rounding of each sum, so a prefix can be made of any keys at hand, and what is small beside one set is not lost
 * beside another.
 */
#ifndef AFT_KERNELS_STATE_H
#define AFT_KERNELS_STATE_H

#include "kernels/key.h"

typedef struct state {
    vf32 numerator, denominator, numerator_exponent, denominator_exponent, special;
} state;

AFT_INLINE state state_empty(void) {
    return (state){vf32_zero(), vf32_zero(), vf32_set1(EXPONENT_FLOOR), vf32_set1(EXPONENT_FLOOR), vf32_zero()};
}

/* State number i of an array in the workspace. */
AFT_INLINE float *state_at(float *states, size_t i) { return states + i * AFT_STATE_VECTORS * VF32_LANES; }

AFT_INLINE state state_load(const float *p) {
    return (state){vf32_load(p), vf32_load(p + VF32_LANES), vf32_load(p + 2 * VF32_LANES),
                   vf32_load(p + 3 * VF32_LANES), vf32_load(p + 4 * VF32_LANES)};
}

AFT_INLINE void state_store(float *p, state s) {
    vf32_store(p, s.numerator);
    vf32_store(p + VF32_LANES, s.denominator);
    vf32_store(p + 2 * VF32_LANES, s.numerator_exponent);
    vf32_store(p + 3 * VF32_LANES, s.denominator_exponent);
    vf32_store(p + 4 * VF32_LANES, s.special);
}

/* x * 2^from as a multiple of 2^to, to >= from. */
AFT_INLINE vf32 state_rescale(vf32 x, vf32 from, vf32 to) {
    return vf32_scale_above(x, vf32_sub(from, to), LOWEST_NORMAL);
}

AFT_INLINE state state_merge(state a, state b) {
    state sum;
    sum.numerator_exponent = vf32_max(a.numerator_exponent, b.numerator_exponent);
    sum.denominator_exponent = vf32_max(a.denominator_exponent, b.denominator_exponent);
    sum.numerator = vf32_add(state_rescale(a.numerator, a.numerator_exponent, sum.numerator_exponent),
                             state_rescale(b.numerator, b.numerator_exponent, sum.numerator_exponent));
    sum.denominator = vf32_add(state_rescale(a.denominator, a.denominator_exponent, sum.denominator_exponent),
                               state_rescale(b.denominator, b.denominator_exponent, sum.denominator_exponent));
    sum.special = vf32_add(a.special, b.special);
    return sum;
}

/* A sum of many states: AFT_FAN_IN of one level make one of the next, and the last level takes all that come. Adding in
 * few steps keeps rounding errors from piling up where the terms are alike. */
typedef struct state_tree {
    state levels[AFT_LEVELS + 1];
} state_tree;

AFT_INLINE void state_tree_clear(state_tree *tree) {
    for (size_t l = 0; l <= AFT_LEVELS; l++)
        tree->levels[l] = state_empty();
}

/* Adds a state; `filled` of them are in then, counted from an absolute place. */
AFT_INLINE void state_tree_add(state_tree *tree, state s, size_t filled) {
    tree->levels[0] = state_merge(tree->levels[0], s);
    for (size_t l = 0; l < AFT_LEVELS && filled % AFT_FAN_IN == 0; l++, filled /= AFT_FAN_IN) {
        tree->levels[l + 1] = state_merge(tree->levels[l + 1], tree->levels[l]);
        tree->levels[l] = state_empty();
    }
}

AFT_INLINE state state_tree_total(const state_tree *tree) {
    state total = tree->levels[0];
    for (size_t l = 1; l <= AFT_LEVELS; l++)
        total = state_merge(tree->levels[l], total);
    return total;
}

/* The state of the keys of a chain, summed in ascending order. */
static state state_of_keys(const key_chain *chain) {
    key_maxima maxima = key_chain_maxima(chain, key_maxima_none());
    vf32 numerator = vf32_zero(), denominator = vf32_zero();
    for (size_t i = 0; i < chain->count * VF32_LANES; i += VF32_LANES) {
        vf32 e_scale = vf32_pow2_above(vf32_sub(vf32_load(chain->n + i), maxima.n), LOWEST_OF_STATE);
        vf32 ev_scale = vf32_pow2_above(vf32_sub(vf32_load(chain->ng + i), maxima.ng), LOWEST_OF_STATE);
        denominator = vf32_fma(vf32_load(chain->p + i), e_scale, denominator);
        numerator = vf32_fma(vf32_load(chain->pf + i), ev_scale, numerator);
    }
    return (state){numerator, denominator, maxima.ng, maxima.n, maxima.special};
}

/* The state of the keys that a row does not see as dense, from the record of a vector of channels: those before its
 * dense ones and, without a mask, those after. */
AFT_INLINE state state_outside(const aft_plan *plan, const float *record, const aft_row *row) {
    state before = state_load(record + plan->record.prefix + row->prefix * AFT_STATE_VECTORS * VF32_LANES);
    if (plan->problem.shape.causal)
        return before;
    return state_merge(before, state_load(record + plan->record.suffix + row->suffix * AFT_STATE_VECTORS * VF32_LANES));
}

#endif
