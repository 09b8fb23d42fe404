/* SPDX-License-Identifier: MIT */
/*
 * A block of query rows of one (batch, head) pair, and a slice of its channels, over the key panels.
 *
 * For each group of 1024 keys the weights of the block are packed once; then, for one or two vectors of channels after
 * the other, every four chains of 16 keys meet every tile of rows while their panels lie in L1. Sums go up in levels:
 * four chains make one of level 1 (in the tile), four of those one of level 2, and four of those a group; groups are
 * added in order. The state of the keys outside the window comes last.
 */
#include "kernels/finish_rows.h"

/* Neighbouring vectors of channels that go through the tile together. */
typedef struct vector_tile {
    const float *record; /* of the first, plan->record.floats before that of the next */
    size_t vectors;
    const float *q, *y;
    size_t rows_asked; /* of q and y */
} vector_tile;

/* Rows of q and y, which finish_rows comes to when all tiles are done, are asked for a few at a time: so many at once
 * would wait for each other. (AFT-full (1024,512) takes 0.96 of the time, AFT-local s = 256 0.97.) */
AFT_INLINE void ask_rows(const aft_plan *plan, const row_block *block, vector_tile *channels) {
    size_t end = smaller(channels->rows_asked + 2, block->count);
    for (; channels->rows_asked < end; channels->rows_asked++)
        for (size_t v = 0; v < channels->vectors; v++) {
            size_t row = block->rows[channels->rows_asked].index;
            prefetch_row(channels->q + v * VF32_LANES, plan->problem.q.time_stride, row);
            prefetch_row(channels->y + v * VF32_LANES, plan->problem.y.time_stride, row);
        }
}

AFT_INLINE const float *panel_of(const aft_plan *plan, const float *record, size_t chain) {
    return record + plan->record.panel + chain * PANEL_OF_CHAIN;
}

/* The factors that carry sums from the exponents of one chain to those of a later one. */
static tile_scale scale_between(const aft_plan *plan, const float *record, size_t from, size_t to) {
    const float *a = exponents_of(plan, record, from), *b = exponents_of(plan, record, to);
    return (tile_scale){vf32_pow2_above(vf32_sub(vf32_load(a), vf32_load(b)), LOWEST_NORMAL),
                        vf32_pow2_above(vf32_sub(vf32_load(a + VF32_LANES), vf32_load(b + VF32_LANES)), LOWEST_NORMAL)};
}

static tile_scales scales_between(const aft_plan *plan, const vector_tile *channels, size_t from, size_t to) {
    tile_scales scales;
    for (size_t v = 0; v < channels->vectors; v++)
        scales.of[v] = scale_between(plan, channels->record + v * plan->record.floats, from, to);
    return scales;
}

/* Moves the sums of a block, which have the exponents of chain `end`, a level up to those that have the exponents of chain
 * `begin`: to = to * scale + from. */
static void fold_sums(const aft_plan *plan, const row_block *block, const vector_tile *channels, size_t begin,
                      size_t end, const float *restrict from, float *restrict to) {
    tile_scales scales = scales_between(plan, channels, begin, end);
    for (size_t v = 0; v < channels->vectors; v++, from += SUMS_OF_BLOCK, to += SUMS_OF_BLOCK)
        for (size_t i = 0; i < block->count * 2 * VF32_LANES; i += 2 * VF32_LANES) {
            size_t d = i + VF32_LANES;
            vf32_store(to + i, vf32_fma(vf32_load(to + i), scales.of[v].numerator, vf32_load(from + i)));
            vf32_store(to + d, vf32_fma(vf32_load(to + d), scales.of[v].denominator, vf32_load(from + d)));
        }
}

/* The chains [begin, end), which make one sum of level 1, go to `sums`: these begin with it, or have the exponents of
 * chain `basis` and get those of the last one, also where a tile has no keys in it. `ahead` is the panel that comes next.
 */
static void add_level(const aft_plan *plan, const row_block *block, vector_tile *channels, size_t begin, size_t end,
                      bool begins, size_t basis, const float *weights, const float *ahead, float *sums) {
    tile_scales scales[AFT_FAN_IN], carried = scales_between(plan, channels, basis, end - 1);
    for (size_t c = begin; c < end; c++)
        scales[c - begin] = scales_between(plan, channels, larger(c, 1) - 1, c);
    for (const row_tile *tile = block->tiles; tile < block->tiles + block->tile_count;
         tile++, ahead += AFT_FAN_IN * AHEAD_OF_CHAIN) {
        size_t rows = tile->row_end - tile->row, first = larger(begin, tile->dense_begin / AFT_CHAIN_KEYS);
        size_t stop = smaller(end, round_up(tile->dense_end, AFT_CHAIN_KEYS) / AFT_CHAIN_KEYS);
        float *tile_sums = sums + tile->row * 2 * VF32_LANES;
        if (first >= stop) {
            if (begins)
                tile_clear(rows, channels->vectors, tile_sums);
            else
                tile_carry(rows, channels->vectors, &carried, tile_sums);
            continue;
        }
        tile_scales behind;
        tile_chains chains = {.count = stop - first,
                              .end_key = smaller(tile->dense_end, stop * AFT_CHAIN_KEYS) - (stop - 1) * AFT_CHAIN_KEYS,
                              .stride = plan->record.floats,
                              .panel = panel_of(plan, channels->record, first),
                              .ahead = ahead,
                              .weights = weights + (first - begin) * WEIGHTS_OF_CHAIN + tile->row * AFT_CHAIN_KEYS,
                              .scales = scales + (first - begin),
                              .carried = begins ? NULL : &carried};
        if (stop < end) {
            behind = scales_between(plan, channels, stop - 1, end - 1);
            chains.behind = &behind;
        }
        ask_rows(plan, block, channels);
        tile_run(rows, channels->vectors, &chains, tile_sums);
    }
}

