/* SPDX-License-Identifier: MIT */
/*
 * Packs the weights of a block of bias rows ahead of the rows that use them. They hold for all kv_len keys; a row that
 * sees fewer reads fewer. The logits, where they are kept, are what exact.h needs in place of the bias.
 */
#include "kernels/weights.h"

static void keep_logits(const aft_plan *plan, const aft_row *row, float *logits) {
    float buffer[AFT_CHAIN_KEYS];
    for (size_t chain = first_chain(row); chain < end_chain(row); chain++, logits += WEIGHTS_OF_CHAIN)
        memcpy(logits, chain_logits(plan, row, chain, buffer), sizeof buffer);
}

static void pack_bias_row(const aft_plan *plan, size_t pair, size_t packed_row, aft_row *row) {
    const aft_packed *packed = &plan->packed;
    row_measure(plan, row);
    if (first_chain(row) < end_chain(row)) { /* else its block may begin behind it */
        size_t place =
            packed_chain(plan, pair, packed_row, first_chain(row)) + packed_row % AFT_ROW_BLOCK * AFT_CHAIN_KEYS;
        pack_row(plan, row, first_chain(row), end_chain(row), packed->weights + place);
        if (packed->logits)
            keep_logits(plan, row, packed->logits + place);
    }
    float *scales = packed_scales(plan, pair, packed_row);
    scales[0] = row->exponent;
    scales[1] = row->threshold;
}

static void pack_bias(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    (void)set, (void)scratch;
    const aft_packed *packed = &plan->packed;
    size_t copy = task / packed->blocks, first = task % packed->blocks * AFT_ROW_BLOCK;
    size_t pair = copy / packed->heads * plan->problem.shape.heads + copy % packed->heads;
    size_t floats = packed->chains * WEIGHTS_OF_CHAIN;
    memset(packed->weights + task * floats, 0, floats * sizeof(float));
    if (packed->logits)
        memset(packed->logits + task * floats, 0, floats * sizeof(float));
    for (size_t i = first; i < smaller(first + AFT_ROW_BLOCK, packed->rows); i++) {
        aft_row row;
        row_place(plan, pair, i, plan->problem.shape.kv_len, &row);
        pack_bias_row(plan, pair, i, &row);
    }
}
