/* SPDX-License-Identifier: MIT */
/* What a layer refuses, before a byte is written; and what of it is empty. */
#include <stdlib.h>
#include <string.h>

#include "dispatch/layer.h"
#include "dispatch/seal.h"
#include "refusal.h"

enum {
    DIM = 6,
    HEADS = 2,
    CHANNELS = 5,
    HIDDEN = HEADS * CHANNELS,
    LENGTH = 11,
    MOST = 20,
    BATCH = 2,
    BYTES = 1 << 20
};

typedef struct victim {
    aft_layer layer;
    aft_sequences sequences;
    float weights[4][DIM * HIDDEN], biases[4][HIDDEN], w[MOST][MOST];
    float x[BATCH * LENGTH * DIM], y[BATCH * LENGTH * DIM];
    size_t lengths[BATCH];
    unsigned char *memory, *workspace;
    size_t memory_bytes, workspace_bytes;
} victim;

static victim *make_victim(void) {
    victim *const v = calloc(1, sizeof *v);
    assert_non_null(v);
    v->memory = calloc(1, BYTES);
    v->workspace = calloc(1, BYTES);
    v->layer = (aft_layer){
        .dim = DIM,
        .heads = HEADS,
        .channels = CHANNELS,
        .max_length = MOST,
        .bias = {.kind = AFT_BIAS_FULL, .data = v->w, .row_stride = MOST},
        .to_q = {v->weights[0], v->biases[0]},
        .to_k = {v->weights[1], v->biases[1]},
        .to_v = {v->weights[2], v->biases[2]},
        .project = {v->weights[3], v->biases[3]},
    };
    v->lengths[0] = v->lengths[1] = LENGTH;
    v->sequences = (aft_sequences){.batch = BATCH,
                                   .length = LENGTH,
                                   .lengths = v->lengths,
                                   .x = v->x,
                                   .x_batch_stride = LENGTH * DIM,
                                   .x_time_stride = DIM,
                                   .y = v->y,
                                   .y_batch_stride = LENGTH * DIM,
                                   .y_time_stride = DIM};
    assert_int_equal(aft_layer_bytes(&v->layer, &v->memory_bytes), AFT_OK);
    assert_in_range(v->memory_bytes, 1, BYTES);
    assert_int_equal(aft_layer_prepare(&v->layer, v->memory, v->memory_bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(v->memory, &v->sequences, NULL, &v->workspace_bytes), AFT_OK);
    assert_in_range(v->workspace_bytes, 1, BYTES);
    memset(v->y, 0x5a, sizeof v->y);
    return v;
}

static void free_victim(victim *v) {
    free(v->memory);
    free(v->workspace);
    free(v);
}

/* What a call is to leave alone while its arguments are spoiled. */
static refusal refusal_of(const char *name, const victim *v, size_t *answer) {
    refusal r = {.misuse = name};
    refusal_keep(&r, "x", v->x, sizeof v->x);
    refusal_keep(&r, "y", v->y, sizeof v->y);
    refusal_keep(&r, "lengths", v->lengths, sizeof v->lengths);
    refusal_keep(&r, "layer", v->memory, v->memory_bytes);
    refusal_keep(&r, "workspace", v->workspace, v->workspace_bytes);
    refusal_keep(&r, "answer", answer, sizeof *answer);
    return r;
}

#define CHANGE(name, ...)                                                                                              \
    static void name(victim *v) { __VA_ARGS__; }

/* Of a layer that is to be prepared. */
CHANGE(no_weight, v->layer.to_k.weight = NULL)
CHANGE(no_projection, v->layer.project.weight = NULL)
CHANGE(no_w, v->layer.bias.data = NULL)
CHANGE(no_layer_memory, v->memory = NULL)
CHANGE(huge_dim, v->layer.dim = SIZE_MAX / 4)
CHANGE(huge_hidden, v->layer.heads = v->layer.channels = SIZE_MAX / 1000)
CHANGE(huge_length, v->layer.max_length = SIZE_MAX / 2)
CHANGE(unknown_kind, v->layer.bias.kind = (aft_bias_kind)77)
CHANGE(prepared_kind, v->layer.bias.kind = AFT_BIAS_PREPARED)
CHANGE(short_layer_memory, v->memory_bytes--)
CHANGE(odd_layer_memory, v->memory += 2)
CHANGE(weight_in_memory, v->layer.to_v.weight = (float *)(void *)v->memory)
CHANGE(biases_in_memory, v->layer.to_q.bias = (float *)(void *)(v->memory + v->memory_bytes - 4))
CHANGE(w_in_memory, v->layer.bias.data = v->memory)

typedef struct misuse {
    const char *name;
    void (*change)(victim *v);
    aft_status expected;
    bool of_run; /* sizes can be asked for all the same */
} misuse;

static const misuse bad_layers[] = {
    {"no weight", no_weight, AFT_NULL, true},
    {"no projection", no_projection, AFT_NULL, true},
    {"no bias", no_w, AFT_NULL, true},
    {"no memory", no_layer_memory, AFT_NULL, true},
    {"huge dim", huge_dim, AFT_SIZE, false},
    {"huge hidden", huge_hidden, AFT_SIZE, false},
    {"huge length", huge_length, AFT_SIZE, false},
    {"unknown kind", unknown_kind, AFT_UNSUPPORTED, false},
    {"prepared kind", prepared_kind, AFT_UNSUPPORTED, false},
    {"memory a byte short", short_layer_memory, AFT_WORKSPACE, true},
    {"memory not aligned", odd_layer_memory, AFT_WORKSPACE, true},
    {"weight in the memory", weight_in_memory, AFT_OVERLAP, true},
    {"biases in the memory", biases_in_memory, AFT_OVERLAP, true},
    {"w in the memory", w_in_memory, AFT_OVERLAP, true},
};

static void layers_are_refused(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof bad_layers / sizeof bad_layers[0]; i++) {
        const misuse *const bad = &bad_layers[i];
        victim *const v = make_victim();
        unsigned char *const memory = v->memory;
        memset(memory, 0xc3, v->memory_bytes);
        size_t bytes = 12345;
        refusal r = refusal_of(bad->name, v, &bytes);
        bad->change(v);
        if (!bad->of_run)
            REFUSED(&r, bad->expected, aft_layer_bytes(&v->layer, &bytes));
        REFUSED(&r, bad->expected, aft_layer_prepare(&v->layer, v->memory, v->memory_bytes));
        refusal_free(&r);
        v->memory = memory;
        free_victim(v);
    }
}

