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

#include "kernels/bias_full.h"
#include "kernels/bias_local.h"

#include <string.h>

enum { WEIGHTS_OF_CHAIN = AFT_ROW_BLOCK * AFT_CHAIN_KEYS };

/* Which copy of a packed bias serves a pair. */
AFT_INLINE size_t packed_copy(const aft_plan *plan, size_t pair) {
    const aft_packed *packed = &plan->packed;
    size_t batch = packed->batches > 1 ? batch_of(plan, pair) : 0, head = packed->heads > 1 ? head_of(plan, pair) : 0;
    return batch * packed->heads + head;
}

/* The packed bias row of a query row. */
AFT_INLINE size_t packed_row(const aft_plan *plan, size_t index) {
    return plan->problem.bias.first_row + index - plan->packed.first_row;
}

/* The exponent and the threshold of a packed row. */
AFT_INLINE float *packed_scales(const aft_plan *plan, size_t pair, size_t row) {
    return plan->packed.scales + 2 * (packed_copy(plan, pair) * plan->packed.rows + row);
}

/* Where the packed weights (or logits) of a chain begin, for the whole block that a packed row belongs to. A block begins
 * with the first chain that its first row may see as dense. */
AFT_INLINE size_t packed_chain(const aft_plan *plan, size_t pair, size_t row, size_t chain) {
    const aft_packed *packed = &plan->packed;
    const aft_problem *problem = &plan->problem;
    size_t block = row / AFT_ROW_BLOCK, first = 0;
    if (plan->has_states) {
        size_t position = packed->first_row + block * AFT_ROW_BLOCK + problem->shape.q_offset - problem->bias.first_row;
        first = (position + 1 - smaller(position + 1, plan->window)) / AFT_CHAIN_KEYS;
    }
    return ((packed_copy(plan, pair) * packed->blocks + block) * packed->chains + chain - first) * WEIGHTS_OF_CHAIN;
}

/* Where the bias of key 0 of a row would be, modulo 2^64: band storage begins later. Where it is prepared, among the
 * logits. */
AFT_INLINE size_t bias_origin(const aft_plan *plan, size_t pair, const aft_row *row) {
    const aft_bias *bias = &plan->problem.bias;
    if (bias->kind == AFT_BIAS_PREPARED) {
        size_t packed = packed_row(plan, row->index);
        return packed_chain(plan, pair, packed, 0) + packed % AFT_ROW_BLOCK * AFT_CHAIN_KEYS;
    }
    size_t begin = batch_of(plan, pair) * bias->batch_stride + head_of(plan, pair) * bias->head_stride +
                   (bias->first_row + row->index) * bias->row_stride;
    return bias->kind == AFT_BIAS_BAND ? begin + (bias->window - 1) - row->position : begin;
}

/* The bias of a key in [bias_begin, bias_end) of a row, and of those that follow it in its chain. */
AFT_INLINE const float *bias_at(const aft_plan *plan, const aft_row *row, size_t key) {
    if (plan->problem.bias.kind != AFT_BIAS_PREPARED)
        return (const float *)plan->problem.bias.data + (row->bias_origin + key);
    size_t place = key / AFT_CHAIN_KEYS * WEIGHTS_OF_CHAIN + key % AFT_CHAIN_KEYS;
    return plan->packed.logits + (row->bias_origin + place);
}

/* The biases of one row for the keys of a chain that has dense ones: in place where all of them are stored, else in
 * `buffer`, with 0 for those that are dense but have none and with -inf, which hides a key, for those that are not dense.
 */
AFT_INLINE const float *chain_logits(const aft_plan *plan, const aft_row *row, size_t chain, float *buffer) {
    size_t first = chain * AFT_CHAIN_KEYS, end = first + AFT_CHAIN_KEYS;
    if (row->bias_begin <= first && end <= row->bias_end)
        return bias_at(plan, row, first);
    for (size_t i = 0; i < AFT_CHAIN_KEYS; i++)
        buffer[i] = first + i < row->dense_end ? 0.0f : -__builtin_inff();
    size_t begin = larger(first, row->bias_begin), stop = smaller(end, row->bias_end);
    if (begin < stop)
        memcpy(buffer + (begin - first), bias_at(plan, row, begin), (stop - begin) * sizeof(float));
    return buffer;
}

/* The chains that hold dense keys of a row: [first, end). */
AFT_INLINE size_t first_chain(const aft_row *row) { return row->dense_begin / AFT_CHAIN_KEYS; }
AFT_INLINE size_t end_chain(const aft_row *row) {
    return row->dense_begin < row->dense_end ? (row->dense_end - 1) / AFT_CHAIN_KEYS + 1 : first_chain(row);
}

/* W of a row: the exponent of its largest bias, that of the keys it sees as states (0) included. */
static float row_exponent(const aft_plan *plan, const aft_row *row) {
    const vf32 infinity = vf32_set1(__builtin_inff());
    float buffer[AFT_CHAIN_KEYS];
    vf32 top = vf32_set1(-__builtin_inff());
    vm32 finite = vf32_eq(top, top);
    for (size_t chain = first_chain(row); chain < end_chain(row); chain++) {
        const float *logits = chain_logits(plan, row, chain, buffer);
        prefetch_row(logits, plan->problem.bias.row_stride, 1); /* this is where the bias is touched first */
        for (size_t i = 0; i < AFT_CHAIN_KEYS; i += VF32_LANES) {
            vf32 logit = vf32_load(logits + i);
            top = vf32_max(logit, top);
            finite = vm32_and(finite, vf32_gt(infinity, logit));
        }
    }
    if (vm32_any(vm32_not(finite)))
        return EXPONENT_POISONED;
    bool sees_states = row->dense_begin > 0 || row->dense_end < row->visible;
    float n[VF32_LANES];
    vf32 exponent;
    vf32_exp_reduce(vf32_set1(vf32_reduce_max(top)), &exponent);
    vf32_store(n, exponent);
    return sees_states && n[0] < 0.0f ? 0.0f : n[0];
}

