/* SPDX-License-Identifier: MIT */
/* Layers and sequences of which some fields take any value, on pools of any kind: refused for a reason, or the same
 * bits as their parts one after the other, on every instruction set. */
#include <stdlib.h>

#include "fuzz/arena.h"
#include "fuzz/strange_pool.h"
#include "harness.h"
#include "layer_reference.h"

enum { MOST_MAPS = 1 << 14, MOST_PACKED = 1 << 18, WIDTH = 2 };
static const long double most_work = 1 << 16; /* products */

static float parameters[MOST_MAPS]; /* all maps and the bias begin somewhere in them */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    arena_make();
    for (size_t i = 0; i < MOST_MAPS; i++)
        parameters[i] = random_float(-1, 1);
    return 0;
}

static const float *choose_parameters(choices *c) { return parameters + choose_size(c, 0, 255); }

static aft_layer choose_layer(choices *c) {
    aft_layer layer = {.dim = choose_size(c, 0, 255) % (choose_flag(c) ? 150 : 20),
                       .heads = choose_size(c, 0, 3),
                       .channels = choose_size(c, 0, 20),
                       .max_length = choose_size(c, 0, 24),
                       .causal = choose_flag(c),
                       .bias = {.kind = (aft_bias_kind)choose_size(c, AFT_BIAS_NONE, AFT_BIAS_BAND),
                                .window = choose_size(c, 0, 9),
                                .data = choose_parameters(c)}};
    layer.bias.row_stride = layer.bias.kind == AFT_BIAS_BAND ? 2 * layer.bias.window : layer.max_length;
    layer.bias.head_stride = choose_flag(c) ? layer.max_length * layer.bias.row_stride : 0;
    aft_linear *const maps[] = {&layer.to_q, &layer.to_k, &layer.to_v, &layer.project};
    for (size_t i = 0; i < 4; i++) {
        maps[i]->weight = choose_parameters(c);
        maps[i]->bias = choose_flag(c) ? choose_parameters(c) : NULL;
    }
    size_t *const sizes[] = {&layer.dim,
                             &layer.heads,
                             &layer.channels,
                             &layer.max_length,
                             &layer.bias.window,
                             &layer.bias.row_stride,
                             &layer.bias.head_stride,
                             &layer.bias.first_row,
                             &layer.bias.batch_stride};
    const size_t spoilt = choose_size(c, 0, 63);
    if (spoilt < 9)
        *sizes[spoilt] = choose_any_size(c, 30);
    else if (spoilt < 13)
        maps[spoilt - 9]->weight = NULL;
    else if (spoilt == 13)
        layer.bias.data = NULL;
    else if (spoilt == 14)
        layer.bias.kind = (aft_bias_kind)choose_size(c, 0, 9);
    return layer;
}

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

static long double hidden_of(const aft_layer *layer) {
    return (long double)layer->heads * (long double)layer->channels;
}

static bool is_huge(const aft_layer *layer) {
    const aft_shape shape = shape_of(layer);
    return shape_is_huge(&shape, &layer->bias) || layer->dim > UINT32_MAX || hidden_of(layer) > 0x1p48L ||
           hidden_of(layer) * (long double)layer->dim > 0x1p48L;
}

static reasons why_no_layer(const aft_layer *layer, bool addresses) {
    const aft_bias bias = bias_of(layer);
    const aft_shape shape = shape_of(layer), read = shape_to_prepare(&shape, &bias);
    reasons why = why_no_bias(&shape, &bias, false) | why_no_bias_array(&read, &bias, addresses);
    const aft_linear *const maps[] = {&layer->to_q, &layer->to_k, &layer->to_v, &layer->project};
    for (size_t i = 0; i < 4 && addresses && hidden_of(layer) > 0 && layer->dim > 0; i++)
        if (!maps[i]->weight)
            why |= 1u << AFT_NULL;
    return why;
}

