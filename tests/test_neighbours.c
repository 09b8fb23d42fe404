/* SPDX-License-Identifier: MIT */
/* Arrays may lie side by side in any order; one byte, or one float, of an array that is written over another is refused. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { MOST_ARRAYS = 12 };

typedef struct array {
    const char *name;
    size_t bytes;
    size_t step; /* of bytes, by which it can be moved; 0 where it is only read */
    unsigned char *at;
} array;

/* A call, its arrays, and which of them may lie over each other for all that. */
typedef struct scene {
    array arrays[MOST_ARRAYS];
    size_t count;
    aft_status (*call)(const struct scene *s);
    const char *may[2];
    const void *subject;
} scene;

static const array *named(const scene *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->arrays[i].name, name) == 0)
            return &s->arrays[i];
    harness_fail("no array is called %s", name);
}

static void *at(const scene *s, const char *name) { return named(s, name)->at; }
static size_t bytes_of(const scene *s, const char *name) { return named(s, name)->bytes; }

static void add(scene *s, const char *name, size_t bytes, size_t step) {
    assert_true(s->count < MOST_ARRAYS && bytes % sizeof(size_t) == 0);
    s->arrays[s->count++] = (array){name, bytes, step, NULL};
}

static bool may_overlap(const scene *s, const array *a, const array *b) {
    return s->may[0] && ((strcmp(a->name, s->may[0]) == 0 && strcmp(b->name, s->may[1]) == 0) ||
                         (strcmp(b->name, s->may[0]) == 0 && strcmp(a->name, s->may[1]) == 0));
}

static void expect(const scene *s, aft_status want, const array *moved, const array *over) {
    const aft_status said = s->call(s);
    if (said != want)
        harness_fail("%s beside %s: '%s', should be '%s'", moved->name, over->name, aft_status_string(said),
                     aft_status_string(want));
}

/* Moves each array that is written over its neighbours in the list, and back. */
static void move_over_neighbours(scene *s) {
    for (size_t i = 0; i < s->count; i++)
        for (int side = -1; side <= 1; side += 2) {
            array *const moved = &s->arrays[i];
            if (moved->step == 0 || (side < 0 && i == 0) || (side > 0 && i + 1 == s->count))
                continue;
            const array *const over = side < 0 ? moved - 1 : moved + 1;
            unsigned char *const before = moved->at;
            moved->at = side < 0 ? before - moved->step : before + moved->step;
            if (!may_overlap(s, moved, over))
                expect(s, AFT_OVERLAP, moved, over);
            moved->at = before;
        }
}

static void try_scene(scene *s) {
    size_t bytes = 0;
    for (size_t i = 0; i < s->count; i++)
        bytes += s->arrays[i].bytes;
    unsigned char *const block = calloc(1, bytes);
    assert_non_null(block);
    for (size_t round = 0; round < harness_pick(20, 100, 1000); round++) {
        for (size_t i = s->count - 1; i > 0; i--) {
            const size_t other = random_size(0, i);
            const array swapped = s->arrays[i];
            s->arrays[i] = s->arrays[other];
            s->arrays[other] = swapped;
        }
        unsigned char *next = block;
        memset(block, 0, bytes); /* a key length of 0 is one of any shape */
        for (size_t i = 0; i < s->count; i++) {
            s->arrays[i].at = next;
            next += s->arrays[i].bytes;
        }
        expect(s, AFT_OK, &s->arrays[0], &s->arrays[1]);
        memset(block, 0, bytes);
        move_over_neighbours(s);
    }
    free(block);
}

enum { BATCH = 2, HEADS = 3, ROWS = 6, KEYS = 6, CHANNELS = 4, WINDOW = 2, COLUMNS = 2 * WINDOW - 1 };

/* Without addresses, but for the bias's. */
static aft_problem problem_of(const aft_bias *bias) {
    const size_t q_head = ROWS * CHANNELS, kv_head = KEYS * CHANNELS;
    const aft_tensor_in keys = {NULL, HEADS * kv_head, kv_head, CHANNELS};
    return (aft_problem){.shape = {.batch = BATCH, .heads = HEADS, .q_len = ROWS, .kv_len = KEYS, .channels = CHANNELS},
                         .bias = *bias,
                         .q = {NULL, HEADS * q_head, q_head, CHANNELS},
                         .k = keys,
                         .v = keys,
                         .y = {NULL, HEADS * q_head, q_head, CHANNELS}};
}

