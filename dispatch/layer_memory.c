/* SPDX-License-Identifier: MIT */
/* Layers packed into the caller's memory: a header, the packed weights of the linear maps, and the prepared bias. */
#include "dispatch/check.h"
#include "dispatch/layer.h"
#include "dispatch/seal.h"
#include "dispatch/sizes.h"

#include <string.h>

#define LAYER_MAGIC UINT64_C(0x31307279614c7461) /* "atLayr01": another layout gets another number */

static size_t panel_columns(size_t columns) {
    return aft_times(aft_ceil_div(columns, AFT_PANEL_COLUMNS), AFT_PANEL_COLUMNS);
}

bool aft_layer_lay_out(size_t dim, size_t heads, size_t channels, aft_layer_layout *layout) {
    const size_t hidden = aft_times(heads, channels);
    *layout = (aft_layer_layout){
        .hidden = hidden, .hidden_columns = panel_columns(hidden), .dim_columns = panel_columns(dim)};
    const size_t in_columns = aft_times(3, layout->hidden_columns);
    aft_append(&layout->floats, 1, sizeof(aft_layer_header) / sizeof(float));
    layout->in_matrix = aft_append(&layout->floats, in_columns, dim);
    layout->in_bias = aft_append(&layout->floats, in_columns, 1);
    layout->out_matrix = aft_append(&layout->floats, layout->dim_columns, hidden);
    layout->out_bias = aft_append(&layout->floats, layout->dim_columns, 1);
    layout->bias = layout->floats;
    return aft_fits(layout->floats);
}

/* What aft_prepare is asked for: the bias of all positions, shared by the batches. */
static aft_shape shape_of(const aft_layer *layer) {
    return (aft_shape){.batch = 1,
                       .heads = layer->heads,
                       .q_len = layer->max_length,
                       .kv_len = layer->max_length,
                       .channels = layer->channels,
                       .causal = layer->causal};
}

static aft_bias bias_of(const aft_layer *layer) {
    aft_bias bias = layer->bias;
    bias.batch_stride = bias.first_row = 0;
    return bias;
}

static aft_status measure_layer(const aft_layer *layer, aft_layer_layout *layout, size_t *bias_bytes, size_t *bytes) {
    const aft_shape shape = shape_of(layer);
    const aft_bias bias = bias_of(layer);
    if (!aft_layer_lay_out(layer->dim, layer->heads, layer->channels, layout))
        return AFT_SIZE;
    aft_status status = aft_prepared_bytes(&shape, &bias, bias_bytes);
    if (status != AFT_OK)
        return status;
    const size_t floats = aft_sum(layout->floats, aft_ceil_div(*bias_bytes, sizeof(float)));
    if (!aft_fits(floats))
        return AFT_SIZE;
    *bytes = floats * sizeof(float);
    return AFT_OK;
}

aft_status aft_layer_bytes(const aft_layer *layer, size_t *bytes) {
    aft_layer_layout layout;
    size_t bias_bytes;
    return layer && bytes ? measure_layer(layer, &layout, &bias_bytes, bytes) : AFT_NULL;
}

/* One linear map into columns [column, column + whole) of a packed matrix; those that it lacks are 0. */
static void pack_linear(const aft_linear *linear, size_t inner, size_t columns, size_t whole, size_t column,
                        float *matrix, float *bias) {
    for (size_t c = 0; c < whole; c++) {
        size_t place = column + c;
        float *panel = matrix + place / AFT_PANEL_COLUMNS * AFT_PANEL_COLUMNS * inner + place % AFT_PANEL_COLUMNS;
        for (size_t i = 0; i < inner; i++)
            panel[i * AFT_PANEL_COLUMNS] = c < columns ? linear->weight[c * inner + i] : 0.0f;
        bias[place] = c < columns && linear->bias ? linear->bias[c] : 0.0f;
    }
}

static aft_status check_memory(const aft_layer *layer, const aft_layer_layout *layout, const void *memory,
                               size_t bytes) {
    const struct {
        const aft_linear *linear;
        size_t out, inner;
    } maps[] = {{&layer->to_q, layout->hidden, layer->dim},
                {&layer->to_k, layout->hidden, layer->dim},
                {&layer->to_v, layout->hidden, layer->dim},
                {&layer->project, layer->dim, layout->hidden}};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        size_t count = maps[i].out * maps[i].inner; /* fits: the packed matrix does */
        if (count > 0 && !maps[i].linear->weight)
            return AFT_NULL;
        if (aft_arrays_overlap(memory, bytes, maps[i].linear->weight, count * sizeof(float)) ||
            (maps[i].linear->bias &&
             aft_arrays_overlap(memory, bytes, maps[i].linear->bias, maps[i].out * sizeof(float))))
            return AFT_OVERLAP;
    }
    return AFT_OK;
}

static aft_status pack_layer(const aft_layer *layer, void *memory, size_t bytes) {
    aft_layer_layout layout;
    size_t bias_bytes = 0, needed = 0;
    aft_status status = measure_layer(layer, &layout, &bias_bytes, &needed);
    if (status == AFT_OK && (bytes < needed || (uintptr_t)memory % _Alignof(float) != 0))
        status = AFT_WORKSPACE;
    const aft_shape shape = shape_of(layer);
    const aft_bias bias = bias_of(layer);
    if (status == AFT_OK)
        status = check_memory(layer, &layout, memory, needed);
    if (status == AFT_OK)
        status = aft_check_bias_memory(&shape, &bias, memory, needed);
    if (status != AFT_OK)
        return status;

    float *floats = memory;
    aft_bias prepared;
    /* The header goes first and comes last, so that nobody takes half a layer for one. */
    memset(memory, 0, sizeof(aft_layer_header));
    aft_prepare(&shape, &bias, floats + layout.bias, bias_bytes, &prepared); /* checked above: it is not refused */
    const aft_linear *const in[] = {&layer->to_q, &layer->to_k, &layer->to_v};
    for (size_t i = 0; i < 3; i++)
        pack_linear(in[i], layer->dim, layout.hidden, layout.hidden_columns, i * layout.hidden_columns,
                    floats + layout.in_matrix, floats + layout.in_bias);
    pack_linear(&layer->project, layout.hidden, layer->dim, layout.dim_columns, 0, floats + layout.out_matrix,
                floats + layout.out_bias);
    aft_layer_header header = {.magic = LAYER_MAGIC,
                               .dim = layer->dim,
                               .heads = layer->heads,
                               .channels = layer->channels,
                               .max_length = layer->max_length,
                               .causal = layer->causal,
                               .has_bias = bias_bytes > 0,
                               .bytes = needed};
    header.seal = aft_seal(&header, offsetof(aft_layer_header, seal));
    memcpy(memory, &header, sizeof header);
    return AFT_OK;
}

aft_status aft_layer_prepare(const aft_layer *layer, void *memory, size_t bytes) {
    if (!layer || !memory)
        return AFT_NULL;
    const aft_layer own = *layer; /* it may lie in the memory */
    return pack_layer(&own, memory, bytes);
}

aft_status aft_layer_open(const void *memory, aft_layer_header *header, aft_layer_layout *layout) {
    if (!memory)
        return AFT_NULL;
    if ((uintptr_t)memory % _Alignof(float) != 0)
        return AFT_STALE;
    memcpy(header, memory, sizeof *header);
    if (header->magic != LAYER_MAGIC || header->seal != aft_seal(header, offsetof(aft_layer_header, seal)) ||
        !aft_layer_lay_out((size_t)header->dim, (size_t)header->heads, (size_t)header->channels, layout))
        return AFT_STALE;
    return AFT_OK;
}