/* Whether all that a legal layer points to is there to be read. */
static bool parameters_reach(const aft_layer *layer) {
    const aft_bias bias = bias_of(layer);
    const aft_shape shape = shape_of(layer), read = shape_to_prepare(&shape, &bias);
    reasons why = 0;
    const view w = bias.kind == AFT_BIAS_NONE ? (view){0} : view_of_bias(&read, &bias);
    const extent at = extent_of_view(&w, false, &why);
    const long double most = MOST_MAPS - 256, dim = (long double)layer->dim;
    return (at.begin == at.end || at.end <= (long double)(uintptr_t)(parameters + MOST_MAPS)) &&
           hidden_of(layer) * dim <= most && hidden_of(layer) <= most && dim <= most;
}

/* A caller has a length for each batch. */
static void limit_lengths(aft_sequences *s) {
    if (s->batch > ARENA_LENGTHS)
        s->lengths = NULL;
}

static aft_sequences choose_sequences(choices *c, const aft_layer *layer) {
    aft_sequences s = {.batch = choose_size(c, 0, 3), .length = choose_size(c, 0, layer->max_length % 256)};
    size_t used = 0, strides[3];
    const aft_shape shape = {.batch = s.batch, .heads = 1};
    if (choose_flag(c))
        s.lengths = arena_lengths();
    s.x = arena_lay_out(c, &used, &shape, s.length, layer->dim, strides);
    s.x_batch_stride = strides[0];
    s.x_time_stride = strides[2];
    s.y = arena_lay_out(c, &used, &shape, s.length, layer->dim, strides);
    s.y_batch_stride = strides[0];
    s.y_time_stride = strides[2];
    size_t *const sizes[] = {&s.batch,         &s.length,         &s.x_batch_stride,
                             &s.x_time_stride, &s.y_batch_stride, &s.y_time_stride};
    for (size_t left = choose_size(c, 0, 3); left > 0; left--) {
        const size_t which = choose_size(c, 0, 15);
        if (which < 6)
            *sizes[which] = choose_any_size(c, 30);
        else if (which < 9)
            s.x = arena_choose(c, s.y);
        else if (which < 12)
            s.y = (float *)(uintptr_t)arena_choose(c, s.x);
    }
    limit_lengths(&s);
    return s;
}

static view view_of_x(const aft_sequences *s, size_t dim) {
    return (view){s->x, {s->batch, 1, s->length}, {s->x_batch_stride, 0, s->x_time_stride}, dim};
}

static view view_of_y(const aft_sequences *s, size_t dim) {
    return (view){s->y, {s->batch, 1, s->length}, {s->y_batch_stride, 0, s->y_time_stride}, dim};
}

static extent extent_of_lengths(const aft_sequences *s) {
    return extent_of_bytes(s->lengths, s->lengths ? s->batch * sizeof(size_t) : 0);
}

/* A layer in memory, and what it was made of. */
typedef struct packed_layer {
    const aft_layer *layer;
    unsigned char *memory;
    size_t bytes;
} packed_layer;

static extent extent_of_packed(const packed_layer *packed) { return extent_of_bytes(packed->memory, packed->bytes); }

static reasons why_no_sequences(const packed_layer *packed, const aft_sequences *s, bool addresses) {
    const aft_layer *const layer = packed->layer;
    const view x = view_of_x(s, layer->dim), y = view_of_y(s, layer->dim);
    const long double most = (long double)(PTRDIFF_MAX / sizeof(float));
    reasons why = 0;
    if (s->length > layer->max_length || (long double)s->batch * sizeof(size_t) > most ||
        (long double)s->batch * (long double)s->length > most)
        why |= 1u << AFT_SIZE;
    extent_of_view(&x, addresses, &why);
    const extent at_y = extent_of_view(&y, addresses, &why);
    if (s->batch == 0 || s->length == 0 || layer->dim == 0)
        return why;
    for (size_t b = 0; s->lengths && b < s->batch; b++)
        if (s->lengths[b] > s->length)
            why |= 1u << AFT_SIZE;
    const bool clash = view_interleaves(&y) || extents_meet(at_y, extent_of_lengths(s)) ||
                       extents_meet(at_y, extent_of_packed(packed));
    return clash ? why | 1u << AFT_OVERLAP : why;
}