_Static_assert(AFT_LEVELS == 3, "add_chains: chains make level 1 in the tile, level 2 and level 3 here");

/* Sums the chains [first, end), of one group, level by level; `sums` get the exponents of the last one. The first sum of
 * level 2 is made in place, those after it in `spare`. */
static void add_chains(const aft_plan *plan, const row_block *block, vector_tile *channels, size_t first, size_t end,
                       const float *weights, float *sums, float *spare) {
    const size_t level_1 = AFT_FAN_IN, level_2 = AFT_FAN_IN * AFT_FAN_IN;
    size_t folded = first; /* the chains up to here are in `sums` */
    if (first == end)
        tile_clear(block->count, channels->vectors, sums);
    for (size_t begin = first, stop; begin < end; begin = stop) {
        stop = smaller(end, round_down(begin, level_1) + level_1);
        const float *after = channels->record + channels->vectors * plan->record.floats;
        const float *ahead = stop < end ? panel_of(plan, channels->record, stop) : panel_of(plan, after, first);
        add_level(plan, block, channels, begin, stop, begin == folded, larger(begin, 1) - 1,
                  weights + (begin - first) * WEIGHTS_OF_CHAIN, ahead, folded == first ? sums : spare);
        if (stop < end && stop % level_2 != 0)
            continue;
        if (folded > first)
            fold_sums(plan, block, channels, folded - 1, stop - 1, spare, sums);
        folded = stop;
    }
}

/* The weights of the chains [first, end) for the rows of a block: packed ahead, or now into `buffer`. There a row
 * is measured just before its first chains are packed, so that its biases come from L1 the second time. Of no chain there
 * are none: where a block sees states alone, what is packed may begin behind it. */
static const float *block_weights(const aft_plan *plan, const row_block *block, size_t first, size_t end,
                                  float *buffer) {
    if (plan->packed.weights) {
        size_t row = packed_row(plan, block->rows->index);
        return first == end ? NULL
                            : plan->packed.weights + packed_chain(plan, block->pair, row, first) +
                                  row % AFT_ROW_BLOCK * AFT_CHAIN_KEYS;
    }
    for (size_t r = 0; r < block->count; r++) {
        aft_row *row = &block->rows[r];
        if (first == block->first_chain)
            row_measure(plan, row);
        pack_row(plan, row, first, end, buffer + r * AFT_CHAIN_KEYS);
    }
    return buffer;
}

static void aggregate_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    row_block block = describe_block(plan, set, task / plan->slices, scratch);
    size_t first = task % plan->slices * plan->slice_vectors,
           stop = smaller(first + plan->slice_vectors, plan->vectors);
    float *sums = scratch + plan->scratch.accumulators, *spare = sums + VF32_TILE_VECTORS * SUMS_OF_BLOCK;
    float *groups = scratch + plan->scratch.groups;
    size_t end = block.end_chain;
    bool one_group = end == 0 || block.first_chain / AFT_GROUP_CHAINS == (end - 1) / AFT_GROUP_CHAINS;

    size_t chain = block.first_chain, next;
    do { /* once at least: a block may see states alone */
        next = smaller(end, round_down(chain + AFT_GROUP_CHAINS, AFT_GROUP_CHAINS));
        const float *weights = block_weights(plan, &block, chain, next, scratch + plan->scratch.weights);
        for (size_t vector = first, vectors; vector < stop; vector += vectors) {
            vectors = stop - vector < VF32_TILE_VECTORS ? 1 : VF32_TILE_VECTORS;
            vector_tile channels = {.record = record_of(plan, set, block.pair, vector),
                                    .vectors = vectors,
                                    .q = input_of(plan, &plan->problem.q, block.pair, vector),
                                    .y = output_of(plan, block.pair, vector),
                                    .rows_asked = next < end ? block.count : 0};
            float *total = one_group ? sums : groups + vector * SUMS_OF_BLOCK;
            if (chain == block.first_chain) {
                add_chains(plan, &block, &channels, chain, next, weights, total, spare);
            } else {
                add_chains(plan, &block, &channels, chain, next, weights, sums, spare);
                fold_sums(plan, &block, &channels, chain - 1, next - 1, sums, total);
            }
            for (size_t v = 0; v < vectors && next == end; v++)
                finish_rows(plan, &block, vector + v, record_of(plan, set, block.pair, vector + v),
                            total + v * SUMS_OF_BLOCK, scratch);
        }
        chain = next;
    } while (chain < end);
}