static aft_status run_problem(const scene *s, aft_problem problem) {
    problem.shape.kv_lengths = at(s, "lengths");
    problem.q.data = at(s, "q");
    problem.k.data = at(s, "k");
    problem.v.data = at(s, "v");
    problem.y.data = at(s, "y");
    return aft_forward(&problem, at(s, "workspace"), bytes_of(s, "workspace"), NULL);
}

static aft_status forward(const scene *s) {
    aft_bias bias = *(const aft_bias *)s->subject;
    bias.data = at(s, "bias");
    return run_problem(s, problem_of(&bias));
}

static aft_status forward_prepared(const scene *s) {
    const aft_shape shape = problem_of(s->subject).shape;
    aft_bias prepared;
    assert_int_equal(aft_prepare(&shape, s->subject, at(s, "bias"), bytes_of(s, "bias"), &prepared), AFT_OK);
    return run_problem(s, problem_of(&prepared));
}

static aft_status prepare(const scene *s) {
    const aft_shape shape = problem_of(s->subject).shape;
    aft_bias bias = *(const aft_bias *)s->subject, prepared;
    bias.data = at(s, "bias");
    return aft_prepare(&shape, &bias, at(s, "memory"), bytes_of(s, "memory"), &prepared);
}

static void add_tensors(scene *s, const aft_bias *bias) {
    aft_problem problem = problem_of(bias);
    size_t bytes;
    static const size_t lengths[BATCH]; /* a problem with lengths packs no bias first */
    problem.shape.kv_lengths = lengths;
    assert_int_equal(aft_workspace_bytes(&problem, NULL, &bytes), AFT_OK);
    add(s, "workspace", bytes, 1);
    add(s, "q", BATCH * HEADS * ROWS * CHANNELS * sizeof(float), 0);
    add(s, "k", BATCH * HEADS * KEYS * CHANNELS * sizeof(float), 0);
    add(s, "v", BATCH * HEADS * KEYS * CHANNELS * sizeof(float), 0);
    add(s, "y", BATCH * HEADS * ROWS * CHANNELS * sizeof(float), sizeof(float));
    add(s, "lengths", sizeof lengths, 0);
}

/* With how many floats each has from its first to its last. */
static const struct {
    aft_bias bias;
    size_t floats;
} biases[] = {
    {{.kind = AFT_BIAS_FULL, .batch_stride = HEADS * ROWS * KEYS, .head_stride = ROWS * KEYS, .row_stride = KEYS},
     BATCH *HEADS *ROWS *KEYS},
    {{.kind = AFT_BIAS_FULL, .row_stride = KEYS}, ROWS *KEYS},
    {{.kind = AFT_BIAS_LOCAL, .head_stride = ROWS * KEYS, .row_stride = KEYS, .window = WINDOW}, HEADS *ROWS *KEYS},
    {{.kind = AFT_BIAS_BAND, .head_stride = ROWS * COLUMNS, .row_stride = COLUMNS, .window = WINDOW},
     HEADS *ROWS *COLUMNS},
    {{.kind = AFT_BIAS_BAND, .row_stride = COLUMNS, .first_row = 2, .window = WINDOW}, (ROWS + 2) * COLUMNS},
};

static void problems(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof biases / sizeof biases[0]; i++) {
        scene s = {.call = forward, .subject = &biases[i].bias};
        add_tensors(&s, &biases[i].bias);
        add(&s, "bias", biases[i].floats * sizeof(float), 0);
        try_scene(&s);
    }
}

static const float zeros[1000];