static void judge(const aft_layer *layer, const aft_sequences *s) {
    aft_sequences then = *s;
    then.x = arena_before(then.x);
    float *const want = layer_reference(layer, &then);
    arena_begin_outcome();
    for (size_t r = 0; r < s->batch * s->length; r++)
        for (size_t i = 0; i < layer->dim; i++)
            arena_expect_float(s->y + r / s->length * s->y_batch_stride + r % s->length * s->y_time_stride + i,
                               want[r * layer->dim + i]);
    free(want);
}

static void run_by_index(const void *packed, const aft_sequences *s, void *workspace, size_t bytes) {
    size_t phases, tasks;
    assert_int_equal(aft_layer_phases(packed, s, &phases), AFT_OK);
    for (size_t phase = 0; phase < phases; phase++) {
        assert_int_equal(aft_layer_tasks(packed, s, phase, &tasks), AFT_OK);
        for (size_t task = tasks; task-- > 0;)
            assert_int_equal(aft_layer_run(packed, s, workspace, bytes, phase, task, task % WIDTH), AFT_OK);
        assert_int_equal(aft_layer_run(packed, s, workspace, bytes, phase, tasks, 0), AFT_SIZE);
    }
    assert_int_equal(aft_layer_tasks(packed, s, phases, &tasks), AFT_SIZE);
    assert_int_equal(aft_layer_run(packed, s, workspace, bytes, phases, 0, 0), AFT_SIZE);
}

/* A workspace that is missing or short. */
static void refuse_workspaces(const void *packed, const aft_sequences *s, void *workspace, size_t bytes) {
    if (bytes == 0)
        return;
    assert_int_equal(aft_layer_forward(packed, s, NULL, bytes, NULL), AFT_NULL);
    assert_int_equal(aft_layer_forward(packed, s, workspace, bytes - 1, NULL), AFT_WORKSPACE);
    arena_expect_untouched("aft_layer_forward, with a workspace that will not do,");
}

static void run_everywhere(const packed_layer *packed, const aft_sequences *s) {
    const aft_parallel width = {.width = WIDTH};
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        size_t bytes, more;
        use_isa(i);
        assert_int_equal(aft_layer_workspace_bytes(packed->memory, s, NULL, &bytes), AFT_OK);
        assert_int_equal(aft_layer_workspace_bytes(packed->memory, s, &width, &more), AFT_OK);
        void *const workspace = more ? malloc(more) : NULL;
        assert_true(workspace || more == 0);
        refuse_workspaces(packed->memory, s, workspace, bytes);
        assert_int_equal(aft_layer_forward(packed->memory, s, workspace, bytes, NULL), AFT_OK);
        if (i == 0)
            judge(packed->layer, s);
        arena_check_outcome("aft_layer_forward");
        run_by_index(packed->memory, s, workspace, more);
        arena_check_outcome("aft_layer_run");
        free(workspace);
    }
}

/* A workspace somewhere in the arena, at the lengths or over the packed layer, so that it may be in the way. */
static void try_place(choices *c, const packed_layer *packed, const aft_sequences *s) {
    void *const places[] = {arena_place(choose_size(c, 0, ARENA_FLOATS - 1)), (void *)(uintptr_t)s->lengths,
                            packed->memory + choose_size(c, 0, UINT16_MAX) % packed->bytes};
    void *const place = places[choose_size(c, 0, 2)];
    const view x = view_of_x(s, packed->layer->dim), y = view_of_y(s, packed->layer->dim);
    reasons ignored = 0;
    const extent taken[] = {extent_of_view(&x, true, &ignored), extent_of_view(&y, true, &ignored),
                            extent_of_lengths(s), extent_of_packed(packed)};
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        size_t bytes;
        use_isa(i);
        assert_int_equal(aft_layer_workspace_bytes(packed->memory, s, NULL, &bytes), AFT_OK);
        const reasons why = why_no_workspace(place, bytes, bytes, taken, sizeof taken / sizeof taken[0]);
        if (why)
            expect_reason("aft_layer_forward", aft_layer_forward(packed->memory, s, place, bytes, NULL), why, false);
        arena_expect_untouched("aft_layer_forward, with a workspace in the way,");
    }
}

/* What a forward of a layer takes. */
typedef struct layer_call {
    const void *memory;
    const aft_sequences *sequences;
} layer_call;

