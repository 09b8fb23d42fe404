/* SPDX-License-Identifier: MIT */
/*
 * Elements whose denominator or numerator cannot be trusted (kernel.h), computed again with the joint exponents of
 * their row and channel:
 *
 *     M = max_j n_k + n_w,   D = sum_j (p_w * 2^(n_k + n_w - M)) * p_k,   and the same for N with n_k + g + n_w.
 *
 * The same p, n and f as in the panels, the same chains and levels, another exact shift: so where the panels would have
 * done, the bits are the same. The largest term of each sum is near 1, so nothing that matters is lost; what is special
 * (key.h) is summed over the keys that the row sees, and only those.
 *
 * Rows of one block and one vector of channels come together, so that each chain of keys is taken apart once for all of
 * them. With states (AFT-local) only the window is gone through again.
 */
#ifndef AFT_KERNELS_EXACT_H
#define AFT_KERNELS_EXACT_H

#include "kernels/finish.h"
#include "kernels/weights.h"

/* One row under way: the sum over chains of level 0, and those of the levels and groups above, with the same exponents.
 * In the scratch it comes after y and `trusted` (1 where y stands): AFT_EXACT_VECTORS in all. */
typedef struct exact_sum {
    state chains;
    vf32 numerators[AFT_LEVELS], denominators[AFT_LEVELS];
} exact_sum;

AFT_INLINE float *exact_slot(const aft_plan *plan, float *scratch, size_t slot) {
    return scratch + plan->scratch.exact + slot * AFT_EXACT_VECTORS * VF32_LANES;
}

/* Notes an element vector: y is right where `trusted`. */
AFT_INLINE void exact_note(float *slot, vf32 y, vm32 trusted) {
    vf32_store(slot, y);
    vf32_store(slot + VF32_LANES, vf32_select(trusted, vf32_set1(1.0f), vf32_zero()));
}

AFT_INLINE exact_sum exact_empty(void) {
    exact_sum sum = {.chains = state_empty()};
    for (size_t l = 0; l < AFT_LEVELS; l++)
        sum.numerators[l] = sum.denominators[l] = vf32_zero();
    return sum;
}

AFT_INLINE exact_sum exact_load(const float *slot) {
    exact_sum sum = {.chains = state_load(slot + 2 * VF32_LANES)};
    for (size_t l = 0; l < AFT_LEVELS; l++) {
        sum.numerators[l] = vf32_load(slot + (7 + 2 * l) * VF32_LANES);
        sum.denominators[l] = vf32_load(slot + (8 + 2 * l) * VF32_LANES);
    }
    return sum;
}

AFT_INLINE void exact_store(float *slot, exact_sum sum) {
    state_store(slot + 2 * VF32_LANES, sum.chains);
    for (size_t l = 0; l < AFT_LEVELS; l++) {
        vf32_store(slot + (7 + 2 * l) * VF32_LANES, sum.numerators[l]);
        vf32_store(slot + (8 + 2 * l) * VF32_LANES, sum.denominators[l]);
    }
}

/* Moves what is complete up a level, once `filled` chains are in. */
AFT_INLINE exact_sum exact_fold(exact_sum sum, size_t filled) {
    vf32 *numerator = &sum.chains.numerator, *denominator = &sum.chains.denominator;
    for (size_t l = 0; l < AFT_LEVELS && filled % AFT_FAN_IN == 0; l++, filled /= AFT_FAN_IN) {
        sum.numerators[l] = vf32_add(sum.numerators[l], *numerator);
        sum.denominators[l] = vf32_add(sum.denominators[l], *denominator);
        *numerator = *denominator = vf32_zero();
        numerator = &sum.numerators[l];
        denominator = &sum.denominators[l];
    }
    return sum;
}

AFT_INLINE state exact_total(exact_sum sum) {
    for (size_t l = 0; l < AFT_LEVELS; l++) {
        sum.chains.numerator = vf32_add(sum.numerators[l], sum.chains.numerator);
        sum.chains.denominator = vf32_add(sum.denominators[l], sum.chains.denominator);
    }
    return sum.chains;
}

