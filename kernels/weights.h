/* SPDX-License-Identifier: MIT */
/*
 * Weight panels: a[t,j] = p * 2^(n - W[t]) for a block of rows and the chains of one group of keys.
 *
 *     weights[chain][row of the block][key of the chain]
 *
 * A row of a chain is contiguous, filled with lanes along the keys; the tile reads single floats from it at a constant
 * row distance. 0 where a key is hidden, or not dense for the row.
 */
#ifndef AFT_KERNELS_WEIGHTS_H
#define AFT_KERNELS_WEIGHTS_H

#include "kernels/bias_rows.h"

/* The least and the largest of some biases, and whether none is NaN. */
typedef struct bias_range {
    vf32 least, top;
    vm32 numbers;
} bias_range;

AFT_INLINE bias_range range_with(bias_range r, vf32 logit) {
    return (bias_range){vf32_min(logit, r.least), vf32_max(logit, r.top), vm32_and(r.numbers, vf32_eq(logit, logit))};
}

/* Several ranges under way hide each other's latency. */
AFT_INLINE bias_range range_of(bias_range r, const float *logits, size_t count) {
    enum { PARTS = 4, STEP = PARTS * VF32_LANES };
    bias_range part[PARTS] = {r, r, r, r};
    size_t i = 0;
    for (; i < round_down(count, STEP); i += STEP)
        for (size_t j = 0; j < PARTS; j++)
            part[j] = range_with(part[j], vf32_load(logits + i + j * VF32_LANES));
    for (; i < count; i += VF32_LANES)
        part[0] = range_with(part[0], vf32_load(logits + i));
    for (size_t j = 0; j < PARTS; j++) {
        r.least = vf32_min(r.least, part[j].least);
        r.top = vf32_max(r.top, part[j].top);
        r.numbers = vm32_and(r.numbers, part[j].numbers);
    }
    return r;
}

static bias_range range_of_chains(const aft_plan *plan, const aft_row *row, bias_range r, size_t first, size_t end) {
    float buffer[AFT_CHAIN_KEYS];
    for (size_t chain = first; chain < end; chain++) {
        const float *logits = chain_logits(plan, row, chain, buffer);
        for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES)
            r = range_with(r, vf32_load(logits + i));
    }
    return r;
}

AFT_INLINE bool range_within(bias_range r, float least, float top) {
    vm32 within = vm32_and(vf32_ge(r.least, vf32_set1(least)), vf32_ge(vf32_set1(top), r.top));
    return !vm32_any(vm32_not(vm32_and(r.numbers, within)));
}

/* W of a row that is in its place: the exponent of its largest bias, that of the keys it sees as states (0) included. And
 * whether the biases that lie in place are near. */
static void row_measure(const aft_plan *plan, aft_row *row) {
    const float infinity = __builtin_inff();
    size_t first = first_chain(row), end = end_in_place(row);
    bias_range r = {vf32_set1(infinity), vf32_set1(-infinity), vf32_eq(vf32_zero(), vf32_zero())};
    if (first < end)
        r = range_of(r, bias_at(plan, row, first * AFT_CHAIN_KEYS), (end - first) * AFT_CHAIN_KEYS);
    bool near = range_within(r, NEAR_LEAST_LOGIT, NEAR_LARGEST_LOGIT);
    r = range_of_chains(plan, row, r, end, end_chain(row));
    bool sees_states = row->dense_begin > 0 || row->dense_end < row->visible;
    float n[VF32_LANES];
    vf32 exponent;
    vf32_exp_reduce(vf32_set1(vf32_reduce_max(r.top)), &exponent);
    vf32_store(n, exponent);
    row->exponent = sees_states && n[0] < 0.0f ? 0.0f : n[0];
    if (!range_within(r, -infinity, LARGEST_FLOAT))
        row->exponent = EXPONENT_POISONED;
    row->near = near && row->exponent <= NEAR_LARGEST;
    row->threshold = 0.0f;
}