/* One word of the header is another, and the seal is right. */
static void forge(victim *v, size_t word, uint64_t value) {
    aft_layer_header header;
    memcpy(&header, v->memory, sizeof header);
    memcpy((unsigned char *)&header + word * sizeof value, &value, sizeof value);
    header.seal = aft_seal(&header, offsetof(aft_layer_header, seal));
    memcpy(v->memory, &header, sizeof header);
}

/* Of a forward. */
CHANGE(no_x, v->sequences.x = NULL)
CHANGE(no_y, v->sequences.y = NULL)
CHANGE(no_workspace, v->workspace = NULL)
CHANGE(too_long, v->sequences.length = MOST + 1)
CHANGE(too_many_keys, v->lengths[1] = LENGTH + 1)
CHANGE(too_many_first_keys, v->lengths[0] = LENGTH + 1)
CHANGE(too_many_keys_of_no_unit, forge(v, 3, 0); v->lengths[1] = LENGTH + 1)
CHANGE(too_many_first_keys_of_no_unit, forge(v, 3, 0); v->lengths[0] = LENGTH + 1)
CHANGE(huge_lengths, v->sequences = (aft_sequences){
                         .batch = PTRDIFF_MAX / sizeof(float) / sizeof(size_t) + 1, .length = 1, .x = v->x, .y = v->y})
