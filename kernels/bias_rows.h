/* SPDX-License-Identifier: MIT */
/* Query rows and their biases: which keys a row sees as dense, where their biases lie, and the same of packed ones. */
#ifndef AFT_KERNELS_BIAS_ROWS_H
#define AFT_KERNELS_BIAS_ROWS_H

#include "kernels/bias_full.h"
#include "kernels/bias_local.h"

#include <string.h>

/* Packed weights (weights.h) and logits: [chain][row of the block][key of the chain]. */
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

/* Takes them for a row that is in its place. */
AFT_INLINE void row_scales(const aft_plan *plan, size_t pair, aft_row *row) {
    const float *scales = packed_scales(plan, pair, packed_row(plan, row->index));
    row->exponent = scales[0];
    row->threshold = scales[1];
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
AFT_INLINE size_t origin_of_bias(const aft_plan *plan, size_t pair, const aft_row *row) {
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

/* The end of those of them, from the first on, that lie in place. */
AFT_INLINE size_t end_in_place(const aft_row *row) {
    return row->bias_begin == row->dense_begin ? row->bias_end / AFT_CHAIN_KEYS : first_chain(row);
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
    row->bias_origin = origin_of_bias(plan, pair, row);
    if (plan->problem.bias.kind == AFT_BIAS_PREPARED) { /* which holds what every dense key has */
        row->bias_begin = row->dense_begin;
        row->bias_end = row->dense_end;
    }
}

#endif
