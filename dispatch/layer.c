/* SPDX-License-Identifier: MIT */
/* A forward of a layer: the product with to_q, to_k and to_v, the phases of the aggregation, the product with project. */
#include "dispatch/layer.h"

#include "dispatch/check.h"
#include "dispatch/dispatch.h"
#include "dispatch/forward.h"
#include "dispatch/product.h"
#include "dispatch/sizes.h"

typedef struct layer_plan {
    aft_product in, out;
    aft_problem aggregation; /* of q, k and v in the workspace; its y is q */
    size_t phases;           /* of it */
    size_t floats;           /* of q, k and v */
    float *note;             /* before them, of the lanes; NULL where there are none */
    size_t layer_bytes;
} layer_plan;

/* Everything but the addresses in the workspace. */
static aft_status make_layer_plan(const void *memory, const aft_sequences *sequences, aft_checked checked,
                                  layer_plan *plan) {
    aft_layer_header header;
    aft_layer_layout layout;
    if (!sequences)
        return AFT_NULL;
    aft_status status = aft_layer_open(memory, &header, &layout);
    if (status == AFT_OK && sequences->length > header.max_length)
        status = AFT_SIZE;
    if (status == AFT_OK)
        status = aft_check_sequences(sequences, (size_t)header.dim, memory, (size_t)header.bytes, checked);
    if (status != AFT_OK)
        return status;
    const size_t batches = header.dim > 0 ? sequences->batch : 0; /* without inputs there are no outputs either */
    const size_t hidden_floats = aft_times(aft_times(batches, sequences->length), layout.hidden_columns);
    plan->floats = aft_times(3, hidden_floats);
    if (!aft_fits(plan->floats))
        return AFT_SIZE;

    plan->note = NULL;
    plan->layer_bytes = (size_t)header.bytes;
    const float *floats = memory;
    const size_t time = layout.hidden_columns, batch = sequences->length * time;
    plan->in = (aft_product){.a = sequences->x,
                             .a_batch_stride = sequences->x_batch_stride,
                             .a_stride = sequences->x_time_stride,
                             .matrix = floats + layout.in_matrix,
                             .bias = floats + layout.in_bias,
                             .c_tensor_stride = hidden_floats,
                             .c_batch_stride = batch,
                             .c_stride = time,
                             .batches = batches,
                             .rows = sequences->length,
                             .inner = (size_t)header.dim,
                             .columns = 3 * layout.hidden_columns,
                             .c_columns = layout.hidden_columns};
    plan->out = (aft_product){.a_batch_stride = batch,
                              .a_stride = time,
                              .matrix = floats + layout.out_matrix,
                              .bias = floats + layout.out_bias,
                              .c = sequences->y,
                              .c_batch_stride = sequences->y_batch_stride,
                              .c_stride = sequences->y_time_stride,
                              .batches = batches,
                              .rows = sequences->length,
                              .inner = layout.hidden,
                              .columns = (size_t)header.dim,
                              .c_columns = (size_t)header.dim};
    aft_product_plan(&plan->in);
    aft_product_plan(&plan->out);
    const aft_tensor_in input = {NULL, batch, (size_t)header.channels, time};
    plan->aggregation = (aft_problem){.shape = {.batch = batches,
                                                .heads = (size_t)header.heads,
                                                .q_len = sequences->length,
                                                .kv_len = sequences->length,
                                                .channels = (size_t)header.channels,
                                                .causal = header.causal,
                                                .kv_lengths = sequences->lengths},
                                      .bias = {.kind = header.has_bias ? AFT_BIAS_PREPARED : AFT_BIAS_NONE,
                                               .data = header.has_bias ? floats + layout.bias : NULL},
                                      .q = input,
                                      .k = input,
                                      .v = input,
                                      .y = {NULL, input.batch_stride, input.head_stride, input.time_stride}};
    return aft_phases(&plan->aggregation, &plan->phases);
}

/* *own: of the note, q, k and v, the slack for their alignment included; behind them lies what the aggregation needs. */
static aft_status measure_workspace(const aft_table *table, const layer_plan *plan, const aft_parallel *parallel,
                                    size_t *own, size_t *bytes) {
    size_t inner;
    aft_status status = aft_workspace_bytes_on(table, &plan->aggregation, parallel, &inner);
    if (status != AFT_OK)
        return status;
    const size_t floats = plan->floats > 0 ? aft_sum(plan->floats, 2 * AFT_ALIGNMENT_FLOATS) : 0;
    const size_t all = aft_sum(floats, inner / sizeof(float));
    if (!aft_fits(all))
        return AFT_SIZE;
    *own = floats * sizeof(float);
    *bytes = all * sizeof(float);
    return AFT_OK;
}

