/* SPDX-License-Identifier: MIT */
/*
 * A block of query rows of one (batch, head) pair over the key panels.
 *
 * For each group of 4096 keys the weights of the block are packed once; then, one vector of channels after the other,
 * each chain of 64 keys meets every tile of rows while its 8 KiB of panel lie in L1. The sums of the chains of a group
 * are added in order, then the groups; states of keys outside the window come before and after. A block never crosses a
 * multiple of 64 positions, so that under a causal mask all its rows end in the same chain, and with the same
 * exponents.
 */
#include "kernels/exact.h"
#include "kernels/tile.h"

typedef struct row_block {
    aft_row *rows;
    size_t count;
    size_t pair;
    size_t last_chain; /* whose exponents the sums end with */
} row_block;

static row_block describe_block(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    const aft_shape *shape = &plan->problem.shape;
    row_block block = {.rows = (aft_row *)(void *)(scratch + plan->scratch.rows),
                       .pair = set + task / plan->row_blocks};
    size_t begin = round_down(shape->q_offset, AFT_ROW_BLOCK) + task % plan->row_blocks * AFT_ROW_BLOCK;
    size_t first = larger(begin, shape->q_offset), end = smaller(begin + AFT_ROW_BLOCK, shape->q_offset + shape->q_len);
    for (size_t position = first; position < end; position++)
        row_describe(plan, block.pair, position - shape->q_offset, &block.rows[block.count++]);
    size_t visible = visible_keys(plan, block.pair, end - 1);
    block.last_chain = shape->causal && visible ? (visible - 1) / AFT_CHAIN_KEYS : 0;
    return block;
}

/* The factors that carry sums from the exponents of one chain to those of a later one. */
static tile_scale scale_between(const aft_plan *plan, const float *record, size_t from, size_t to) {
    if (!plan->problem.shape.causal)
        return (tile_scale){vf32_set1(1.0f), vf32_set1(1.0f)};
    const float *exponents = record + plan->record.exponents;
    const float *a = exponents + from * 2 * VF32_LANES, *b = exponents + to * 2 * VF32_LANES;
    return (tile_scale){vf32_pow2_above(vf32_sub(vf32_load(a), vf32_load(b)), LOWEST_NORMAL),
                        vf32_pow2_above(vf32_sub(vf32_load(a + VF32_LANES), vf32_load(b + VF32_LANES)), LOWEST_NORMAL)};
}

/* Adds the chains [first, end), of one group, to the accumulators of the block. */
static void add_chains(const aft_plan *plan, const row_block *block, const float *record, size_t first, size_t end,
                       const float *weights, float *accumulators) {
    size_t tiles = (block->count + VF32_TILE_ROWS - 1) / VF32_TILE_ROWS;
    for (size_t chain = first; chain < end; chain++, weights += WEIGHTS_OF_CHAIN) {
        tile_scale scale = scale_between(plan, record, chain > 0 ? chain - 1 : 0, chain);
        for (size_t tile = 0; tile < tiles; tile++) {
            size_t row = tile * block->count / tiles, row_end = (tile + 1) * block->count / tiles;
            size_t begin_key = SIZE_MAX, end_key = 0;
            for (size_t r = row; r < row_end; r++) {
                begin_key = smaller(begin_key, block->rows[r].dense_begin);
                end_key = larger(end_key, block->rows[r].dense_end);
            }
            begin_key = larger(begin_key, chain * AFT_CHAIN_KEYS);
            end_key = smaller(end_key, (chain + 1) * AFT_CHAIN_KEYS);
            if (begin_key < end_key)
                tile_run(row_end - row, end_key - begin_key, record + plan->record.panel + begin_key * 2 * VF32_LANES,
                         weights + row * AFT_CHAIN_KEYS + begin_key % AFT_CHAIN_KEYS, scale,
                         accumulators + row * 2 * VF32_LANES);
        }
    }
}

/* Adds the accumulators of a group, whose exponents are those of chain `to`, to the sum over groups. */
static void add_group(size_t rows, tile_scale scale, const float *accumulators, float *groups) {
    for (size_t i = 0; i < rows * 2 * VF32_LANES; i += 2 * VF32_LANES) {
        const float *denominator = accumulators + i + VF32_LANES;
        vf32_store(groups + i, vf32_fma(vf32_load(groups + i), scale.numerator, vf32_load(accumulators + i)));
        vf32_store(groups + i + VF32_LANES,
                   vf32_fma(vf32_load(groups + i + VF32_LANES), scale.denominator, vf32_load(denominator)));
    }
}

/* A numerator and denominator with the row's exponents; `trusted` where neither lost anything that matters. */
typedef struct row_sum {
    vf32 numerator, denominator;
    vm32 trusted;
} row_sum;

/* Adds a state, whose keys have the bias 0, to a sum with exponents `top`. */
AFT_INLINE row_sum add_state(row_sum sum, state s, vf32 top_numerator, vf32 top_denominator) {
    const vf32 zero = vf32_zero(), lowest = vf32_set1(LOWEST_OF_STATE);
    vf32 shift = vf32_sub(s.numerator_exponent, top_numerator);
    vm32 kept = vm32_or(vf32_ge(shift, lowest), vf32_eq(s.numerator, zero));
    sum.trusted = vm32_and(sum.trusted, vm32_and(kept, vf32_eq(s.special, zero)));
    vf32 d_shift = vf32_sub(s.denominator_exponent, top_denominator);
    sum.numerator = vf32_fma(s.numerator, vf32_pow2_above(shift, LOWEST_OF_STATE), sum.numerator);
    sum.denominator = vf32_fma(s.denominator, vf32_pow2_above(d_shift, LOWEST_NORMAL), sum.denominator);
    return sum;
}