CHANGE(y_of_one_is_layer, v->sequences.batch = 1; v->sequences.y = (float *)(void *)v->memory)
CHANGE(huge_batch, v->sequences.batch = SIZE_MAX)
CHANGE(huge_rows, v->sequences.batch = SIZE_MAX / 128; v->sequences.length = MOST)
CHANGE(workspace_at_the_last_address, v->workspace = (unsigned char *)(UINTPTR_MAX - 63))
CHANGE(workspace_is_lengths, v->workspace = (unsigned char *)v->lengths)
CHANGE(huge_stride, v->sequences.x_time_stride = SIZE_MAX / 4)
CHANGE(rows_interleave, v->sequences.y_time_stride = DIM - 1)
CHANGE(batches_interleave, v->sequences.y_batch_stride = DIM)
CHANGE(no_layer, memset(v->memory, 0, 8))
CHANGE(other_dim, v->memory[8] ^= 64)
CHANGE(other_heads, v->memory[16] ^= 1)
CHANGE(no_bias, memset(v->memory + 48, 0, 8))
CHANGE(magic_forged, forge(v, 0, 1))
CHANGE(heads_forged, forge(v, 2, SIZE_MAX / 2))
CHANGE(odd_layer, v->memory += 1)
CHANGE(short_workspace, v->workspace_bytes--)
CHANGE(workspace_is_x, v->workspace = (unsigned char *)v->x)
CHANGE(workspace_is_y, v->workspace = (unsigned char *)v->y)
CHANGE(workspace_is_layer, v->workspace = v->memory)
CHANGE(y_is_layer, v->sequences.y = (float *)(void *)(v->memory + v->memory_bytes - 4))
CHANGE(y_is_lengths, v->sequences.y = (float *)(void *)v->lengths)

static const misuse bad_forwards[] = {
    {"no x", no_x, AFT_NULL, true},
    {"no y", no_y, AFT_NULL, true},
    {"no layer", no_layer_memory, AFT_NULL, false},
    {"no workspace", no_workspace, AFT_NULL, true},
    {"too long", too_long, AFT_SIZE, false},
    {"too many keys", too_many_keys, AFT_SIZE, false},
    {"too many keys of the first", too_many_first_keys, AFT_SIZE, false},
    {"too many keys, of no hidden unit", too_many_keys_of_no_unit, AFT_SIZE, false},
    {"too many keys of the first, of no hidden unit", too_many_first_keys_of_no_unit, AFT_SIZE, false},
    {"bytes of lengths overflow", huge_lengths, AFT_SIZE, false},
    {"y of one sequence is the layer", y_of_one_is_layer, AFT_OVERLAP, false},
    {"huge batch", huge_batch, AFT_SIZE, false},
    {"huge rows", huge_rows, AFT_SIZE, false},
    {"workspace ends behind the last address", workspace_at_the_last_address, AFT_SIZE, true},
    {"workspace is the lengths", workspace_is_lengths, AFT_OVERLAP, true},
    {"huge stride", huge_stride, AFT_SIZE, false},
    {"rows interleave", rows_interleave, AFT_OVERLAP, false},
    {"batches interleave", batches_interleave, AFT_OVERLAP, false},
    {"foreign memory", no_layer, AFT_STALE, false},
    {"another dim in the header", other_dim, AFT_STALE, false},
    {"other heads in the header", other_heads, AFT_STALE, false},
    {"no bias in the header", no_bias, AFT_STALE, false},
    {"another magic number, and its seal", magic_forged, AFT_STALE, false},
    {"more heads than fit, and their seal", heads_forged, AFT_STALE, false},
    {"memory not aligned", odd_layer, AFT_STALE, false},
    {"workspace a byte short", short_workspace, AFT_WORKSPACE, true},
    {"workspace is x", workspace_is_x, AFT_OVERLAP, true},
    {"workspace is y", workspace_is_y, AFT_OVERLAP, true},
    {"workspace is the layer", workspace_is_layer, AFT_OVERLAP, true},
    {"y is the layer", y_is_layer, AFT_OVERLAP, false},
    {"y is the lengths", y_is_lengths, AFT_OVERLAP, false},
};