/* How query row `index` of a pair sees the first `keys` keys. */
AFT_INLINE void row_place(const aft_plan *plan, size_t pair, size_t index, size_t keys, aft_row *row) {
    row->index = index;
    row->position = plan->problem.shape.q_offset + index;
    size_t visible = plan->problem.shape.causal ? smaller(row->position + 1, keys) : keys;
    if (plan->has_states)
        local_row(plan, row, visible);
    else
        full_row(row, visible);
    row->prefix = row->dense_begin / AFT_CHAIN_KEYS;
    row->suffix = round_up(larger(row->dense_begin, row->dense_end), AFT_CHAIN_KEYS) / AFT_CHAIN_KEYS;
    row->visible = visible;
    row->weights_taken = false;
    row->bias_origin = bias_origin(plan, pair, row);
    if (plan->problem.bias.kind == AFT_BIAS_PREPARED) { /* which holds what every dense key has */
        row->bias_begin = row->dense_begin;
        row->bias_end = row->dense_end;
    }
}

/* The exponent of a row that is in its place. */
static void row_measure(const aft_plan *plan, size_t pair, aft_row *row) {
    if (plan->packed.weights) {
        const float *scales = packed_scales(plan, pair, packed_row(plan, row->index));
        row->exponent = scales[0];
        row->threshold = scales[1];
    } else {
        row->exponent = row_exponent(plan, row);
        row->threshold = 0.0f;
    }
}

/* The integer n of exp(logit) = p * 2^n, EXPONENT_HIDDEN for -inf, and the reduced argument of p. */
AFT_INLINE vf32 logit_reduce(vf32 logit, vf32 *n) {
    vf32 reduced = vf32_exp_reduce(logit, n);
    *n = vf32_select(vf32_eq(logit, vf32_set1(-__builtin_inff())), vf32_set1(EXPONENT_HIDDEN), *n);
    return reduced;
}

enum { PIECE_CHAINS = 16 };

/* The weights of one row for the chains [first, end), a piece of those that it sees as dense. The exponentials come in a
 * loop of their own, so that a call to the provider finds few registers to save. Returns whether a weight is dropped
 * that might matter. */
static bool pack_piece(const aft_plan *plan, const aft_row *row, size_t first, size_t end, float *weights) {
    float p[PIECE_CHAINS * AFT_CHAIN_KEYS], n[PIECE_CHAINS * AFT_CHAIN_KEYS], buffer[AFT_CHAIN_KEYS];
    size_t count = (end - first) * AFT_CHAIN_KEYS;
    for (size_t i = 0; i < count; i += AFT_CHAIN_KEYS) {
        const float *logits = chain_logits(plan, row, first + i / AFT_CHAIN_KEYS, buffer);
        for (size_t j = 0; j < AFT_CHAIN_KEYS; j += VF32_LANES) {
            vf32 exponent;
            vf32_store(p + i + j, logit_reduce(vf32_load(logits + j), &exponent));
            vf32_store(n + i + j, exponent);
        }
    }
    for (size_t i = 0; i < count; i += VF32_LANES)
        vf32_store(p + i, vf32_exp(vf32_load(p + i)));
    const vf32 top = vf32_set1(row->exponent), lowest = vf32_set1(LOWEST), negligible = vf32_set1(NEGLIGIBLE);
    vm32 dropped = vf32_gt(top, top);
    for (size_t i = 0; i < count; i += AFT_CHAIN_KEYS, weights += WEIGHTS_OF_CHAIN)
        for (size_t j = 0; j < AFT_CHAIN_KEYS; j += VF32_LANES) {
            vf32 shift = vf32_sub(vf32_load(n + i + j), top);
            vf32_store(weights + j, vf32_scale_above(vf32_load(p + i + j), shift, LOWEST));
            dropped = vm32_or(dropped, vm32_and(vf32_gt(lowest, shift), vf32_ge(shift, negligible)));
        }
    return vm32_any(dropped);
}

/* The weights of one row for the chains [first, end), WEIGHTS_OF_CHAIN apart: 0 in those that it does not see as dense.
 * Completes the row's threshold. */
static void pack_row(const aft_plan *plan, aft_row *row, size_t first, size_t end, float *weights) {
    for (size_t chain = first, next; chain < end; chain = next, weights += WEIGHTS_OF_CHAIN) {
        next = chain + 1;
        if (chain < first_chain(row) || chain >= end_chain(row)) {
            memset(weights, 0, AFT_CHAIN_KEYS * sizeof(float));
            continue;
        }
        next = smaller(smaller(end, end_chain(row)), chain + PIECE_CHAINS);
        if (pack_piece(plan, row, chain, next, weights))
            row->threshold = ROW_THRESHOLD;
        weights += (next - chain - 1) * WEIGHTS_OF_CHAIN;
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
