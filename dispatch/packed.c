/* SPDX-License-Identifier: MIT */
#include "dispatch/packed.h"

#include "dispatch/sizes.h"

size_t aft_block_chains(size_t keys, size_t window) {
    size_t all = aft_ceil_div(keys, AFT_CHAIN_KEYS);
    if (window == 0 || window >= keys)
        return all;
    /* The windows of all rows, wherever they begin and end in a chain. */
    size_t seen = aft_ceil_div(AFT_ROW_BLOCK + 2 * window, AFT_CHAIN_KEYS) + 1;
    return seen < all ? seen : all;
}

bool aft_packed_describe(const aft_shape *shape, const aft_bias *bias, aft_packed *packed) {
    *packed = (aft_packed){
        .batches = bias->batch_stride ? shape->batch : 1,
        .heads = bias->head_stride ? shape->heads : 1,
        .first_row = bias->first_row,
        .rows = shape->q_len,
        .blocks = aft_ceil_div(shape->q_len, AFT_ROW_BLOCK),
        .chains = aft_block_chains(shape->kv_len, bias->kind == AFT_BIAS_FULL ? 0 : bias->window),
    };
    size_t copies = aft_times(packed->batches, packed->heads), floats = 0;
    aft_append(&floats, aft_times(copies, packed->rows), 2);
    aft_append(&floats, aft_times(aft_times(copies, packed->blocks), packed->chains),
               2 * (size_t)AFT_ROW_BLOCK * AFT_CHAIN_KEYS);
    return aft_fits(floats);
}

size_t aft_packed_place(aft_packed *packed, float *floats, bool logits) {
    size_t copies = packed->batches * packed->heads;
    size_t scales = aft_ceil_div(copies * packed->rows * 2, AFT_ALIGNMENT_FLOATS) * AFT_ALIGNMENT_FLOATS;
    size_t weights = copies * packed->blocks * packed->chains * AFT_ROW_BLOCK * AFT_CHAIN_KEYS;
    if (floats) {
        packed->scales = floats;
        packed->weights = floats + scales;
        packed->logits = logits ? packed->weights + weights : NULL;
    }
    return scales + (logits ? 2 : 1) * weights;
}