static void forwards_are_refused(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof bad_forwards / sizeof bad_forwards[0]; i++) {
        const misuse *const bad = &bad_forwards[i];
        victim *const v = make_victim();
        victim own = *v;
        size_t answer = 12345;
        refusal r = refusal_of(bad->name, v, &answer);
        bad->change(v);
        if (!bad->of_run) {
            REFUSED(&r, bad->expected, aft_layer_workspace_bytes(v->memory, &v->sequences, NULL, &answer));
            REFUSED(&r, bad->expected, aft_layer_phases(v->memory, &v->sequences, &answer));
            REFUSED(&r, bad->expected, aft_layer_tasks(v->memory, &v->sequences, 0, &answer));
        }
        REFUSED(&r, bad->expected, aft_layer_forward(v->memory, &v->sequences, v->workspace, v->workspace_bytes, NULL));
        REFUSED(&r, bad->expected, aft_layer_run(v->memory, &v->sequences, v->workspace, v->workspace_bytes, 0, 0, 0));
        refusal_free(&r);
        v->memory = own.memory;
        v->workspace = own.workspace;
        free_victim(v);
    }
}

static void run_none(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                     void *argument) {
    (void)context, (void)tasks, (void)task, (void)argument;
}

static void null_arguments(const char *isa) {
    (void)isa;
    victim *const v = make_victim();
    const aft_parallel no_pool = {.width = 2}, no_width = {.run = run_none, .width = 0};
    size_t bytes = 12345;
    refusal r = refusal_of("NULL", v, &bytes);
    REFUSED(&r, AFT_NULL, aft_layer_bytes(NULL, &bytes));
    REFUSED(&r, AFT_NULL, aft_layer_bytes(&v->layer, NULL));
    REFUSED(&r, AFT_NULL, aft_layer_prepare(NULL, v->memory, BYTES));
    REFUSED(&r, AFT_NULL, aft_layer_workspace_bytes(v->memory, NULL, NULL, &bytes));
    REFUSED(&r, AFT_NULL, aft_layer_workspace_bytes(v->memory, &v->sequences, NULL, NULL));
    REFUSED(&r, AFT_SIZE, aft_layer_workspace_bytes(v->memory, &v->sequences, &no_width, &bytes));
    REFUSED(&r, AFT_NULL, aft_layer_phases(v->memory, &v->sequences, NULL));
    REFUSED(&r, AFT_NULL, aft_layer_tasks(v->memory, &v->sequences, 0, NULL));
    REFUSED(&r, AFT_NULL, aft_layer_forward(v->memory, NULL, v->workspace, BYTES, NULL));
    REFUSED(&r, AFT_NULL, aft_layer_forward(v->memory, &v->sequences, v->workspace, BYTES, &no_pool));
    REFUSED(&r, AFT_SIZE, aft_layer_forward(v->memory, &v->sequences, v->workspace, BYTES, &no_width));
    REFUSED(&r, AFT_NULL, aft_layer_run(v->memory, NULL, v->workspace, BYTES, 0, 0, 0));
    refusal_free(&r);
    free_victim(v);
}

static void indices_out_of_range(const char *isa) {
    (void)isa;
    victim *const v = make_victim();
    size_t phases, tasks = 12345;
    refusal r = refusal_of("index", v, &tasks);
    assert_int_equal(aft_layer_phases(v->memory, &v->sequences, &phases), AFT_OK);
    REFUSED(&r, AFT_SIZE, aft_layer_tasks(v->memory, &v->sequences, phases, &tasks));
    for (size_t phase = 0; phase <= phases; phase++) {
        tasks = 0;
        if (phase < phases)
            assert_int_equal(aft_layer_tasks(v->memory, &v->sequences, phase, &tasks), AFT_OK);
        REFUSED(&r, AFT_SIZE, aft_layer_run(v->memory, &v->sequences, v->workspace, BYTES, phase, tasks, 0));
    }
    REFUSED(&r, AFT_SIZE, aft_layer_run(v->memory, &v->sequences, v->workspace, BYTES, 0, 0, SIZE_MAX));
    REFUSED(&r, AFT_WORKSPACE, aft_layer_run(v->memory, &v->sequences, v->workspace, v->workspace_bytes, 0, 0, 1));
    refusal_free(&r);
    free_victim(v);
}