/* The integer n of exp(logit) = p * 2^n, EXPONENT_HIDDEN for -inf, and the reduced argument of p. */
AFT_INLINE vf32 logit_reduce(vf32 logit, vf32 *n) {
    vf32 reduced = vf32_exp_reduce(logit, n);
    *n = vf32_select(vf32_eq(logit, vf32_set1(-__builtin_inff())), vf32_set1(EXPONENT_HIDDEN), *n);
    return reduced;
}

/* The weights of the chains [first, end), a part of those that a row sees as dense, while the rows that follow are asked
 * for. All in one loop: to keep p and n of many chains in buffers, with the exponentials in a loop of their own, takes a
 * quarter more time than to save what is needed across each call. Returns whether one is dropped that might matter. */
static bool weigh_chains(const aft_plan *plan, const aft_row *row, size_t first, size_t end, float *weights) {
    float buffer[AFT_CHAIN_KEYS];
    vm32 dropped = vf32_gt(vf32_zero(), vf32_zero());
    for (size_t chain = first; chain < end; chain++, weights += WEIGHTS_OF_CHAIN) {
        const float *logits = chain_logits(plan, row, chain, buffer);
        size_t key = larger(chain * AFT_CHAIN_KEYS, row->bias_begin);
        if (key < row->bias_end)
            prefetch_row(bias_at(plan, row, key), plan->problem.bias.row_stride, 2);
        for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES) {
            vf32 n, p = vf32_exp(logit_reduce(vf32_load(logits + i), &n));
            vf32 shift = vf32_sub(n, vf32_set1(row->exponent));
            vf32_store(weights + i, vf32_scale_above(p, shift, LOWEST));
            vm32 low = vf32_gt(vf32_set1(LOWEST), shift), matters = vf32_ge(shift, vf32_set1(NEGLIGIBLE));
            dropped = vm32_or(dropped, vm32_and(low, matters));
        }
    }
    return vm32_any(dropped);
}

/* The same where all of them lie in place and are near: none is hidden, or dropped beside another. */
static void weigh_near_chains(const aft_plan *plan, const aft_row *row, size_t first, size_t end, float *weights) {
    const vf32 scale = vf32_pow2(vf32_set1(-row->exponent));
    for (size_t chain = first; chain < end; chain++, weights += WEIGHTS_OF_CHAIN) {
        const float *logits = bias_at(plan, row, chain * AFT_CHAIN_KEYS);
        prefetch_row(logits, plan->problem.bias.row_stride, 2);
        for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES)
            vf32_store(weights + i, vf32_mul(vf32_exp_near(vf32_load(logits + i)), scale));
    }
}

/* The weights of one row for the chains [first, end), WEIGHTS_OF_CHAIN apart: 0 in those that it does not see as dense.
 * Completes the row's threshold. */
static void pack_row(const aft_plan *plan, aft_row *row, size_t first, size_t end, float *weights) {
    size_t near_end = row->near ? end_in_place(row) : 0;
    for (size_t chain = first, next; chain < end; weights += (next - chain) * WEIGHTS_OF_CHAIN, chain = next) {
        if (chain < first_chain(row) || chain >= end_chain(row)) {
            next = chain + 1;
            memset(weights, 0, AFT_CHAIN_KEYS * sizeof(float));
        } else if (chain < near_end) {
            next = smaller(end, near_end);
            weigh_near_chains(plan, row, chain, next, weights);
        } else {
            next = smaller(end, end_chain(row));
            if (weigh_chains(plan, row, chain, next, weights))
                row->threshold = ROW_THRESHOLD;
        }
    }
}

/* The biases of a row for one chain that it sees as dense, taken apart as keys are (key.h): exp(w) = p * 2^n. */
typedef struct weight_chain {
    float p[AFT_CHAIN_KEYS], n[AFT_CHAIN_KEYS];
} weight_chain;

static void weight_chain_take(const aft_plan *plan, const aft_row *row, size_t chain, weight_chain *taken) {
    float buffer[AFT_CHAIN_KEYS];
    const float *logits = chain_logits(plan, row, chain, buffer);
    for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES) {
        vf32 n;
        vf32_store(taken->p + i, vf32_exp(logit_reduce(vf32_load(logits + i), &n)));
        vf32_store(taken->n + i, n);
    }
}

#endif
