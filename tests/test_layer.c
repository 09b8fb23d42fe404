/* SPDX-License-Identifier: MIT */
/* A layer is its parts, to the last bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_mode.h"
#include "guarded.h"
#include "harness.h"
#include "layer_reference.h"
#include "pool.h"

enum { MOST_PARAMETERS = 8 };

static const float canary = 9; /* in y */

typedef struct spec {
    size_t dim, heads, channels, max_length, batch, length;
    aft_bias_kind kind;
    size_t window;
    bool causal, lengths, no_biases, in_place, specials, overflows, underflows;
    const struct place *place; /* of every array; NULL: anywhere */
} spec;

/* The unmapped page lies before an array or after it, with so many floats between them (of the workspace: bytes, as of
 * guarded_workspace); rows of x, y and the bias are this much longer than what is in them. */
typedef struct place {
    bool at_start;
    size_t slack, gap;
} place;

typedef struct subject {
    spec s;
    aft_layer layer;
    aft_sequences sequences;
    guarded parameters[MOST_PARAMETERS], w, x, y, memory;
    size_t lengths[4];
} subject;

static bool at_start(const spec *s) { return s->place ? s->place->at_start : random_chance(0.5); }

static size_t slack_bytes(const spec *s) { return s->place ? s->place->slack * sizeof(float) : 0; }

static guarded filled(const spec *s, size_t count, float low, float high) {
    guarded memory = guarded_make(count * sizeof(float), at_start(s), slack_bytes(s));
    for (size_t i = 0; i < count; i++)
        ((float *)memory.bytes)[i] = random_float(low, high);
    return memory;
}

/* Of rows with gaps between them. */
static size_t extent(size_t batch, size_t rows, size_t stride, size_t gap) {
    return batch * rows > 0 ? batch * rows * stride - gap : 0;
}

static const float *floats_of(const guarded *memory) { return (const float *)memory->bytes; }

static subject make_subject(const spec *s) {
    subject m = {.s = *s};
    const size_t hidden = s->heads * s->channels, gap = s->place ? s->place->gap : 0;
    aft_linear *const maps[] = {&m.layer.to_q, &m.layer.to_k, &m.layer.to_v, &m.layer.project};
    for (size_t i = 0; i < 4; i++) {
        const size_t out = i < 3 ? hidden : s->dim, in = i < 3 ? s->dim : hidden;
        const float largest = s->overflows && i == 2 ? 3e38f : s->underflows && i < 3 ? 1e-20f : 0.3f;
        m.parameters[2 * i] = filled(s, out * in, -largest, largest);
        m.parameters[2 * i + 1] = filled(s, out, -1, 1);
        guarded_read_only(&m.parameters[2 * i]);
        *maps[i] =
            (aft_linear){floats_of(&m.parameters[2 * i]), s->no_biases ? NULL : floats_of(&m.parameters[2 * i + 1])};
    }
    const size_t columns = s->kind == AFT_BIAS_BAND ? 2 * s->window - 1 : s->max_length;
    const size_t row = columns + gap;
    m.w = filled(s, s->kind == AFT_BIAS_NONE ? 0 : extent(1, s->max_length, row, gap), -2, 2);
    m.layer.dim = s->dim;
    m.layer.heads = s->heads;
    m.layer.channels = s->channels;
    m.layer.max_length = s->max_length;
    m.layer.causal = s->causal;
    m.layer.bias = (aft_bias){.kind = s->kind, .data = m.w.bytes, .row_stride = row, .window = s->window};
    const size_t stride = s->dim + gap, count = extent(s->batch, s->length, stride, gap);
    const float largest_x = s->underflows ? 1e-20f : 2;
    m.x = filled(s, count, -largest_x, largest_x);
    for (size_t i = 0; s->specials && i < count; i += 97)
        ((float *)m.x.bytes)[i] = i % 2 ? nanf("") : i % 4 ? -INFINITY : INFINITY;
    m.y = filled(s, count, canary, canary);
    for (size_t b = 0; b < s->batch; b++)
        m.lengths[b] = b == 0 ? s->length : random_size(0, s->length);
    float *const y = (float *)(s->in_place ? m.x.bytes : m.y.bytes);
    m.sequences = (aft_sequences){.batch = s->batch,
                                  .length = s->length,
                                  .x = floats_of(&m.x),
                                  .x_batch_stride = s->length * stride,
                                  .x_time_stride = stride,
                                  .y = y,
                                  .y_batch_stride = s->length * stride,
                                  .y_time_stride = stride};
    size_t bytes;
    assert_int_equal(aft_layer_bytes(&m.layer, &bytes), AFT_OK);
    m.memory = guarded_make(bytes, s->place && s->place->at_start, slack_bytes(s));
    assert_int_equal(aft_layer_prepare(&m.layer, m.memory.bytes, bytes), AFT_OK);
    guarded_read_only(&m.memory);
    return m;
}

