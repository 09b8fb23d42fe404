/* SPDX-License-Identifier: MIT */
/*
 * Elements whose denominator or numerator cannot be trusted (kernel.h), computed again with the joint exponents of their row and channel:
 *
 *     M = max_j n_k + n_w,   D = sum_j (p_w * 2^(n_k + n_w - M)) * p_k,   and the same for N with n_k + g + n_w.
 *
 * The same p, n and f as in the panels, the same chains and levels, another exact shift: so where the panels would have done, the
 * bits are the same. The largest term of each sum is near 1, so nothing that matters is lost; what is special (key.h) is
 * summed over the keys that the row sees, and only those.
 *
 * Rows of one block and one vector of channels come together, so that each chain of keys is taken apart once for all of them. With states
 * (AFT-local) only the window is gone through again.
 */
#ifndef AFT_KERNELS_EXACT_H
#define AFT_KERNELS_EXACT_H

#include "kernels/finish.h"
#include "kernels/weights.h"

/* One row under way: sums over groups, over the chains of this group, their common exponents. After y and `trusted` (1 where y
 * stands) in the scratch, AFT_EXACT_VECTORS in all. */
typedef struct exact_sum {
    vf32 groups_numerator, groups_denominator, numerator, denominator, numerator_exponent, denominator_exponent, special;
} exact_sum;

AFT_INLINE float *exact_slot(const aft_plan *plan, float *scratch, size_t slot)
{
    return scratch + plan->scratch.exact + slot * AFT_EXACT_VECTORS * VF32_LANES;
}

/* Notes an element vector: y is right where `trusted`. */
AFT_INLINE void exact_note(float *slot, vf32 y, vm32 trusted)
{
    vf32_store(slot, y);
    vf32_store(slot + VF32_LANES, vf32_select(trusted, vf32_set1(1.0f), vf32_zero()));
}

AFT_INLINE exact_sum exact_load(const float *slot)
{
    const float *p = slot + 2 * VF32_LANES;
    return (exact_sum){vf32_load(p),
                       vf32_load(p + VF32_LANES),
                       vf32_load(p + 2 * VF32_LANES),
                       vf32_load(p + 3 * VF32_LANES),
                       vf32_load(p + 4 * VF32_LANES),
                       vf32_load(p + 5 * VF32_LANES),
                       vf32_load(p + 6 * VF32_LANES)};
}

AFT_INLINE void exact_store(float *slot, exact_sum sum)
{
    float *p = slot + 2 * VF32_LANES;
    vf32_store(p, sum.groups_numerator);
    vf32_store(p + VF32_LANES, sum.groups_denominator);
    vf32_store(p + 2 * VF32_LANES, sum.numerator);
    vf32_store(p + 3 * VF32_LANES, sum.denominator);
    vf32_store(p + 4 * VF32_LANES, sum.numerator_exponent);
    vf32_store(p + 5 * VF32_LANES, sum.denominator_exponent);
    vf32_store(p + 6 * VF32_LANES, sum.special);
}

AFT_INLINE exact_sum exact_end_group(exact_sum sum)
{
    sum.groups_numerator = vf32_add(sum.groups_numerator, sum.numerator);
    sum.groups_denominator = vf32_add(sum.groups_denominator, sum.denominator);
    sum.numerator = sum.denominator = vf32_zero();
    return sum;
}

/* The biases of a row for one chain, taken apart as keys are. */
typedef struct weight_chain {
    float p[AFT_CHAIN_KEYS], n[AFT_CHAIN_KEYS], special[AFT_CHAIN_KEYS];
} weight_chain;

static bool weight_chain_take(const aft_plan *plan, size_t pair, const aft_row *row, size_t chain, weight_chain *weights)
{
    float logits[AFT_CHAIN_KEYS];
    if (!chain_logits(plan, pair, row, chain, logits))
        return false;
    for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES) {
        vf32 n, logit = vf32_load(logits + i);
        vf32_store(weights->p + i, vf32_exp_parts(logit, &n));
        vm32 hidden = vf32_eq(logit, vf32_set1(-__builtin_inff())), finite = vf32_gt(vf32_set1(__builtin_inff()), logit);
        vf32_store(weights->n + i, vf32_select(hidden, vf32_set1(EXPONENT_HIDDEN), n));
        vf32_store(weights->special + i, vf32_select(finite, vf32_zero(), vf32_set1(QUIET_NAN)));
    }
    return true;
}