/* The sum of what is special in chain number `c`, for one row. A bias is special, and then NaN, where it is NaN or +inf.
 */
static vf32 exact_special(const aft_plan *plan, const aft_row *row, size_t c, const key_chain *chain) {
    const vf32 zero = vf32_zero(), infinity = vf32_set1(__builtin_inff());
    float buffer[AFT_CHAIN_KEYS];
    const float *logits = chain_logits(plan, row, c, buffer);
    vf32 special = zero;
    for (size_t j = 0; j < chain->count; j++) {
        size_t i = j * VF32_LANES;
        vf32 logit = vf32_set1(logits[j]);
        /* A hidden key is not seen, whatever else it holds. */
        vm32 hidden = vm32_or(vf32_eq(logit, vf32_set1(-__builtin_inff())),
                              vf32_ge(vf32_set1(EXPONENT_FLOOR), vf32_load(chain->n + i)));
        vf32 own = vf32_select(vf32_gt(infinity, logit), zero, vf32_set1(QUIET_NAN));
        vf32 both = vf32_add(vf32_load(chain->special + i), own);
        special = vf32_add(special, vf32_select(hidden, zero, both));
    }
    return special;
}

/* The sums of a chain for one row, as multiples of 2^top_n and 2^top_ng. `close`: no key is so far below that it would be
 * dropped, which is faster to sum. */
AFT_INLINE state exact_chain(const key_chain *chain, const weight_chain *weights, vf32 top_n, vf32 top_ng, bool close) {
    vf32 numerator = vf32_zero(), denominator = vf32_zero();
    for (size_t j = 0; j < chain->count; j++) {
        size_t i = j * VF32_LANES;
        vf32 n = vf32_set1(weights->n[j]), p = vf32_set1(weights->p[j]);
        vf32 shift = vf32_sub(vf32_add(vf32_load(chain->n + i), n), top_n);
        vf32 ng_shift = vf32_sub(vf32_add(vf32_load(chain->ng + i), n), top_ng);
        vf32 a = close ? vf32_scale(p, shift) : vf32_scale_above(p, shift, LOWEST_OF_STATE);
        vf32 av = close ? vf32_scale(p, ng_shift) : vf32_scale_above(p, ng_shift, LOWEST_OF_STATE);
        denominator = vf32_fma(a, vf32_load(chain->p + i), denominator);
        numerator = vf32_fma(av, vf32_load(chain->pf + i), numerator);
    }
    return (state){numerator, denominator, top_ng, top_n, vf32_zero()};
}

/* Adds one chain, in which `special` is special, to a row's sums. */
static exact_sum exact_add_chain(exact_sum sum, const key_chain *chain, const weight_chain *weights, vf32 special) {
    const vf32 lowest = vf32_set1(LOWEST_OF_STATE);
    vf32 top_n = sum.chains.denominator_exponent, top_ng = sum.chains.numerator_exponent;
    vf32 least_n = vf32_set1(-EXPONENT_FLOOR), least_ng = least_n;
    for (size_t j = 0; j < chain->count; j++) {
        size_t i = j * VF32_LANES;
        vf32 n = vf32_set1(weights->n[j]);
        vf32 joint = vf32_add(vf32_load(chain->n + i), n), g_joint = vf32_add(vf32_load(chain->ng + i), n);
        top_n = vf32_max(top_n, joint);
        top_ng = vf32_max(top_ng, g_joint);
        least_n = vf32_min(least_n, joint);
        least_ng = vf32_min(least_ng, g_joint);
    }
    vm32 near = vm32_and(vf32_ge(vf32_sub(least_n, top_n), lowest), vf32_ge(vf32_sub(least_ng, top_ng), lowest));
    state own = vm32_any(vm32_not(near)) ? exact_chain(chain, weights, top_n, top_ng, false)
                                         : exact_chain(chain, weights, top_n, top_ng, true);
    own.special = special;
    for (size_t l = 0; l < AFT_LEVELS; l++) {
        sum.denominators[l] = state_rescale(sum.denominators[l], sum.chains.denominator_exponent, top_n);
        sum.numerators[l] = state_rescale(sum.numerators[l], sum.chains.numerator_exponent, top_ng);
    }
    /* The chain already has the larger exponents, so only the sum before it is scaled. */
    sum.chains = state_merge(sum.chains, own);
    return sum;
}