static void free_subject(subject *m) {
    for (size_t i = 0; i < MOST_PARAMETERS; i++)
        guarded_free(&m->parameters[i]);
    guarded_free(&m->w);
    guarded_free(&m->x);
    guarded_free(&m->y);
    guarded_free(&m->memory);
}

static void expect_bits(const char *way, const float *got, const float *want, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (float_bits(got[i]) != float_bits(want[i]))
            harness_fail("%s: y[%zu] is %a, not %a", way, i, (double)got[i], (double)want[i]);
}

static void run_on_pool(const subject *m, size_t width) {
    pool p = {width ? width : 1}; /* none for 0 */
    const aft_parallel parallel = pool_parallel(&p);
    const aft_parallel *const given = width ? &parallel : NULL;
    size_t bytes;
    assert_int_equal(aft_layer_workspace_bytes(m->memory.bytes, &m->sequences, given, &bytes), AFT_OK);
    guarded workspace = guarded_workspace(bytes, at_start(&m->s), m->s.place ? m->s.place->slack : random_size(0, 63));
    assert_int_equal(aft_layer_forward(m->memory.bytes, &m->sequences, workspace.bytes, bytes, given), AFT_OK);
    guarded_free(&workspace);
}

/* Every task by its number, from the last to the first, under two workers. */
static aft_status run_tasks(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes) {
    size_t phases, tasks;
    aft_status status = aft_layer_phases(layer, sequences, &phases);
    for (size_t phase = 0; status == AFT_OK && phase < phases; phase++) {
        status = aft_layer_tasks(layer, sequences, phase, &tasks);
        for (size_t task = tasks; status == AFT_OK && task-- > 0;)
            status = aft_layer_run(layer, sequences, workspace, bytes, phase, task, task % 2);
    }
    return status;
}

static void run_by_index(const subject *m) {
    const aft_parallel width = {.width = 2};
    size_t bytes;
    assert_int_equal(aft_layer_workspace_bytes(m->memory.bytes, &m->sequences, &width, &bytes), AFT_OK);
    guarded workspace = guarded_workspace(bytes, false, 1);
    assert_int_equal(run_tasks(m->memory.bytes, &m->sequences, workspace.bytes, bytes), AFT_OK);
    guarded_free(&workspace);
}

/* x as it was given, and no output in y, which may be x. */
static void reset(const subject *m, const float *x, size_t count) {
    memset(m->sequences.y, 0xa5, count * sizeof *x);
    memcpy(m->x.bytes, x, count * sizeof *x);
}