/* A pool that, after some runs as they should be, names none but tasks and workers that do not exist. */
static void run_beyond(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                       void *argument) {
    size_t *const good_runs = context;
    if (*good_runs > 0) {
        --*good_runs;
        for (size_t index = 0; index < tasks; index++)
            task(argument, index, 0);
        return;
    }
    task(argument, tasks, 0);
    task(argument, 0, 1);
}

static void tasks_that_do_not_exist(const char *isa) {
    (void)isa;
    victim *const v = make_victim();
    size_t left, good_runs = 0;
    const aft_parallel pool = {run_beyond, &left, 1};
    refusal r = refusal_of("no such task", v, &good_runs);
    left = 0;
    REFUSED(&r, AFT_SIZE, aft_layer_forward(v->memory, &v->sequences, v->workspace, v->workspace_bytes, &pool));
    refusal_free(&r);
    for (;; good_runs++) { /* what runs before the first of the last products leaves y alone */
        left = good_runs;
        const aft_status status = aft_layer_forward(v->memory, &v->sequences, v->workspace, v->workspace_bytes, &pool);
        if (status == AFT_OK)
            break;
        assert_int_equal(status, AFT_SIZE);
        for (size_t i = 0; i < BATCH * LENGTH * DIM; i++)
            assert_int_equal(float_bits(v->y[i]), 0x5a5a5a5a);
    }
    assert_int_equal(good_runs, 4); /* a product, key panels, rows, a product */
    free_victim(v);
}

/* By index, what an instruction set has left is of no use to another one, whichever phase that begins with. */
static void phases_of_two_instruction_sets(const char *isa) {
    victim *const v = make_victim();
    size_t phases, tasks;
    refusal r = refusal_of("another instruction set", v, &tasks);
    refusal_keep(&r, "end of the workspace", v->workspace + v->workspace_bytes, BYTES - v->workspace_bytes);
    assert_int_equal(aft_layer_phases(v->memory, &v->sequences, &phases), AFT_OK);
    for (size_t i = 0; aft_isa_at(i); i++) {
        if (strcmp(aft_isa_at(i), isa) == 0 || aft_use_isa(aft_isa_at(i)) != AFT_OK)
            continue;
        for (size_t phase = 0; phase < phases; phase++) {
            if (phase > 0)
                REFUSED(&r, AFT_STALE, aft_layer_run(v->memory, &v->sequences, v->workspace, BYTES, phase, 0, 0));
            assert_int_equal(aft_use_isa(isa), AFT_OK);
            assert_int_equal(aft_layer_tasks(v->memory, &v->sequences, phase, &tasks), AFT_OK);
            for (size_t task = 0; task < tasks; task++)
                assert_int_equal(aft_layer_run(v->memory, &v->sequences, v->workspace, BYTES, phase, task, 0), AFT_OK);
            assert_int_equal(aft_use_isa(aft_isa_at(i)), AFT_OK);
        }
        assert_int_equal(aft_use_isa(isa), AFT_OK);
    }
    refusal_free(&r);
    free_victim(v);
}

