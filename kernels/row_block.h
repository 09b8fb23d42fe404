/* SPDX-License-Identifier: MIT */
/* A block of query rows of one (batch, head) pair, and the tiles that it goes through the micro-kernel in. */
#ifndef AFT_KERNELS_ROW_BLOCK_H
#define AFT_KERNELS_ROW_BLOCK_H

#include "kernels/tile.h"

/* Rows [row, row_end) of a block; [dense_begin, dense_end) holds the dense keys of all of them. */
typedef struct row_tile {
    size_t row, row_end, dense_begin, dense_end;
} row_tile;

typedef struct row_block {
    aft_row *rows;
    size_t count;
    row_tile tiles[MOST_TILES];
    size_t tile_count;
    size_t pair;
    size_t first_chain, end_chain; /* those with keys that are dense for any row; both 0 where there are none */
} row_block;

static row_tile describe_tile(const row_block *block, size_t row, size_t row_end) {
    row_tile described = {.row = row, .row_end = row_end, .dense_begin = SIZE_MAX};
    for (size_t r = described.row; r < described.row_end; r++) {
        described.dense_begin = smaller(described.dense_begin, block->rows[r].dense_begin);
        described.dense_end = larger(described.dense_end, block->rows[r].dense_end);
    }
    return described;
}

static row_block describe_block(const aft_plan *plan, size_t set, size_t number, float *scratch) {
    const aft_shape *shape = &plan->problem.shape;
    row_block block = {.rows = (aft_row *)(void *)(scratch + plan->scratch.rows),
                       .pair = set + number / plan->row_blocks,
                       .first_chain = SIZE_MAX};
    size_t begin = number % plan->row_blocks * AFT_ROW_BLOCK; /* counted from row_skew rows before query row 0 */
    size_t first = larger(begin, plan->row_skew) - plan->row_skew;
    size_t end = smaller(begin + AFT_ROW_BLOCK - plan->row_skew, shape->q_len);
    for (size_t index = first; index < end; index++) {
        aft_row *row = &block.rows[block.count++];
        row_place(plan, block.pair, index, keys_of(plan, block.pair), row);
        if (plan->packed.weights)
            row_scales(plan, block.pair, row);
        if (first_chain(row) == end_chain(row))
            continue;
        block.first_chain = smaller(block.first_chain, first_chain(row));
        block.end_chain = larger(block.end_chain, end_chain(row));
    }
    block.first_chain = smaller(block.first_chain, block.end_chain);
    /* Full tiles first: they have the most FMAs a load. A short rest shares its rows with the tile before it, since a
     * few rows alone do not hide the latency of the FMAs. */
    for (size_t row = 0, rows; row < block.count; row += rows) {
        size_t left = block.count - row;
        rows = smaller(left, VF32_TILE_ROWS);
        if (left > VF32_TILE_ROWS && left < VF32_TILE_ROWS + VF32_TILE_ROWS / 2)
            rows = (left + 1) / 2;
        block.tiles[block.tile_count++] = describe_tile(&block, row, row + rows);
    }
    return block;
}

/* The exponents of a chain: of its numerators and of its denominators. */
AFT_INLINE const float *exponents_of(const aft_plan *plan, const float *record, size_t chain) {
    return record + plan->record.exponents + chain * 2 * VF32_LANES;
}

#endif