/* Writes the rows of y for one vector of channels. */
static void finish_rows(const aft_plan *plan, const row_block *block, size_t vector, const float *record,
                        const float *sums, float *scratch) {
    const aft_tensor_in *q = &plan->problem.q;
    const float *q_rows = input_of(plan, q, block->pair, vector);
    float *y_rows = output_of(plan, block->pair, vector);
    size_t lanes = lanes_of(plan, vector), pending[AFT_ROW_BLOCK], pending_count = 0;
    const float *exponents = record + plan->record.exponents + block->last_chain * 2 * VF32_LANES;
    vf32 key_numerator = vf32_load(exponents), key_denominator = vf32_load(exponents + VF32_LANES);
    vf32 key_threshold = vf32_load(record + plan->record.threshold);
    for (size_t r = 0; r < block->count; r++, sums += 2 * VF32_LANES) {
        const aft_row *row = &block->rows[r];
        vf32 row_exponent = vf32_set1(row->exponent);
        vf32 top_numerator = vf32_add(key_numerator, row_exponent);
        vf32 top_denominator = vf32_add(key_denominator, row_exponent);
        row_sum sum = {vf32_load(sums), vf32_load(sums + VF32_LANES), vf32_eq(row_exponent, row_exponent)};
        if (plan->has_states) {
            const float *prefix = record + plan->record.prefix, *suffix = record + plan->record.suffix;
            sum = add_state(sum, state_load(prefix + row->prefix * AFT_STATE_VECTORS * VF32_LANES), top_numerator,
                            top_denominator);
            if (!plan->problem.shape.causal)
                sum = add_state(sum, state_load(suffix + row->suffix * AFT_STATE_VECTORS * VF32_LANES), top_numerator,
                                top_denominator);
        }
        vf32 threshold = vf32_max(key_threshold, vf32_set1(row->threshold));
        sum.trusted = vm32_and(sum.trusted, vf32_ge(sum.denominator, vf32_set1(DENOMINATOR_TRUSTED)));
        sum.trusted = vm32_and(sum.trusted, vf32_ge(vf32_abs(sum.numerator), threshold));

        vf32 gates = load_lanes(q_rows + row->index * q->time_stride, lanes);
        vf32 y = gate(sum.numerator, sum.denominator, vf32_sub(key_numerator, key_denominator), gates);
        if (vm32_any(vm32_not(sum.trusted))) {
            exact_note(exact_slot(plan, scratch, pending_count), y, sum.trusted);
            pending[pending_count++] = r;
        } else {
            store_lanes(y_rows + row->index * plan->problem.y.time_stride, y, lanes);
        }
    }
    exact_rows work = {block->rows, pending, pending_count, record};
    if (pending_count > 0)
        exact_run(plan, block->pair, vector, &work, scratch);
}

static void aggregate_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    row_block block = describe_block(plan, set, task, scratch);
    float *weights = scratch + plan->scratch.weights, *accumulators = scratch + plan->scratch.accumulators;
    size_t first = SIZE_MAX, end = 0, floats = block.count * 2 * VF32_LANES;
    for (size_t r = 0; r < block.count; r++) {
        if (first_chain(&block.rows[r]) == end_chain(&block.rows[r]))
            continue;
        first = smaller(first, first_chain(&block.rows[r]));
        end = larger(end, end_chain(&block.rows[r]));
    }
    first = smaller(first, end);
    bool one_group = end == 0 || first / AFT_GROUP_CHAINS == (end - 1) / AFT_GROUP_CHAINS;
    float *groups = scratch + plan->scratch.groups;
    if (!one_group)
        memset(groups, 0, plan->vectors * AFT_ROW_BLOCK * 2 * VF32_LANES * sizeof(float));

    size_t chain = first, next;
    do { /* once at least: a block may see states alone */
        next = smaller(end, round_down(chain + AFT_GROUP_CHAINS, AFT_GROUP_CHAINS));
        for (size_t c = chain; c < next; c++)
            for (size_t r = 0; r < block.count; r++)
                weights_of_chain(plan, block.pair, &block.rows[r], c,
                                 weights + (c - chain) * WEIGHTS_OF_CHAIN + r * AFT_CHAIN_KEYS);
        for (size_t vector = 0; vector < plan->vectors; vector++) {
            const float *record = record_of(plan, set, block.pair, vector);
            memset(accumulators, 0, floats * sizeof(float));
            add_chains(plan, &block, record, chain, next, weights, accumulators);
            float *sums = accumulators;
            if (!one_group) {
                sums = groups + vector * AFT_ROW_BLOCK * 2 * VF32_LANES;
                add_group(block.count, scale_between(plan, record, larger(chain, 1) - 1, next - 1), accumulators, sums);
            }
            if (next == end)
                finish_rows(plan, &block, vector, record, sums, scratch);
        }
        chain = next;
    } while (chain < end);
}
