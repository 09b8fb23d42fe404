/* SPDX-License-Identifier: MIT */
/*
 * From the sums of a block of rows to their y, for one vector of channels: the state of the keys outside the window is
 * added, each element is trusted or computed again (kernel.h, exact.h), and passes its gate.
 */
#ifndef AFT_KERNELS_FINISH_ROWS_H
#define AFT_KERNELS_FINISH_ROWS_H

#include "kernels/exact.h"
#include "kernels/row_block.h"

/* A numerator and denominator, their exponents, and `trusted` where neither lost anything that matters. */
typedef struct row_sum {
    vf32 numerator, denominator, numerator_exponent, denominator_exponent;
    vm32 trusted;
} row_sum;

/* Adds a state, whose keys have the bias 0. */
AFT_INLINE row_sum add_state(row_sum sum, state s) {
    const vf32 zero = vf32_zero(), lowest = vf32_set1(LOWEST_OF_STATE);
    vf32 top = vf32_max(sum.numerator_exponent, vf32_sub(s.numerator_exponent, vf32_set1(HEADROOM)));
    vf32 d_top = vf32_max(sum.denominator_exponent, s.denominator_exponent);
    vf32 own_shift = vf32_sub(sum.numerator_exponent, top), shift = vf32_sub(s.numerator_exponent, top);
    vm32 kept = vm32_or(vf32_ge(shift, lowest), vf32_eq(s.numerator, zero));
    vm32 own_kept = vm32_or(vf32_ge(own_shift, lowest), vf32_eq(sum.numerator, zero));
    vm32 plain = vf32_eq(s.special, zero);
    sum.trusted = vm32_and(sum.trusted, vm32_and(plain, vm32_and(kept, own_kept)));
    sum.numerator = vf32_scale_above(sum.numerator, own_shift, LOWEST_OF_STATE);
    sum.numerator = vf32_fma(s.numerator, vf32_pow2_above(shift, LOWEST_OF_STATE), sum.numerator);
    sum.denominator = vf32_add(state_rescale(sum.denominator, sum.denominator_exponent, d_top),
                               state_rescale(s.denominator, s.denominator_exponent, d_top));
    sum.numerator_exponent = top;
    sum.denominator_exponent = d_top;
    return sum;
}

/* The sums of a vector of channels, and what turns them into y. */
typedef struct finish {
    const float *record, *sums;
    vf32 key_numerator, key_denominator; /* the exponents of the sums, without those of the rows */
    vf32 key_threshold;
    float keys;
    const float *q;
    float *y;
    size_t lanes;
} finish;

static finish finish_begin(const aft_plan *plan, const row_block *block, size_t vector, const float *record,
                           const float *sums) {
    const float *exponents = exponents_of(plan, record, larger(block->end_chain, 1) - 1);
    return (finish){.record = record,
                    .sums = sums,
                    .key_numerator = vf32_load(exponents),
                    .key_denominator = vf32_load(exponents + VF32_LANES),
                    .key_threshold = vf32_load(record + plan->record.threshold),
                    .keys = (float)keys_of(plan, block->pair),
                    .q = input_of(plan, &plan->problem.q, block->pair, vector),
                    .y = output_of(plan, block->pair, vector),
                    .lanes = lanes_of(plan, vector)};
}

AFT_INLINE vf32 finish_q(const aft_plan *plan, const finish *f, const aft_row *row) {
    return load_lanes(f->q + row->index * plan->problem.q.time_stride, f->lanes);
}

AFT_INLINE void finish_y(const aft_plan *plan, const finish *f, const aft_row *row, vf32 y) {
    store_lanes(f->y + row->index * plan->problem.y.time_stride, y, f->lanes);
}

/* Whether two rows see the same states: most rows of a chain do. */
AFT_INLINE bool see_same_states(const aft_row *a, const aft_row *b) {
    return a->prefix == b->prefix && a->suffix == b->suffix;
}

/*
 * The fast path (near.h): writes the rows in which every element is near, and notes the others in `left`. Sums, weights
 * and states are brought to the exponent 0; their bounds are such that neither path drops anything.
 */