/* Prepared and run, in several ways, on a host that rounds, flushes or traps. */
static void run_in_modes(const subject *m, const float *x, const float *want, size_t count) {
    pool threads = {3};
    const aft_parallel parallel = pool_parallel(&threads);
    size_t bytes, memory_bytes;
    assert_int_equal(aft_layer_bytes(&m->layer, &memory_bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(m->memory.bytes, &m->sequences, &parallel, &bytes), AFT_OK);
    unsigned char *const memory = calloc(1, memory_bytes + 1), *const workspace = malloc(bytes + 1);
    assert_true(memory && workspace);
    for (size_t mode = harness_pick(float_mode_count - 1, 1, 1); mode < float_mode_count; mode++)
        for (int way = 0; way < 3; way++) {
            reset(m, x, count);
            float_mode_set(&float_modes[mode]);
            const aft_status prepared = aft_layer_prepare(&m->layer, memory, memory_bytes);
            const aft_status done =
                way == 2 ? run_tasks(memory, &m->sequences, workspace, bytes)
                         : aft_layer_forward(memory, &m->sequences, workspace, bytes, way == 1 ? &parallel : NULL);
            const uint64_t after = float_mode_bits();
            float_mode_set(&float_modes[0]);
            assert_int_equal(prepared, AFT_OK);
            assert_int_equal(done, AFT_OK);
            assert_true(after == float_modes[mode].bits);
            expect_bits(float_modes[mode].name, m->sequences.y, want, count);
        }
    free(workspace);
    free(memory);
}

static void try_layer(const spec *s) {
    subject m = make_subject(s);
    if (s->lengths)
        m.sequences.lengths = m.lengths;
    const size_t count = s->batch * s->length * s->dim;
    float *const want = layer_reference(&m.layer, &m.sequences), *const x = malloc(count * sizeof(float) + 1);
    memcpy(x, m.x.bytes, count * sizeof(float));
    static const size_t widths[] = {0, 7, 1, 2, 3};
    const size_t all = sizeof widths / sizeof widths[0], pools = harness_pick(2, all, all);
    for (size_t i = 0; i < pools; i++) {
        reset(&m, x, count);
        run_on_pool(&m, widths[i]);
        expect_bits("on a pool", m.sequences.y, want, count);
    }
    run_in_modes(&m, x, want, count);
    reset(&m, x, count);
    run_by_index(&m);
    expect_bits("by index", m.sequences.y, want, count);
    free(want);
    free(x);
    free_subject(&m);
}

static void expect_rows(const subject *m, const float *want) {
    const aft_sequences *const s = &m->sequences;
    const size_t dim = m->s.dim, rows = s->batch * s->length;
    for (size_t row = 0; row < rows; row++) {
        expect_bits("in a place", s->y + row * s->y_time_stride, want + row * dim, dim);
        for (size_t i = dim; row + 1 < rows && i < s->y_time_stride; i++)
            if (s->y[row * s->y_time_stride + i] != canary)
                harness_fail("the gap behind row %zu of y was written, %zu behind its end", row, i - dim);
    }
}

static void try_in_place(const spec *s) {
    subject m = make_subject(s);
    float *const want = layer_reference(&m.layer, &m.sequences);
    run_on_pool(&m, 0);
    expect_rows(&m, want);
    free(want);
    free_subject(&m);
}

/* A product takes up to 14 rows at once, and a task 96: every rest of both, in tiles of many columns and in single
 * vectors. */
static void every_length(const char *isa) {
    for (size_t length = 1; length <= 96 + 14; length += harness_step(isa)) {
        const spec s = {.dim = 64 + 5,
                        .heads = 1,
                        .channels = 3,
                        .max_length = length,
                        .batch = 1,
                        .length = length,
                        .kind = AFT_BIAS_NONE};
        try_in_place(&s);
    }
}

/* Every count of inputs, units and outputs up to three of the widest vectors and one, with arrays that begin or end at
 * an unmapped page or a few floats from it. */
static void guard_pages(const char *isa) {
    const size_t most = 3 * 16 + 1;
    for (size_t units = 1; units <= most; units += harness_step(isa))
        for (size_t slack = 0; slack < harness_lanes(isa); slack += harness_step(isa))
            for (int at_start = 0; at_start < 2; at_start++) {
                const place where = {at_start, slack, slack % 3};
                const spec s = {.dim = most + 1 - units,
                                .heads = 1,
                                .channels = units,
                                .max_length = 5,
                                .batch = 1,
                                .length = 4,
                                .kind = (aft_bias_kind)(units % 4),
                                .window = 2,
                                .place = &where};
                try_in_place(&s);
            }
}

/* Sums over more than the 128 units of a chain wait in y, which ends at an unmapped page: every tail of it. */
static void sums_at_a_page(const char *isa) {
    static const place where = {.at_start = false};
    for (size_t dim = 1; dim <= 3 * harness_lanes(isa) + 1; dim += harness_step(isa)) {
        const spec s = {.dim = dim,
                        .heads = 1,
                        .channels = 128 + 1,
                        .max_length = 2,
                        .batch = 1,
                        .length = 2,
                        .kind = AFT_BIAS_NONE,
                        .place = &where};
        try_in_place(&s);
    }
}

/* Runs the tasks here, after it chose another instruction set than the active one. */
static void run_after_a_change(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                               void *argument) {
    (void)context;
    for (size_t i = 0; aft_isa_at(i); i++)
        if (strcmp(aft_isa_at(i), aft_isa_name()) != 0 && aft_use_isa(aft_isa_at(i)) == AFT_OK)
            break;
    for (size_t i = 0; i < tasks; i++)
        task(argument, i, 0);
}

/* A forward ends on the instruction set it began with, in a workspace that is large enough for that one alone. */
static void isa_changes_under_way(const char *isa) {
    static const spec s = {
        .dim = 20, .heads = 1, .channels = 3, .max_length = 200, .batch = 1, .length = 200, .kind = AFT_BIAS_FULL};
    subject m = make_subject(&s);
    float *const want = layer_reference(&m.layer, &m.sequences);
    const aft_parallel parallel = {.run = run_after_a_change, .width = 1};
    size_t bytes;
    assert_int_equal(aft_layer_workspace_bytes(m.memory.bytes, &m.sequences, &parallel, &bytes), AFT_OK);
    guarded workspace = guarded_workspace(bytes, false, 1);
    assert_int_equal(aft_layer_forward(m.memory.bytes, &m.sequences, workspace.bytes, bytes, &parallel), AFT_OK);
    expect_bits("with another instruction set chosen under way", m.sequences.y, want, s.length * s.dim);
    assert_int_equal(aft_use_isa(isa), AFT_OK);
    guarded_free(&workspace);
    free(want);
    free_subject(&m);
}

static void is_its_parts(const char *isa) {
    (void)isa;
    static const spec specs[] = {
        {.dim = 40, .heads = 1, .channels = 24, .max_length = 50, .batch = 2, .length = 37, .kind = AFT_BIAS_FULL},
        {.dim = 130,
         .heads = 3,
         .channels = 21,
         .max_length = 70,
         .batch = 1,
         .length = 70,
         .kind = AFT_BIAS_FULL,
         .causal = true},
        {.dim = 17,
         .heads = 2,
         .channels = 80,
         .max_length = 128,
         .batch = 3,
         .length = 101,
         .kind = AFT_BIAS_LOCAL,
         .window = 9,
         .lengths = true},
        {.dim = 64,
         .heads = 4,
         .channels = 16,
         .max_length = 200,
         .batch = 1,
         .length = 150,
         .kind = AFT_BIAS_BAND,
         .window = 12,
         .causal = true,
         .in_place = true},
        {.dim = 300,
         .heads = 1,
         .channels = 5,
         .max_length = 9,
         .batch = 4,
         .length = 9,
         .kind = AFT_BIAS_NONE,
         .no_biases = true},
        {.dim = 20,
         .heads = 1,
         .channels = 33,
         .max_length = 90,
         .batch = 2,
         .length = 90,
         .kind = AFT_BIAS_FULL,
         .specials = true,
         .causal = true},
        {.dim = 20,
         .heads = 1,
         .channels = 33,
         .max_length = 9,
         .batch = 1,
         .length = 9,
         .kind = AFT_BIAS_FULL,
         .overflows = true,
         .causal = true}, /* infinities that meet in the last map */
        {.dim = 140,
         .heads = 1,
         .channels = 20,
         .max_length = 9,
         .batch = 1,
         .length = 9,
         .kind = AFT_BIAS_FULL,
         .no_biases = true,
         .underflows = true}, /* each product is rounded as a subnormal */
        {.dim = 33,
         .heads = 1,
         .channels = 49,
         .max_length = 400,
         .batch = 1,
         .length = 260,
         .kind = AFT_BIAS_NONE,
         .causal = true},
        {.dim = 1, .heads = 1, .channels = 1, .max_length = 1, .batch = 1, .length = 1, .kind = AFT_BIAS_FULL},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        try_layer(&specs[i]);
}

/* As in test_bits: whoever changes bits on purpose records the new hash here, and says so in CHANGELOG.md. */
static void as_recorded(const char *isa) {
    (void)isa;
    const uint64_t recorded = UINT64_C(0x16c8957836a488e1);
    static const spec specs[] = {
        {.dim = 300, .heads = 2, .channels = 75, .max_length = 150, .batch = 1, .length = 150, .kind = AFT_BIAS_FULL},
        {.dim = 50,
         .heads = 1,
         .channels = 140,
         .max_length = 110,
         .batch = 1,
         .length = 110,
         .kind = AFT_BIAS_LOCAL,
         .window = 20,
         .causal = true},
        {.dim = 129, .heads = 1, .channels = 257, .max_length = 97, .batch = 2, .length = 97, .kind = AFT_BIAS_NONE},
    };
    uint64_t hash = HASH_BASIS;
    random_resume(1); /* whatever AFT_SEED is */
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        subject m = make_subject(&specs[i]);
        run_on_pool(&m, 0);
        hash = hash_floats(hash, m.sequences.y, specs[i].batch * specs[i].length * specs[i].dim);
        free_subject(&m);
    }
    if (hash != recorded)
        harness_fail("the outputs hash to 0x%016llx, recorded is 0x%016llx", (unsigned long long)hash,
                     (unsigned long long)recorded);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(is_its_parts),          EACH_ISA(every_length),
                                         EACH_ISA(guard_pages),           EACH_ISA(sums_at_a_page),
                                         EACH_ISA(isa_changes_under_way), EACH_ISA(as_recorded)};
    return HARNESS_MAIN("layer", units);
}