static aft_status workspace_bytes(const void *what, const aft_parallel *parallel, size_t *bytes) {
    const layer_call *const call = what;
    return aft_layer_workspace_bytes(call->memory, call->sequences, parallel, bytes);
}

static aft_status forward(const void *what, void *workspace, size_t bytes, const aft_parallel *parallel) {
    const layer_call *const call = what;
    return aft_layer_forward(call->memory, call->sequences, workspace, bytes, parallel);
}

static void try_sequences(choices *c, const packed_layer *packed, const aft_sequences *s) {
    const aft_layer *const layer = packed->layer;
    const reasons why = why_no_sequences(packed, s, true), sizes = why_no_sequences(packed, s, false);
    const bool huge = is_huge(layer) || s->batch > UINT32_MAX || s->length > UINT32_MAX;
    size_t answer = 12345;
    const aft_status status = aft_layer_workspace_bytes(packed->memory, s, NULL, &answer);
    expect_reason("aft_layer_workspace_bytes", status, sizes, huge);
    assert_true(status == AFT_OK || answer == 12345);
    expect_reason("aft_layer_phases", aft_layer_phases(packed->memory, s, &answer), sizes, huge);
    if (why) {
        unsigned char workspace[64];
        expect_reason("aft_layer_forward", aft_layer_forward(packed->memory, s, workspace, sizeof workspace, NULL), why,
                      huge);
        expect_reason("aft_layer_run", aft_layer_run(packed->memory, s, workspace, sizeof workspace, 0, 0, 0), why,
                      huge);
        arena_expect_untouched("a call that was refused");
        return;
    }
    const view x = view_of_x(s, layer->dim), y = view_of_y(s, layer->dim);
    const long double rows = (long double)s->batch * (long double)s->length;
    const long double units = hidden_of(layer) + (long double)layer->dim + 1;
    if (status != AFT_OK || !arena_holds(&x) || !arena_holds(&y) || rows * units * units > most_work)
        return;
    run_everywhere(packed, s);
    try_place(c, packed, s);
    const layer_call call = {packed->memory, s};
    try_strange_pool(c, &(pooled_forward){&call, workspace_bytes, forward, true});
}

/* y over the packed layer, or the lengths somewhere else. */
static void spoil_further(choices *c, const packed_layer *packed, aft_sequences *s) {
    if (choose_flag(c)) {
        s->lengths = arena_move_lengths(c);
        limit_lengths(s);
    } else
        s->y = (float *)(void *)packed->memory + choose_size(c, 0, UINT16_MAX) % (packed->bytes / sizeof(float));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    choices c = {bytes, bytes + count};
    arena_fill(&c, 24);
    const aft_layer layer = choose_layer(&c);
    const reasons why = why_no_layer(&layer, true);
    size_t packed_bytes = 12345;
    const aft_status status = aft_layer_bytes(&layer, &packed_bytes);
    expect_reason("aft_layer_bytes", status, why_no_layer(&layer, false), is_huge(&layer));
    if (why || status != AFT_OK) {
        expect_reason("aft_layer_prepare", aft_layer_prepare(&layer, arena_place(0), SIZE_MAX), why, is_huge(&layer));
        arena_expect_untouched("aft_layer_prepare");
        return 0;
    }
    if (packed_bytes > MOST_PACKED || !parameters_reach(&layer))
        return 0;
    const packed_layer packed = {&layer, malloc(packed_bytes), packed_bytes};
    unsigned char *const copy = malloc(packed_bytes);
    assert_true(packed.memory && copy);
    assert_int_equal(aft_layer_prepare(&layer, packed.memory, packed_bytes - 1), AFT_WORKSPACE);
    assert_int_equal(aft_layer_prepare(&layer, packed.memory, packed_bytes), AFT_OK);
    memcpy(copy, packed.memory, packed_bytes);
    aft_sequences s = choose_sequences(&c, &layer);
    try_sequences(&c, &packed, &s);
    if (choose_flag(&c)) {
        spoil_further(&c, &packed, &s);
        try_sequences(&c, &packed, &s);
    }
    assert_memory_equal(packed.memory, copy, packed_bytes);
    free(copy);
    free(packed.memory);
    return 0;
}