/* Adds one chain to a row's sums. */
static exact_sum exact_add_chain(exact_sum sum, const key_chain *chain, const weight_chain *weights)
{
    const vf32 floor = vf32_set1(EXPONENT_FLOOR), zero = vf32_zero();
    vf32 top_n = sum.denominator_exponent, top_ng = sum.numerator_exponent;
    for (size_t j = 0; j < chain->count; j++) {
        size_t i = j * VF32_LANES;
        vf32 n = vf32_set1(weights->n[j]), key_n = vf32_load(chain->n + i);
        top_n = vf32_max(top_n, vf32_add(key_n, n));
        top_ng = vf32_max(top_ng, vf32_add(vf32_load(chain->ng + i), n));
        /* A hidden key is not seen, whatever else it holds. */
        vf32 special = vf32_add(vf32_load(chain->special + i), vf32_set1(weights->special[j]));
        vm32 seen = vm32_and(vf32_gt(n, floor), vf32_gt(key_n, floor));
        sum.special = vf32_add(sum.special, vf32_select(seen, special, zero));
    }
    vf32 numerator = zero, denominator = zero;
    for (size_t j = 0; j < chain->count; j++) {
        size_t i = j * VF32_LANES;
        vf32 n = vf32_set1(weights->n[j]), p = vf32_set1(weights->p[j]);
        vf32 shift = vf32_sub(vf32_add(vf32_load(chain->n + i), n), top_n);
        vf32 ng_shift = vf32_sub(vf32_add(vf32_load(chain->ng + i), n), top_ng);
        vf32 a = vf32_mul(p, vf32_pow2_above(shift, LOWEST_OF_STATE));
        vf32 av = vf32_mul(p, vf32_pow2_above(ng_shift, LOWEST_OF_STATE));
        denominator = vf32_fma(a, vf32_load(chain->p + i), denominator);
        numerator = vf32_fma(av, vf32_load(chain->pf + i), numerator);
    }
    sum.denominator = vf32_add(state_rescale(sum.denominator, sum.denominator_exponent, top_n), denominator);
    sum.numerator = vf32_add(state_rescale(sum.numerator, sum.numerator_exponent, top_ng), numerator);
    sum.groups_denominator = state_rescale(sum.groups_denominator, sum.denominator_exponent, top_n);
    sum.groups_numerator = state_rescale(sum.groups_numerator, sum.numerator_exponent, top_ng);
    sum.denominator_exponent = top_n;
    sum.numerator_exponent = top_ng;
    return sum;
}

/* What rows [0, count) of `pending` have in common: the pair and vector of channels they belong to. */
typedef struct exact_rows {
    const aft_row *rows;
    const size_t *pending; /* indices into rows; slot i belongs to pending[i] */
    size_t count;
    const float *record;
} exact_rows;

/* Computes the noted elements again and writes their rows of y. */
static void exact_run(const aft_plan *plan, size_t pair, size_t vector, const exact_rows *work, float *scratch)
{
    key_rows keys = key_rows_of(plan, pair, vector);
    size_t first = SIZE_MAX, end = 0;
    for (size_t i = 0; i < work->count; i++) {
        const aft_row *row = &work->rows[work->pending[i]];
        state none = state_empty();
        exact_store(exact_slot(plan, scratch, i), (exact_sum){none.numerator, none.denominator, none.numerator,
                                                              none.denominator, none.numerator_exponent,
                                                              none.denominator_exponent, none.special});
        first = smaller(first, first_chain(row));
        end = larger(end, end_chain(row));
    }
    for (size_t c = first; c < end; c++) {
        key_chain chain = key_chain_take(plan, &keys, c * AFT_CHAIN_KEYS, scratch);
        for (size_t i = 0; i < work->count; i++) {
            weight_chain weights;
            float *slot = exact_slot(plan, scratch, i);
            exact_sum sum = exact_load(slot);
            if (weight_chain_take(plan, pair, &work->rows[work->pending[i]], c, &weights))
                sum = exact_add_chain(sum, &chain, &weights);
            exact_store(slot, c % AFT_GROUP_CHAINS == AFT_GROUP_CHAINS - 1 ? exact_end_group(sum) : sum);
        }
    }
    const aft_tensor_in *q = &plan->problem.q;
    for (size_t i = 0; i < work->count; i++) {
        const float *slot = exact_slot(plan, scratch, i);
        const aft_row *row = &work->rows[work->pending[i]];
        exact_sum sum = exact_end_group(exact_load(slot));
        state seen = {sum.groups_numerator, sum.groups_denominator, sum.numerator_exponent, sum.denominator_exponent,
                      sum.special};
        if (plan->has_states) {
            const float *prefix = work->record + plan->record.prefix, *suffix = work->record + plan->record.suffix;
            seen = state_merge(state_load(prefix + row->prefix * AFT_STATE_VECTORS * VF32_LANES), seen);
            if (!plan->problem.shape.causal)
                seen = state_merge(seen, state_load(suffix + row->suffix * AFT_STATE_VECTORS * VF32_LANES));
        }
        vf32 gates = load_lanes(input_of(plan, q, pair, vector) + row->index * q->time_stride, keys.lanes);
        vm32 trusted = vf32_gt(vf32_load(slot + VF32_LANES), vf32_zero());
        vf32 y = vf32_select(trusted, vf32_load(slot), finish_state(seen, gates));
        store_lanes(output_of(plan, pair, vector) + row->index * plan->problem.y.time_stride, y, keys.lanes);
    }
}

#endif