static void prepared_biases(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof biases / sizeof biases[0]; i++) {
        const aft_shape shape = problem_of(&biases[i].bias).shape;
        aft_bias source = biases[i].bias, prepared;
        source.data = zeros;
        size_t bytes;
        assert_int_equal(aft_prepared_bytes(&shape, &source, &bytes), AFT_OK);
        scene making = {.call = prepare, .subject = &source};
        add(&making, "bias", biases[i].floats * sizeof(float), 0);
        add(&making, "memory", bytes, sizeof(float));
        try_scene(&making);

        void *const memory = malloc(bytes);
        assert_int_equal(aft_prepare(&shape, &source, memory, bytes, &prepared), AFT_OK);
        scene using = {.call = forward_prepared, .subject = &source};
        add_tensors(&using, &prepared);
        add(&using, "bias", bytes, 0);
        try_scene(&using);
        free(memory);
    }
}

enum { DIM = 4, LENGTH = 6, MOST = 8, HIDDEN = HEADS * CHANNELS };

static const char *const maps[4][2] = {
    {"q's weight", "q's bias"}, {"k's weight", "k's bias"}, {"v's weight", "v's bias"}, {"project's", "its bias"}};

/* With the given arrays, or with zeros. */
static aft_layer layer_of(const scene *s) {
    aft_layer layer = {.dim = DIM,
                       .heads = HEADS,
                       .channels = CHANNELS,
                       .max_length = MOST,
                       .bias = {.kind = AFT_BIAS_FULL, .row_stride = MOST, .data = s ? at(s, "w") : zeros}};
    aft_linear *const linear[] = {&layer.to_q, &layer.to_k, &layer.to_v, &layer.project};
    for (size_t i = 0; i < 4; i++) {
        linear[i]->weight = s ? at(s, maps[i][0]) : zeros;
        linear[i]->bias = s ? at(s, maps[i][1]) : zeros;
    }
    return layer;
}

static aft_status prepare_layer(const scene *s) {
    const aft_layer layer = layer_of(s);
    return aft_layer_prepare(&layer, at(s, "memory"), bytes_of(s, "memory"));
}

/* Without addresses. */
static aft_sequences sequences_of(void) {
    return (aft_sequences){.batch = BATCH,
                           .length = LENGTH,
                           .x_batch_stride = LENGTH * DIM,
                           .x_time_stride = DIM,
                           .y_batch_stride = LENGTH * DIM,
                           .y_time_stride = DIM};
}

static aft_status forward_layer(const scene *s) {
    const aft_layer layer = layer_of(NULL);
    assert_int_equal(aft_layer_prepare(&layer, at(s, "layer"), bytes_of(s, "layer")), AFT_OK);
    aft_sequences sequences = sequences_of();
    sequences.x = at(s, "x");
    sequences.y = at(s, "y");
    sequences.lengths = at(s, "lengths");
    return aft_layer_forward(at(s, "layer"), &sequences, at(s, "workspace"), bytes_of(s, "workspace"), NULL);
}

static void layers(const char *isa) {
    (void)isa;
    const aft_layer layer = layer_of(NULL);
    const aft_sequences sequences = sequences_of();
    size_t bytes, workspace_bytes;
    assert_int_equal(aft_layer_bytes(&layer, &bytes), AFT_OK);
    scene making = {.call = prepare_layer};
    add(&making, "memory", bytes, sizeof(float));
    add(&making, "w", MOST * MOST * sizeof(float), 0);
    for (size_t i = 0; i < 4; i++) {
        add(&making, maps[i][0], DIM * HIDDEN * sizeof(float), 0);
        add(&making, maps[i][1], (i < 3 ? HIDDEN : DIM) * sizeof(float), 0);
    }
    try_scene(&making);

    void *const memory = malloc(bytes);
    assert_int_equal(aft_layer_prepare(&layer, memory, bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, NULL, &workspace_bytes), AFT_OK);
    free(memory);
    scene using = {.call = forward_layer, .may = {"x", "y"}};
    add(&using, "layer", bytes, 0);
    add(&using, "workspace", workspace_bytes, 1);
    add(&using, "x", BATCH * LENGTH * DIM * sizeof(float), 0);
    add(&using, "y", BATCH * LENGTH * DIM * sizeof(float), sizeof(float));
    add(&using, "lengths", BATCH * sizeof(size_t), 0);
    try_scene(&using);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(problems), EACH_ISA(prepared_biases), EACH_ISA(layers)};
    return HARNESS_MAIN("neighbours", units);
}