/* The structures of a call may lie in the memory that it writes. */
static void structures_in_what_is_written(const char *isa) {
    (void)isa;
    victim *const v = make_victim();
    unsigned char *const memory = calloc(1, BYTES), *const y = malloc(sizeof v->y);
    assert_true(memory && y);
    const size_t places[] = {0, sizeof(aft_layer_header), v->memory_bytes - 64};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memcpy(memory + places[i], &v->layer, sizeof v->layer);
        assert_int_equal(aft_layer_prepare((aft_layer *)(void *)(memory + places[i]), memory, v->memory_bytes), AFT_OK);
        assert_memory_equal(memory, v->memory, v->memory_bytes);
    }
    assert_int_equal(aft_layer_forward(v->memory, &v->sequences, v->workspace, v->workspace_bytes, NULL), AFT_OK);
    memcpy(y, v->y, sizeof v->y);
    memset(v->y, 0, sizeof v->y);
    aft_parallel *const pool = (aft_parallel *)(void *)(v->workspace + v->workspace_bytes / 4 / 64 * 64);
    size_t all = SIZE_MAX;
    *pool = (aft_parallel){run_beyond, &all, 1};
    assert_int_equal(aft_layer_forward(v->memory, &v->sequences, v->workspace, v->workspace_bytes, pool), AFT_OK);
    assert_memory_equal(v->y, y, sizeof v->y);
    free(y);
    free(memory);
    free_victim(v);
}

static void run_by_index(const victim *v, size_t bytes) {
    size_t phases, tasks;
    assert_int_equal(aft_layer_phases(v->memory, &v->sequences, &phases), AFT_OK);
    for (size_t phase = 0; phase < phases; phase++) {
        assert_int_equal(aft_layer_tasks(v->memory, &v->sequences, phase, &tasks), AFT_OK);
        for (size_t task = 0; task < tasks; task++)
            assert_int_equal(aft_layer_run(v->memory, &v->sequences, v->workspace, bytes, phase, task, 0), AFT_OK);
    }
}

/* Nothing to compute, or nothing but biases. What is empty may be NULL. */
static void empty_layers(const char *isa) {
    (void)isa;
    for (int which = 0; which < 5; which++) {
        victim *const v = make_victim();
        for (size_t o = 0; o < DIM; o++)
            v->biases[3][o] = (float)o - 2.5f;
        size_t *const sizes[] = {&v->layer.channels, &v->layer.heads, &v->layer.dim, &v->sequences.length,
                                 &v->sequences.batch};
        *sizes[which] = 0;
        if (which == 0)
            v->sequences.lengths = NULL;
        if (which >= 2) {
            v->sequences.x = NULL;
            v->sequences.y = NULL;
            v->sequences.y_batch_stride = 4; /* strides over nothing may be any */
            v->sequences.y_time_stride = 3;
        }
        size_t bytes;
        assert_int_equal(aft_layer_bytes(&v->layer, &bytes), AFT_OK);
        assert_int_equal(aft_layer_prepare(&v->layer, v->memory, BYTES), AFT_OK);
        assert_int_equal(aft_layer_workspace_bytes(v->memory, &v->sequences, NULL, &bytes), AFT_OK);
        assert_int_equal(bytes, 0);
        unsigned char *const workspace = v->workspace;
        v->workspace = NULL;
        for (int by_index = 0; by_index < 2; by_index++) {
            memset(v->y, 0x5a, sizeof v->y);
            if (by_index)
                run_by_index(v, bytes);
            else
                assert_int_equal(aft_layer_forward(v->memory, &v->sequences, v->workspace, bytes, NULL), AFT_OK);
            for (size_t i = 0; i < BATCH * LENGTH * DIM; i++) /* the first two have no hidden unit */
                assert_int_equal(float_bits(v->y[i]), which < 2 ? float_bits((float)(i % DIM) - 2.5f) : 0x5a5a5a5a);
        }
        v->workspace = workspace;
        free_victim(v);
    }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(layers_are_refused),
        EACH_ISA(forwards_are_refused),
        EACH_ISA(null_arguments),
        EACH_ISA(indices_out_of_range),
        EACH_ISA(empty_layers),
        EACH_ISA(tasks_that_do_not_exist),
        EACH_ISA(phases_of_two_instruction_sets),
        EACH_ISA(structures_in_what_is_written),
    };
    return HARNESS_MAIN("layer_misuse", units);
}