/* Enters the workspace into a plan, and answers the part of it that is the aggregation's. */
static aft_status attach(const aft_table *table, layer_plan *plan, const void *memory, const aft_sequences *sequences,
                         void *workspace, size_t bytes, const aft_parallel *parallel, void **rest, size_t *rest_bytes) {
    size_t own, needed;
    aft_status status = measure_workspace(table, plan, parallel, &own, &needed);
    if (status != AFT_OK)
        return status;
    if (needed > 0 && !workspace)
        return AFT_NULL;
    if (bytes < needed)
        return AFT_WORKSPACE;
    status = aft_check_sequences_workspace(sequences, plan->in.inner, memory, plan->layer_bytes, workspace, needed);
    if (status != AFT_OK)
        return status;
    *rest = workspace;
    *rest_bytes = needed - own;
    if (own == 0) {
        plan->out.a = memory; /* no term is read, but their address is computed, and there may be no workspace */
        return AFT_OK;
    }
    plan->note = aft_aligned(workspace);
    float *q = plan->note + AFT_ALIGNMENT_FLOATS;
    plan->in.c = q;
    plan->out.a = q;
    plan->aggregation.q.data = plan->aggregation.y.data = q;
    plan->aggregation.k.data = q + plan->in.c_tensor_stride;
    plan->aggregation.v.data = q + 2 * plan->in.c_tensor_stride;
    *rest = (char *)workspace + own;
    return AFT_OK;
}

aft_status aft_layer_workspace_bytes(const void *layer, const aft_sequences *sequences, const aft_parallel *parallel,
                                     size_t *bytes) {
    layer_plan plan;
    size_t own;
    if (!bytes)
        return AFT_NULL;
    aft_status status = make_layer_plan(layer, sequences, AFT_SIZES, &plan);
    return status == AFT_OK ? measure_workspace(aft_active_table(), &plan, parallel, &own, bytes) : status;
}

aft_status aft_layer_forward(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                             const aft_parallel *parallel) {
    const aft_table *table = aft_active_table();
    const aft_parallel own = parallel ? *parallel : (aft_parallel){0}; /* it may lie in what is written */
    const aft_parallel *pool = parallel ? &own : NULL;
    layer_plan plan;
    void *rest;
    size_t rest_bytes;
    if (pool && !pool->run)
        return AFT_NULL;
    aft_status status = make_layer_plan(layer, sequences, AFT_ADDRESSES, &plan);
    if (status == AFT_OK)
        status = attach(table, &plan, layer, sequences, workspace, bytes, pool, &rest, &rest_bytes);
    if (status == AFT_OK)
        status = aft_product_run(table, &plan.in, pool);
    if (status == AFT_OK)
        status = aft_forward_on(table, &plan.aggregation, rest, rest_bytes, pool);
    if (status == AFT_OK)
        status = aft_product_run(table, &plan.out, pool);
    return status;
}

/* The product of a phase; NULL where the phase is the aggregation's. */
static const aft_product *product_of(const layer_plan *plan, size_t phase) {
    return phase == 0 ? &plan->in : phase == plan->phases + 1 ? &plan->out : NULL;
}

aft_status aft_layer_phases(const void *layer, const aft_sequences *sequences, size_t *phases) {
    layer_plan plan;
    if (!phases)
        return AFT_NULL;
    aft_status status = make_layer_plan(layer, sequences, AFT_SIZES, &plan);
    if (status == AFT_OK)
        *phases = plan.phases + 2;
    return status;
}

aft_status aft_layer_tasks(const void *layer, const aft_sequences *sequences, size_t phase, size_t *tasks) {
    layer_plan plan;
    if (!tasks)
        return AFT_NULL;
    aft_status status = make_layer_plan(layer, sequences, AFT_SIZES, &plan);
    if (status != AFT_OK)
        return status;
    if (phase > plan.phases + 1)
        return AFT_SIZE;
    const aft_product *product = product_of(&plan, phase);
    if (!product)
        return aft_tasks(&plan.aggregation, phase - 1, tasks);
    *tasks = aft_product_tasks(product);
    return AFT_OK;
}

aft_status aft_layer_run(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes, size_t phase,
                         size_t task, size_t worker) {
    layer_plan plan;
    void *rest;
    size_t rest_bytes;
    if (worker == SIZE_MAX)
        return AFT_SIZE;
    const aft_table *table = aft_active_table();
    const aft_parallel width = {.width = worker + 1};
    aft_status status = make_layer_plan(layer, sequences, AFT_ADDRESSES, &plan);
    if (status == AFT_OK && phase > plan.phases + 1)
        status = AFT_SIZE;
    if (status == AFT_OK)
        status = attach(table, &plan, layer, sequences, workspace, bytes, &width, &rest, &rest_bytes);
    if (status != AFT_OK)
        return status;
    const aft_product *product = product_of(&plan, phase);
    if (!product)
        return aft_run_on(table, &plan.aggregation, rest, rest_bytes, phase - 1, task, worker, plan.note);
    if (task >= aft_product_tasks(product))
        return AFT_SIZE;
    if (plan.note && !aft_lanes_as_noted(plan.note, table->lanes, phase == 0))
        return AFT_STALE;
    aft_product_run_task(table, product, task);
    return AFT_OK;
}
