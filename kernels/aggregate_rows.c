/* SPDX-License-Identifier: MIT */
/*
 * A block of query rows of one (batch, head) pair over the key panels.
 *
 * For each group of 1024 keys the weights of the block are packed once; then, for one or two vectors of channels after
 * the other, every four chains of 16 keys meet every tile of rows while their panels lie in L1. Sums go up in levels:
 * four chains make one of level 1 (in the tile), four of those one of level 2, and four of those a group; groups are
 * added in order. The state of the keys outside the window comes last.
 */
#include "kernels/exact.h"
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

static row_block describe_block(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    const aft_shape *shape = &plan->problem.shape;
    row_block block = {.rows = (aft_row *)(void *)(scratch + plan->scratch.rows),
                       .pair = set + task / plan->row_blocks,
                       .first_chain = SIZE_MAX};
    size_t begin = task % plan->row_blocks * AFT_ROW_BLOCK; /* counted from row_skew rows before query row 0 */
    size_t first = larger(begin, plan->row_skew) - plan->row_skew;
    size_t end = smaller(begin + AFT_ROW_BLOCK - plan->row_skew, shape->q_len);
    for (size_t index = first; index < end; index++) {
        aft_row *row = &block.rows[block.count++];
        row_place(plan, block.pair, index, keys_of(plan, block.pair), row);
        row_measure(plan, block.pair, row);
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

/* The records of neighbouring vectors of channels that go through the tile together, plan->record.floats apart. */
typedef struct vector_tile {
    const float *record;
    size_t vectors;
} vector_tile;

/* The exponents of a chain: of its numerators and of its denominators. */
AFT_INLINE const float *exponents_of(const aft_plan *plan, const float *record, size_t chain) {
    return record + plan->record.exponents + chain * 2 * VF32_LANES;
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

static tile_scales scales_between(const aft_plan *plan, vector_tile channels, size_t from, size_t to) {
    tile_scales scales;
    for (size_t v = 0; v < channels.vectors; v++)
        scales.of[v] = scale_between(plan, channels.record + v * plan->record.floats, from, to);
    return scales;
}

/* Moves the sums of a block, which have the exponents of chain `end`, a level up to those that have the exponents of chain
 * `begin`: to = to * scale + from. */
static void fold_sums(const aft_plan *plan, const row_block *block, vector_tile channels, size_t begin, size_t end,
                      const float *restrict from, float *restrict to) {
    tile_scales scales = scales_between(plan, channels, begin, end);
    for (size_t v = 0; v < channels.vectors; v++, from += SUMS_OF_BLOCK, to += SUMS_OF_BLOCK)
        for (size_t i = 0; i < block->count * 2 * VF32_LANES; i += 2 * VF32_LANES) {
            size_t d = i + VF32_LANES;
            vf32_store(to + i, vf32_fma(vf32_load(to + i), scales.of[v].numerator, vf32_load(from + i)));
            vf32_store(to + d, vf32_fma(vf32_load(to + d), scales.of[v].denominator, vf32_load(from + d)));
        }
}

/* The chains [begin, end), which make one sum of level 1, go to `sums`: these begin with it, or have the exponents of
 * chain `basis` and get those of the last one, also where a tile has no keys in it. `ahead` is the panel that comes next.
 */
static void add_level(const aft_plan *plan, const row_block *block, vector_tile channels, size_t begin, size_t end,
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
                tile_clear(rows, channels.vectors, tile_sums);
            else
                tile_carry(rows, channels.vectors, &carried, tile_sums);
            continue;
        }
        tile_scales behind;
        tile_chains chains = {.count = stop - first,
                              .stride = plan->record.floats,
                              .panel = panel_of(plan, channels.record, first),
                              .ahead = ahead,
                              .weights = weights + (first - begin) * WEIGHTS_OF_CHAIN + tile->row * AFT_CHAIN_KEYS,
                              .scales = scales + (first - begin),
                              .carried = begins ? NULL : &carried};
        if (stop < end) {
            behind = scales_between(plan, channels, stop - 1, end - 1);
            chains.behind = &behind;
        }
        tile_run(rows, channels.vectors, &chains, tile_sums);
    }
}

_Static_assert(AFT_LEVELS == 3, "add_chains: chains make level 1 in the tile, level 2 and level 3 here");

/* Sums the chains [first, end), of one group, level by level; `sums` get the exponents of the last one. The first sum of
 * level 2 is made in place, those after it in `spare`. */
static void add_chains(const aft_plan *plan, const row_block *block, vector_tile channels, size_t first, size_t end,
                       const float *weights, float *sums, float *spare) {
    const size_t level_1 = AFT_FAN_IN, level_2 = AFT_FAN_IN * AFT_FAN_IN;
    size_t folded = first; /* the chains up to here are in `sums` */
    if (first == end)
        tile_clear(block->count, channels.vectors, sums);
    for (size_t begin = first, stop; begin < end; begin = stop) {
        stop = smaller(end, round_down(begin, level_1) + level_1);
        const float *after = channels.record + channels.vectors * plan->record.floats;
        const float *ahead = stop < end ? panel_of(plan, channels.record, stop) : panel_of(plan, after, first);
        add_level(plan, block, channels, begin, stop, begin == folded, larger(begin, 1) - 1,
                  weights + (begin - first) * WEIGHTS_OF_CHAIN, ahead, folded == first ? sums : spare);
        if (stop < end && stop % level_2 != 0)
            continue;
        if (folded > first)
            fold_sums(plan, block, channels, folded - 1, stop - 1, spare, sums);
        folded = stop;
    }
}

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

/* Whether row r sees other states than the one before it: most rows of a chain see the same. */
AFT_INLINE bool sees_other_states(const aft_row *rows, size_t r) {
    return r == 0 || rows[r].prefix != rows[r - 1].prefix || rows[r].suffix != rows[r - 1].suffix;
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
    near_gates g;
    for (size_t r = 0; r < block->count && !vm32_any(vm32_not(near)); r++) {
        const aft_row *row = &block->rows[r];
        prefetch_row(f->q + VF32_LANES, plan->problem.q.time_stride, row->index); /* for the next vector */
        near = near_gates_take(&g, r, finish_q(plan, f, row), near);
    }
    bool all_near = !vm32_any(vm32_not(near)), state_near = true;
    vf32 numerator_scale = vf32_pow2(f->key_numerator), denominator_scale = vf32_pow2(f->key_denominator);
    near_state outside = {zero, zero};
    size_t left_count = 0;
    for (size_t r = 0; r < block->count; r++) {
        const aft_row *row = &block->rows[r];
        const float *sums = f->sums + r * 2 * VF32_LANES;
        if (plan->has_states && sees_other_states(block->rows, r))
            state_near = near_state_take(state_outside(plan, f->record, row), &outside);
        bool row_near = row->exponent >= -NEAR_WEIGHT && row->exponent <= NEAR_WEIGHT && row->threshold <= 0.0f;
        if (!all_near || !state_near || !row_near) {
            left[left_count++] = r;
            continue;
        }
        vf32 e = near_gates_open(&g, r), row_scale = vf32_pow2(vf32_set1(row->exponent));
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
    for (size_t i = 0; i < left_count; i++) {
        const aft_row *row = &block->rows[left[i]];
        const float *sums = f->sums + left[i] * 2 * VF32_LANES;
        vf32 row_exponent = vf32_set1(row->exponent);
        row_sum sum = {vf32_load(sums), vf32_load(sums + VF32_LANES), vf32_add(f->key_numerator, row_exponent),
                       vf32_add(f->key_denominator, row_exponent), vf32_eq(row_exponent, row_exponent)};
        if (plan->has_states)
            sum = add_state(sum, state_outside(plan, f->record, row));
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

/* The weights of the chains [first, end) for the rows of a block: packed ahead, or now into `buffer`. */
static const float *block_weights(const aft_plan *plan, const row_block *block, size_t first, size_t end,
                                  float *buffer) {
    if (plan->packed.weights) {
        size_t row = packed_row(plan, block->rows->index);
        return plan->packed.weights + packed_chain(plan, block->pair, row, first) +
               row % AFT_ROW_BLOCK * AFT_CHAIN_KEYS;
    }
    for (size_t r = 0; r < block->count; r++)
        pack_row(plan, &block->rows[r], first, end, buffer + r * AFT_CHAIN_KEYS);
    return buffer;
}

static void aggregate_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    row_block block = describe_block(plan, set, task, scratch);
    float *sums = scratch + plan->scratch.accumulators, *spare = sums + VF32_TILE_VECTORS * SUMS_OF_BLOCK;
    float *groups = scratch + plan->scratch.groups;
    size_t end = block.end_chain;
    bool one_group = end == 0 || block.first_chain / AFT_GROUP_CHAINS == (end - 1) / AFT_GROUP_CHAINS;

    size_t chain = block.first_chain, next;
    do { /* once at least: a block may see states alone */
        next = smaller(end, round_down(chain + AFT_GROUP_CHAINS, AFT_GROUP_CHAINS));
        const float *weights = block_weights(plan, &block, chain, next, scratch + plan->scratch.weights);
        for (size_t vector = 0, vectors; vector < plan->vectors; vector += vectors) {
            vectors = plan->vectors - vector < VF32_TILE_VECTORS ? 1 : VF32_TILE_VECTORS;
            vector_tile channels = {record_of(plan, set, block.pair, vector), vectors};
            float *total = one_group ? sums : groups + vector * SUMS_OF_BLOCK;
            if (chain == block.first_chain) {
                add_chains(plan, &block, channels, chain, next, weights, total, spare);
            } else {
                add_chains(plan, &block, channels, chain, next, weights, sums, spare);
                fold_sums(plan, &block, channels, chain - 1, next - 1, sums, total);
            }
            for (size_t v = 0; v < vectors && next == end; v++)
                finish_rows(plan, &block, vector + v, record_of(plan, set, block.pair, vector + v),
                            total + v * SUMS_OF_BLOCK, scratch);
        }
        chain = next;
    } while (chain < end);
}