/* What rows [0, count) of `pending` have in common: the pair and vector of channels they belong to. */
typedef struct exact_rows {
    aft_row *rows;
    const size_t *pending; /* indices into rows; slot i belongs to pending[i] */
    size_t count;
    size_t first_chain; /* of all rows of the block */
    const float *record;
} exact_rows;

/* The weights of row r of a block for a chain, counted from the first of the block. Taken once for all channels: for a
 * row whose elements all come here, they are a third of the work. */
AFT_INLINE weight_chain *exact_weights_of(const aft_plan *plan, float *scratch, size_t chain, size_t r) {
    return (weight_chain *)(void *)(scratch + plan->scratch.exact_weights) + chain * AFT_ROW_BLOCK + r;
}

static void exact_take_weights(const aft_plan *plan, const exact_rows *work, size_t r, float *scratch) {
    aft_row *row = &work->rows[r];
    for (size_t c = first_chain(row); c < end_chain(row) && !row->weights_taken; c++)
        weight_chain_take(plan, row, c, exact_weights_of(plan, scratch, c - work->first_chain, r));
    row->weights_taken = true;
}

/* Computes the noted elements again and writes their rows of y. */
static void exact_run(const aft_plan *plan, size_t pair, size_t vector, const exact_rows *work, float *scratch) {
    key_rows keys = key_rows_of(plan, pair, vector);
    size_t first = SIZE_MAX, end = 0;
    for (size_t i = 0; i < work->count; i++) {
        const aft_row *row = &work->rows[work->pending[i]];
        exact_store(exact_slot(plan, scratch, i), exact_empty());
        exact_take_weights(plan, work, work->pending[i], scratch);
        first = smaller(first, first_chain(row));
        end = larger(end, end_chain(row));
    }
    for (size_t c = first; c < end; c++) {
        key_chain chain = key_chain_take(plan, &keys, c * AFT_CHAIN_KEYS, scratch);
        vm32 plain = vf32_eq(key_chain_maxima(&chain, key_maxima_none()).special, vf32_zero());
        bool special = vm32_any(vm32_not(plain));
        for (size_t i = 0; i < work->count; i++) {
            const aft_row *row = &work->rows[work->pending[i]];
            float *slot = exact_slot(plan, scratch, i);
            exact_sum sum = exact_load(slot);
            if (c >= first_chain(row) && c < end_chain(row)) {
                const weight_chain *weights = exact_weights_of(plan, scratch, c - work->first_chain, work->pending[i]);
                bool look = special || row->exponent >= EXPONENT_POISONED;
                vf32 sum_special = look ? exact_special(plan, row, c, &chain) : vf32_zero();
                sum = exact_add_chain(sum, &chain, weights, sum_special);
            }
            exact_store(slot, exact_fold(sum, c + 1));
        }
    }
    const aft_tensor_in *q = &plan->problem.q;
    gates g;
    for (size_t i = 0; i < work->count; i++) {
        const aft_row *row = &work->rows[work->pending[i]];
        gates_take(&g, i, load_lanes(input_of(plan, q, pair, vector) + row->index * q->time_stride, keys.lanes));
    }
    gates_open(&g, work->count);
    for (size_t i = 0; i < work->count; i++) {
        const float *slot = exact_slot(plan, scratch, i);
        const aft_row *row = &work->rows[work->pending[i]];
        state seen = exact_total(exact_load(slot));
        if (plan->has_states)
            seen = state_merge(seen, state_outside(plan, work->record, row));
        vm32 trusted = vf32_gt(vf32_load(slot + VF32_LANES), vf32_zero());
        vf32 y = vf32_select(trusted, vf32_load(slot), gates_pass_state(&g, i, seen));
        store_lanes(output_of(plan, pair, vector) + row->index * plan->problem.y.time_stride, y, keys.lanes);
    }
}

#endif
