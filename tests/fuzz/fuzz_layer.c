/* SPDX-License-Identifier: MIT */
/* Layers and sequences of which some fields take any value: refused for a reason, or the same bits as their parts one after
 * the other, on every instruction set. */
#include <stdlib.h>

#include "fuzz/arena.h"
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
    if (s.batch > ARENA_LENGTHS) /* a caller has one for each batch */
        s.lengths = NULL;
    return s;
}

static view view_of_x(const aft_sequences *s, size_t dim) {
    return (view){s->x, {s->batch, 1, s->length}, {s->x_batch_stride, 0, s->x_time_stride}, dim};
}

static view view_of_y(const aft_sequences *s, size_t dim) {
    return (view){s->y, {s->batch, 1, s->length}, {s->y_batch_stride, 0, s->y_time_stride}, dim};
}

static reasons why_no_sequences(const aft_layer *layer, const aft_sequences *s, bool addresses) {
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
    const extent lengths = extent_of_bytes(s->lengths, s->lengths ? s->batch * sizeof(size_t) : 0);
    return view_interleaves(&y) || extents_meet(at_y, lengths) ? why | 1u << AFT_OVERLAP : why;
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

static void run_everywhere(const aft_layer *layer, const void *packed, const aft_sequences *s) {
    const aft_parallel width = {.width = WIDTH};
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        size_t bytes, more;
        use_isa(i);
        assert_int_equal(aft_layer_workspace_bytes(packed, s, NULL, &bytes), AFT_OK);
        assert_int_equal(aft_layer_workspace_bytes(packed, s, &width, &more), AFT_OK);
        void *const workspace = more ? malloc(more) : NULL;
        assert_true(workspace || more == 0);
        refuse_workspaces(packed, s, workspace, bytes);
        assert_int_equal(aft_layer_forward(packed, s, workspace, bytes, NULL), AFT_OK);
        if (i == 0)
            judge(layer, s);
        arena_check_outcome("aft_layer_forward");
        run_by_index(packed, s, workspace, more);
        arena_check_outcome("aft_layer_run");
        free(workspace);
    }
}

static void try_sequences(choices *c, const aft_layer *layer, const void *packed) {
    const aft_sequences s = choose_sequences(c, layer);
    const reasons why = why_no_sequences(layer, &s, true);
    const bool huge = is_huge(layer) || s.batch > UINT32_MAX || s.length > UINT32_MAX;
    size_t answer = 12345;
    const aft_status status = aft_layer_workspace_bytes(packed, &s, NULL, &answer);
    expect_reason("aft_layer_workspace_bytes", status, why_no_sequences(layer, &s, false), huge);
    assert_true(status == AFT_OK || answer == 12345);
    expect_reason("aft_layer_phases", aft_layer_phases(packed, &s, &answer), why_no_sequences(layer, &s, false), huge);
    if (why) {
        unsigned char workspace[64];
        expect_reason("aft_layer_forward", aft_layer_forward(packed, &s, workspace, sizeof workspace, NULL), why, huge);
        expect_reason("aft_layer_run", aft_layer_run(packed, &s, workspace, sizeof workspace, 0, 0, 0), why, huge);
        arena_expect_untouched("a call that was refused");
        return;
    }
    const view x = view_of_x(&s, layer->dim), y = view_of_y(&s, layer->dim);
    const long double rows = (long double)s.batch * (long double)s.length;
    const long double units = hidden_of(layer) + (long double)layer->dim + 1;
    if (status == AFT_OK && arena_holds(&x) && arena_holds(&y) && rows * units * units <= most_work)
        run_everywhere(layer, packed, &s);
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
    unsigned char *const packed = malloc(packed_bytes);
    assert_non_null(packed);
    assert_int_equal(aft_layer_prepare(&layer, packed, packed_bytes - 1), AFT_WORKSPACE);
    assert_int_equal(aft_layer_prepare(&layer, packed, packed_bytes), AFT_OK);
    try_sequences(&c, &layer, packed);
    free(packed);
    return 0;
}
