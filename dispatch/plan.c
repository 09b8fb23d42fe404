/* SPDX-License-Identifier: MIT */
#include "dispatch/plan.h"

#include "dispatch/sizes.h"

enum {
    SHARED_VECTORS = 16,  /* of channels of a packing or scanning task, where several workers share these */
    SET_FLOATS = 1 << 22, /* 16 MiB of panels at a time, unless one pair needs more, and of weights for all pairs */
    ENOUGH_TASKS = 16,    /* for many threads to share */
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static bool is_packed(const aft_plan *plan) { return plan->packs_bias || plan->packed.weights; }

/* Row blocks that are few, those of a short sequence, are cut into slices of the channels besides. */
static void plan_slices(aft_plan *plan) {
    size_t blocks = aft_ceil_div(plan->problem.shape.q_len, AFT_ROW_BLOCK);
    size_t wanted =
        plan->pairs < ENOUGH_TASKS ? aft_ceil_div(ENOUGH_TASKS, smaller(blocks, ENOUGH_TASKS) * plan->pairs) : 1;
    size_t vectors = larger(aft_ceil_div(plan->vectors, wanted), AFT_SLICE_VECTORS);
    plan->slice_vectors = aft_ceil_div(vectors, AFT_TILE_VECTORS) * AFT_TILE_VECTORS;
    plan->slices = aft_ceil_div(plan->vectors, plan->slice_vectors);
}

/* A bias that serves several pairs or slices is packed once for all of them, if it is not too large. Not where batches
 * have lengths of their own: packed weights are scaled for kv_len keys, and splitting a batch must not change a bit. */
static void plan_packing(aft_plan *plan) {
    const aft_shape *shape = &plan->problem.shape;
    aft_packed *packed = &plan->packed;
    if (packed->weights)
        return;
    plan->packs_bias = !shape->kv_lengths && aft_packed_describe(shape, &plan->problem.bias, packed) &&
                       (plan->slices > 1 || packed->batches * packed->heads < plan->pairs) &&
                       aft_packed_place(packed, NULL, false) <= SET_FLOATS;
    if (!plan->packs_bias) { /* each task packs the weights of its rows: one for all channels */
        plan->slice_vectors = plan->vectors;
        plan->slices = 1;
    }
}

static void lay_out_record(aft_plan *plan) {
    const aft_shape *shape = &plan->problem.shape;
    aft_key_record *record = &plan->record;
    size_t lanes = plan->lanes, chains = aft_ceil_div(shape->kv_len, AFT_CHAIN_KEYS);
    size_t states = plan->has_states ? chains + 1 : 0;
    record->panel = aft_append(&record->floats, chains, AFT_CHAIN_KEYS * 2 * lanes);
    record->exponents = aft_append(&record->floats, larger(chains, 1), 2 * lanes);
    record->threshold = aft_append(&record->floats, 1, lanes);
    record->prefix = aft_append(&record->floats, states, AFT_STATE_VECTORS * lanes);
    record->suffix = aft_append(&record->floats, shape->causal ? 0 : states, AFT_STATE_VECTORS * lanes);
    plan->pair_floats = aft_times(plan->vectors, record->floats);
}

static void lay_out_aggregation(aft_plan *plan) {
    aft_scratch *scratch = &plan->scratch;
    size_t lanes = plan->lanes;
    size_t block_chains = aft_block_chains(plan->problem.shape.kv_len, plan->window);
    size_t chains = smaller(block_chains, AFT_GROUP_CHAINS);
    size_t sums = AFT_ROW_BLOCK * 2 * lanes, group_vectors = plan->key_groups > 1 ? plan->vectors : 0;
    size_t *floats = &scratch->floats;
    lay_out_record(plan);
    scratch->rows = aft_append(floats, AFT_ROW_BLOCK, sizeof(aft_row) / sizeof(float));
    scratch->weights = aft_append(floats, is_packed(plan) ? 0 : chains, AFT_ROW_BLOCK * AFT_CHAIN_KEYS);
    scratch->accumulators = aft_append(floats, (AFT_LEVELS - 1) * AFT_TILE_VECTORS, sums);
    scratch->groups = aft_append(floats, group_vectors, sums);
    scratch->chain = aft_append(floats, AFT_CHAIN_KEYS, AFT_PART_VECTORS * lanes);
    scratch->exact = aft_append(floats, AFT_ROW_BLOCK, AFT_EXACT_VECTORS * lanes);
    scratch->exact_weights = aft_append(floats, block_chains, AFT_ROW_BLOCK * 2 * AFT_CHAIN_KEYS);
}

static void lay_out_streaming(aft_plan *plan) {
    aft_scratch *scratch = &plan->scratch;
    size_t state = AFT_STATE_VECTORS * plan->lanes;
    plan->pair_floats = aft_times(aft_times(plan->key_groups, plan->vectors), state);
    scratch->chain = aft_append(&scratch->floats, AFT_CHAIN_KEYS, AFT_PART_VECTORS * plan->lanes);
    scratch->groups = aft_append(&scratch->floats, plan->vectors, (AFT_LEVELS + 1) * state);
}

static void lay_out_scan(aft_plan *plan) {
    aft_scratch *scratch = &plan->scratch;
    scratch->chain = aft_append(&scratch->floats, AFT_CHAIN_KEYS, AFT_PART_VECTORS * plan->lanes);
}

static void set_pack_vectors(aft_plan *plan, size_t vectors) {
    plan->pack_vectors = vectors;
    plan->pack_blocks = aft_ceil_div(plan->vectors, vectors);
}

void aft_plan_widen(aft_plan *plan) {
    if (plan->scans)
        set_pack_vectors(plan, AFT_PACK_VECTORS);
}

aft_status aft_plan_make(const aft_problem *problem, const aft_prepared *prepared, const aft_table *table,
                         aft_plan *plan) {
    const aft_shape *shape = &problem->shape;
    *plan =
        (aft_plan){.problem = *problem, .lanes = table->lanes, .vectors = aft_ceil_div(shape->channels, table->lanes)};
    plan->pairs = shape->batch * shape->heads;
    if (plan->pairs == 0 || shape->q_len == 0 || shape->channels == 0)
        return AFT_OK;
    if (shape->kv_len == 0) /* k and v may be NULL, their strides anything: kernels make no pointer of them */
        plan->problem.k = plan->problem.v = (aft_tensor_in){.data = problem->q.data};

    plan->packed = prepared->packed;
    const aft_bias *bias = &prepared->bias;
    bool full = bias->kind == AFT_BIAS_FULL;
    bool windowed = bias->kind == AFT_BIAS_LOCAL || bias->kind == AFT_BIAS_BAND;
    /* No |position - key| is as large as this. */
    size_t whole = shape->q_offset + shape->q_len + shape->kv_len;
    plan->window = windowed ? smaller(bias->window, whole) : 0;
    plan->streams = !full && plan->window == 0 && !shape->causal;
    plan->scans = !full && plan->window == 0 && shape->causal;
    plan->has_states = !full && plan->window > 0;
    plan->key_groups = aft_ceil_div(shape->kv_len, AFT_GROUP_KEYS);

    plan->pairs_per_set = plan->pairs;
    /* Wide tasks read long stretches of rows; where they would be few, narrower ones leave something for each worker. */
    set_pack_vectors(plan, plan->vectors / SHARED_VECTORS >= aft_ceil_div(4, plan->pairs) ? SHARED_VECTORS
                                                                                          : SHARED_VECTORS / 2);
    if (plan->streams) {
        lay_out_streaming(plan);
        /* Each task adds the states of all groups: 2 % of its time, if it has this many rows for a group. */
        plan->task_rows = larger(AFT_STREAM_ROWS, 32 * plan->key_groups);
        plan->row_blocks = aft_ceil_div(shape->q_len, plan->task_rows);
        plan->phases = 2;
    } else if (plan->scans) {
        lay_out_scan(plan);
        plan->phases = 1;
    } else {
        plan_slices(plan);
        plan_packing(plan);
        lay_out_aggregation(plan);
        size_t before = is_packed(plan) ? problem->bias.first_row - plan->packed.first_row : shape->q_offset;
        plan->row_skew = before % AFT_ROW_BLOCK;
        plan->row_blocks = aft_ceil_div(plan->row_skew + shape->q_len, AFT_ROW_BLOCK);
        if (plan->pair_floats > SET_FLOATS / plan->pairs)
            plan->pairs_per_set = plan->pair_floats < SET_FLOATS ? SET_FLOATS / plan->pair_floats : 1;
        plan->phases = plan->packs_bias + 2 * aft_ceil_div(plan->pairs, plan->pairs_per_set);
    }
    size_t packed = plan->packs_bias ? aft_packed_place(&plan->packed, NULL, false) : 0;
    plan->packed_offset = aft_times(plan->pairs_per_set, plan->pair_floats);
    plan->scratch_offset = aft_sum(plan->packed_offset, packed);
    return aft_fits(aft_sum(plan->scratch_offset, plan->scratch.floats)) ? AFT_OK : AFT_SIZE;
}

bool aft_plan_bytes(const aft_plan *plan, size_t width, size_t *bytes) {
    size_t floats = aft_sum(plan->scratch_offset, aft_times(width, plan->scratch.floats));
    floats = plan->phases > 0 ? aft_sum(floats, 2 * AFT_ALIGNMENT_FLOATS) : 0;
    if (!aft_fits(floats))
        return false;
    *bytes = floats * sizeof(float);
    return true;
}

aft_phase aft_plan_phase(const aft_plan *plan, const aft_table *table, size_t phase) {
    if (plan->scans)
        return (aft_phase){table->scan_rows, 0, plan->pairs * plan->pack_blocks};
    if (plan->packs_bias && phase-- == 0) {
        const aft_packed *packed = &plan->packed;
        return (aft_phase){table->pack_bias, 0, packed->batches * packed->heads * packed->blocks};
    }
    size_t set = phase / 2 * plan->pairs_per_set, pairs = smaller(plan->pairs - set, plan->pairs_per_set);
    if (phase % 2 == 0)
        return plan->streams ? (aft_phase){table->stream_keys, set, pairs * plan->key_groups}
                             : (aft_phase){table->pack_keys, set, pairs * plan->pack_blocks};
    if (plan->streams)
        return (aft_phase){table->stream_rows, set, pairs * plan->row_blocks};
    return (aft_phase){table->aggregate_rows, set, pairs * plan->row_blocks * plan->slices};
}