static size_t finish_near(const aft_plan *plan, const row_block *block, const finish *f, size_t *left) {
    const vf32 zero = vf32_zero();
    vm32 near = vm32_and(vf32_ge(vf32_set1(NEAR_LARGEST_NG - HEADROOM), f->key_numerator),
                         vf32_ge(f->key_numerator, vf32_set1(NEAR_LEAST_NG - HEADROOM)));
    near = vm32_and(near, vm32_and(vf32_ge(vf32_set1(NEAR_LARGEST), f->key_denominator),
                                   vf32_ge(f->key_denominator, vf32_set1(NEAR_LEAST))));
    near = vm32_and(near, vf32_eq(f->key_threshold, zero));
    for (size_t r = 0; r < block->count && !vm32_any(vm32_not(near)); r++) {
        const aft_row *row = &block->rows[r];
        near = vm32_and(near, near_gate(finish_q(plan, f, row)));
    }
    bool all_near = !vm32_any(vm32_not(near)), state_near = true;
    vf32 numerator_scale = vf32_pow2(f->key_numerator), denominator_scale = vf32_pow2(f->key_denominator);
    near_state outside = {zero, zero};
    size_t left_count = 0;
    for (size_t r = 0; r < block->count; r++) {
        const aft_row *row = &block->rows[r];
        const float *sums = f->sums + r * 2 * VF32_LANES;
        if (all_near && plan->has_states && (r == 0 || !see_same_states(row - 1, row)))
            state_near = near_state_take(state_outside(plan, f->record, row), &outside);
        bool row_near = row->exponent >= -NEAR_WEIGHT && row->exponent <= NEAR_WEIGHT && row->threshold <= 0.0f;
        if (!all_near || !state_near || !row_near) {
            left[left_count++] = r;
            continue;
        }
        vf32 e = near_gate_open(finish_q(plan, f, row)), row_scale = vf32_pow2(vf32_set1(row->exponent));
        vf32 scale = vf32_mul(denominator_scale, row_scale);
        near_state sum = {vf32_fma(vf32_load(sums), vf32_mul(numerator_scale, row_scale), outside.numerator),
                          vf32_fma(vf32_load(sums + VF32_LANES), scale, outside.denominator)};
        vm32 trusted = vf32_ge(sum.denominator, vf32_mul(scale, vf32_set1(DENOMINATOR_TRUSTED)));
        trusted = vm32_and(trusted, vf32_ge(vf32_abs(sum.numerator), vf32_set1(NEAR_NUMERATOR)));
        if (vm32_any(vm32_not(trusted)))
            left[left_count++] = r;
        else
            finish_y(plan, f, row, near_gate_pass(e, sum));
    }
    return left_count;
}

/* Writes the rows `left`, of any kind. All of their q is read before any of y is written: rows of q and y that are equal
 * modulo a page would wait for each other. */
static void finish_any(const aft_plan *plan, const row_block *block, size_t vector, const finish *f, const size_t *left,
                       size_t left_count, float *scratch) {
    gates g;
    size_t pending[AFT_ROW_BLOCK], pending_count = 0;
    for (size_t i = 0; i < left_count; i++)
        gates_take(&g, i, finish_q(plan, f, &block->rows[left[i]]));
    gates_open(&g, left_count);
    state outside = state_empty();
    for (size_t i = 0; i < left_count; i++) {
        const aft_row *row = &block->rows[left[i]];
        const float *sums = f->sums + left[i] * 2 * VF32_LANES;
        vf32 row_exponent = vf32_set1(row->exponent);
        row_sum sum = {vf32_load(sums), vf32_load(sums + VF32_LANES), vf32_add(f->key_numerator, row_exponent),
                       vf32_add(f->key_denominator, row_exponent), vf32_eq(row_exponent, row_exponent)};
        if (plan->has_states && (i == 0 || !see_same_states(&block->rows[left[i - 1]], row)))
            outside = state_outside(plan, f->record, row);
        if (plan->has_states)
            sum = add_state(sum, outside);
        vf32 threshold = vf32_max(f->key_threshold, vf32_set1(row->threshold * f->keys));
        sum.trusted = vm32_and(sum.trusted, vf32_ge(sum.denominator, vf32_set1(DENOMINATOR_TRUSTED)));
        sum.trusted = vm32_and(sum.trusted, vf32_ge(vf32_abs(sum.numerator), threshold));

        vf32 y = gates_pass(&g, i, sum.numerator, sum.denominator,
                            vf32_sub(sum.numerator_exponent, sum.denominator_exponent));
        if (vm32_any(vm32_not(sum.trusted))) {
            exact_note(exact_slot(plan, scratch, pending_count), y, sum.trusted);
            pending[pending_count++] = left[i];
        } else {
            finish_y(plan, f, row, y);
        }
    }
    exact_rows work = {block->rows, pending, pending_count, block->first_chain, f->record};
    if (pending_count > 0)
        exact_run(plan, block->pair, vector, &work, scratch);
}

/* Writes the rows of y for one vector of channels. */
static void finish_rows(const aft_plan *plan, const row_block *block, size_t vector, const float *record,
                        const float *sums, float *scratch) {
    size_t left[AFT_ROW_BLOCK];
    const finish f = finish_begin(plan, block, vector, record, sums);
    size_t left_count = finish_near(plan, block, &f, left);
    if (left_count > 0)
        finish_any(plan, block, vector, &f, left, left_count, scratch);
}

#endif
