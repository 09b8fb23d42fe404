/* SPDX-License-Identifier: MIT */
/* Every misuse has its status and writes nothing; the smallest legal problems work. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "refusal.h"

enum { BATCH = 2, HEADS = 2, ROWS = 4, KEYS = 6, CHANNELS = 3, WORKSPACE = 1 << 20 };

/* A legal problem with everything that `change` needs to spoil it. */
typedef struct victim {
    test_case c;
    aft_problem problem;
    aft_parallel parallel;
    bool uses_parallel;
    unsigned char *workspace;
    size_t bytes;
    size_t kv_lengths[BATCH];
} victim;

typedef struct misuse {
    const char *name;
    void (*change)(victim *v);
    aft_bias_kind kind;
    aft_status expected;
    bool of_run; /* sizes can be asked for all the same */
} misuse;

#define CHANGE(name, ...)                                                                                              \
    static void name(victim *v) { __VA_ARGS__; }

static float *y_of(const victim *v) { return v->problem.y.data; }
static void run_none(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                     void *argument) {
    (void)context, (void)tasks, (void)task, (void)argument;
}

CHANGE(no_q, v->problem.q.data = NULL)
CHANGE(no_k, v->problem.k.data = NULL)
CHANGE(no_v, v->problem.v.data = NULL)
CHANGE(no_y, v->problem.y.data = NULL)
CHANGE(no_bias, v->problem.bias.data = NULL)
CHANGE(no_workspace, v->workspace = NULL)
CHANGE(no_run, v->uses_parallel = true; v->parallel = (aft_parallel){.width = 1})
CHANGE(no_width, v->uses_parallel = true; v->parallel = (aft_parallel){.run = run_none, .width = 0})
CHANGE(huge_width, v->uses_parallel = true; v->parallel = (aft_parallel){.run = run_none, .width = SIZE_MAX / 8})
CHANGE(huge_batch, v->problem.shape.batch = SIZE_MAX)
CHANGE(huge_heads, v->problem.shape.heads = SIZE_MAX)
CHANGE(huge_q_len, v->problem.shape.q_len = SIZE_MAX)
CHANGE(huge_kv_len, v->problem.shape.kv_len = SIZE_MAX)
CHANGE(huge_channels, v->problem.shape.channels = SIZE_MAX)
CHANGE(huge_bytes, v->problem.shape.channels = SIZE_MAX / sizeof(float) + 1)
CHANGE(huge_together, v->problem.shape.batch = v->problem.shape.heads = v->problem.shape.q_len = SIZE_MAX / 1000)
CHANGE(huge_positions, v->problem.shape.batch = v->problem.shape.heads = 1 << 20; v->problem.shape.q_len = 1 << 30)
CHANGE(huge_q_offset, v->problem.shape.q_offset = SIZE_MAX)
CHANGE(huge_first_row, v->problem.bias.first_row = SIZE_MAX)
CHANGE(huge_q_stride, v->problem.q.batch_stride = SIZE_MAX)
CHANGE(huge_k_stride, v->problem.k.time_stride = SIZE_MAX / 5 + 1)
CHANGE(huge_v_stride, v->problem.v.head_stride = SIZE_MAX / 4 + 1)
CHANGE(huge_y_stride, v->problem.y.time_stride = SIZE_MAX / 3)
CHANGE(huge_row_stride, v->problem.bias.row_stride = SIZE_MAX / 2)
CHANGE(long_kv_length, v->kv_lengths[1] = KEYS + 1; v->problem.shape.kv_lengths = v->kv_lengths)
CHANGE(long_first_kv_length, v->kv_lengths[0] = KEYS + 1; v->problem.shape.kv_lengths = v->kv_lengths)
CHANGE(no_window_of_no_key, v->problem.bias.window = v->problem.shape.kv_len = 0)
CHANGE(no_window, v->problem.bias.window = 0)
CHANGE(huge_window, v->problem.bias.window = SIZE_MAX / 2 + 2)
CHANGE(unknown_kind, v->problem.bias.kind = (aft_bias_kind)77)
CHANGE(y_is_k, v->problem.k.data = y_of(v))
CHANGE(y_is_k_without_window, v->problem.k.data = y_of(v); v->problem.bias.window = 0)
CHANGE(y_is_v, v->problem.v.data = y_of(v))
CHANGE(y_ends_in_k, v->problem.k.data = y_of(v) + v->c.y.count / sizeof(float) - 1)
CHANGE(y_within_bias, v->problem.bias.data = y_of(v))
CHANGE(y_is_q_shifted, v->problem.q.data = y_of(v) + 1)
CHANGE(y_is_q_restrided, v->problem.q.data = y_of(v); v->problem.q.time_stride = 0)
CHANGE(y_is_q_of_wider_rows, v->problem.q.data = y_of(v); v->problem.q.time_stride += 1)
CHANGE(y_is_q_of_wider_heads, v->problem.q.data = y_of(v); v->problem.q.head_stride += 1)
CHANGE(y_is_q_of_wider_batches, v->problem.q.data = y_of(v); v->problem.q.batch_stride += 1)
CHANGE(one_y_is_k, aft_shape *s = &v->problem.shape; s->batch = s->heads = s->q_len = s->kv_len = s->channels = 1;
       v->problem.k.data = y_of(v))
CHANGE(y_of_two_rows_shares, v->problem.shape.q_len = 2; v->problem.y.time_stride = CHANNELS - 1)
CHANGE(y_rows_share, v->problem.y.time_stride = CHANNELS - 1)
CHANGE(y_rows_same, v->problem.y.time_stride = 0)
CHANGE(y_heads_same, v->problem.y.head_stride = 0)
CHANGE(y_batches_same, v->problem.y.batch_stride = 0)
CHANGE(y_heads_interleave, v->problem.y.head_stride = 2 * v->problem.y.time_stride)
CHANGE(huge_batch_of_nothing, v->problem.shape.batch = SIZE_MAX; v->problem.shape.heads = 0)
CHANGE(q_at_the_last_address, v->problem.q.data = (const float *)(UINTPTR_MAX - 7))
CHANGE(y_is_q_of_one_batch, v->problem.q.data = y_of(v); v->problem.q.batch_stride = 0)
CHANGE(y_is_q_of_one_head, v->problem.q.data = y_of(v); v->problem.q.head_stride = 0)
CHANGE(y_is_lengths, v->problem.shape.kv_lengths = v->kv_lengths; v->problem.y.data = (float *)(void *)v->kv_lengths)
CHANGE(workspace_is_lengths, v->problem.shape.kv_lengths = v->kv_lengths; v->workspace = (void *)v->kv_lengths)
CHANGE(workspace_at_the_last_address, v->workspace = (unsigned char *)(UINTPTR_MAX - 63))
CHANGE(workspace_is_y, v->workspace = (unsigned char *)y_of(v))
CHANGE(workspace_ends_in_y, v->workspace = v->c.y.bytes - v->bytes + 1)
CHANGE(workspace_is_q, v->workspace = v->c.q.bytes)
CHANGE(workspace_is_k, v->workspace = v->c.k.bytes)
CHANGE(workspace_is_v, v->workspace = v->c.v.bytes)
CHANGE(workspace_ends_in_k, v->workspace = v->c.k.bytes - v->bytes + 1)
CHANGE(workspace_ends_in_v, v->workspace = v->c.v.bytes - v->bytes + 1)
CHANGE(workspace_ends_in_bias, v->workspace = v->c.w.bytes - v->bytes + 1)
CHANGE(workspace_is_bias, v->workspace = v->c.w.bytes)
CHANGE(one_byte_short, v->bytes -= 1)
CHANGE(no_bytes, v->bytes = 0)

static const misuse misuses[] = {
    {"q is NULL", no_q, AFT_BIAS_FULL, AFT_NULL, true},
    {"k is NULL", no_k, AFT_BIAS_FULL, AFT_NULL, true},
    {"v is NULL", no_v, AFT_BIAS_FULL, AFT_NULL, true},
    {"y is NULL", no_y, AFT_BIAS_FULL, AFT_NULL, true},
    {"full bias is NULL", no_bias, AFT_BIAS_FULL, AFT_NULL, true},
    {"local bias is NULL", no_bias, AFT_BIAS_LOCAL, AFT_NULL, true},
    {"band bias is NULL", no_bias, AFT_BIAS_BAND, AFT_NULL, true},
    {"workspace is NULL", no_workspace, AFT_BIAS_FULL, AFT_NULL, true},
    {"run is NULL", no_run, AFT_BIAS_FULL, AFT_NULL, true},
    {"width is 0", no_width, AFT_BIAS_FULL, AFT_SIZE, false},
    {"width overflows", huge_width, AFT_BIAS_FULL, AFT_SIZE, false},
    {"batch overflows", huge_batch, AFT_BIAS_FULL, AFT_SIZE, false},
    {"heads overflows", huge_heads, AFT_BIAS_FULL, AFT_SIZE, false},
    {"q_len overflows", huge_q_len, AFT_BIAS_FULL, AFT_SIZE, false},
    {"kv_len overflows", huge_kv_len, AFT_BIAS_NONE, AFT_SIZE, false},
    {"channels overflows", huge_channels, AFT_BIAS_NONE, AFT_SIZE, false},
    {"bytes of a row overflow", huge_bytes, AFT_BIAS_NONE, AFT_SIZE, false},
    {"batch * heads * q_len overflows", huge_together, AFT_BIAS_NONE, AFT_SIZE, false},
    {"batch * heads * q_len overflows, batch * heads does not", huge_positions, AFT_BIAS_NONE, AFT_SIZE, false},
    {"q_offset + q_len overflows", huge_q_offset, AFT_BIAS_FULL, AFT_SIZE, false},
    {"first_row + q_len overflows", huge_first_row, AFT_BIAS_FULL, AFT_SIZE, false},
    {"q's stride overflows", huge_q_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"k's stride overflows", huge_k_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"v's stride overflows", huge_v_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"y's stride overflows", huge_y_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"row_stride overflows", huge_row_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"kv_length above kv_len", long_kv_length, AFT_BIAS_FULL, AFT_SIZE, false},
    {"first kv_length above kv_len", long_first_kv_length, AFT_BIAS_FULL, AFT_SIZE, false},
    {"window 0 of a band, and no key", no_window_of_no_key, AFT_BIAS_BAND, AFT_SIZE, false},
    {"window 0 of a band", no_window, AFT_BIAS_BAND, AFT_SIZE, false},
    {"window of a band overflows", huge_window, AFT_BIAS_BAND, AFT_SIZE, false},
    {"unknown kind", unknown_kind, AFT_BIAS_FULL, AFT_UNSUPPORTED, false},
    {"y is k", y_is_k, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is k, without a window", y_is_k_without_window, AFT_BIAS_LOCAL, AFT_OVERLAP, false},
    {"y is v", y_is_v, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"the last element of y is the first of k", y_ends_in_k, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is within the bias", y_within_bias, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q, shifted", y_is_q_shifted, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q with other strides", y_is_q_restrided, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q with wider rows", y_is_q_of_wider_rows, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q with wider heads", y_is_q_of_wider_heads, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q with wider batches", y_is_q_of_wider_batches, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is k, of one element", one_y_is_k, AFT_BIAS_NONE, AFT_OVERLAP, false},
    {"two rows of y share an element", y_of_two_rows_shares, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"rows of y share an element", y_rows_share, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"all rows of y are one", y_rows_same, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"all heads of y are one", y_heads_same, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"all batches of y are one", y_batches_same, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"rows of two heads of y are one", y_heads_interleave, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"batch overflows, of no head", huge_batch_of_nothing, AFT_BIAS_NONE, AFT_SIZE, false},
    {"q ends behind the last address", q_at_the_last_address, AFT_BIAS_NONE, AFT_SIZE, false},
    {"y is q of one batch", y_is_q_of_one_batch, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is q of one head", y_is_q_of_one_head, AFT_BIAS_FULL, AFT_OVERLAP, false},
    {"y is the key lengths", y_is_lengths, AFT_BIAS_NONE, AFT_OVERLAP, false},
    {"workspace is the key lengths", workspace_is_lengths, AFT_BIAS_LOCAL, AFT_OVERLAP, true},
    {"workspace ends behind the last address", workspace_at_the_last_address, AFT_BIAS_FULL, AFT_SIZE, true},
    {"workspace is y", workspace_is_y, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace ends in y", workspace_ends_in_y, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace is q", workspace_is_q, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace is k", workspace_is_k, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace is v", workspace_is_v, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace ends in k", workspace_ends_in_k, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace ends in v", workspace_ends_in_v, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace ends in the bias", workspace_ends_in_bias, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace is the bias", workspace_is_bias, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"workspace one byte short", one_byte_short, AFT_BIAS_FULL, AFT_WORKSPACE, true},
    {"workspace one byte short", one_byte_short, AFT_BIAS_LOCAL, AFT_WORKSPACE, true},
    {"workspace of no byte", no_bytes, AFT_BIAS_NONE, AFT_WORKSPACE, true},
};

static victim make_victim(aft_bias_kind kind) {
    case_spec spec = case_default(ROWS, KEYS, CHANNELS);
    spec.shape.batch = BATCH;
    spec.shape.heads = HEADS;
    spec.kind = kind;
    spec.window = 3;
    victim v = {.c = case_make(&spec), .workspace = calloc(1, WORKSPACE), .kv_lengths = {KEYS, KEYS}};
    assert_non_null(v.workspace);
    v.problem = v.c.problem;
    assert_int_equal(aft_workspace_bytes(&v.problem, NULL, &v.bytes), AFT_OK);
    assert_in_range(v.bytes, 1, WORKSPACE);
    return v;
}

/* What a call is to leave alone while the problem is spoiled. */
static refusal refusal_of(const char *name, const victim *v, size_t *answer) {
    refusal r = {.misuse = name};
    refusal_keep(&r, "q", v->c.q.bytes, v->c.q.count);
    refusal_keep(&r, "k", v->c.k.bytes, v->c.k.count);
    refusal_keep(&r, "v", v->c.v.bytes, v->c.v.count);
    refusal_keep(&r, "bias", v->c.w.bytes, v->c.w.count);
    refusal_keep(&r, "y", v->c.y.bytes, v->c.y.count);
    refusal_keep(&r, "workspace", v->workspace, v->bytes);
    refusal_keep(&r, "answer", answer, sizeof *answer);
    return r;
}

static void try_misuse(const misuse *m) {
    victim v = make_victim(m->kind);
    unsigned char *const workspace = v.workspace;
    size_t answer = 12345;
    refusal r = refusal_of(m->name, &v, &answer);
    m->change(&v);
    const aft_parallel *const parallel = v.uses_parallel ? &v.parallel : NULL;
    if (!m->of_run)
        REFUSED(&r, m->expected, aft_workspace_bytes(&v.problem, parallel, &answer));
    if (!m->of_run && !parallel) {
        REFUSED(&r, m->expected, aft_phases(&v.problem, &answer));
        REFUSED(&r, m->expected, aft_tasks(&v.problem, 0, &answer));
    }
    REFUSED(&r, m->expected, aft_forward(&v.problem, v.workspace, v.bytes, parallel));
    if (!parallel)
        REFUSED(&r, m->expected, aft_run(&v.problem, v.workspace, v.bytes, 0, 0, 0));
    refusal_free(&r);
    free(workspace);
    case_free(&v.c);
}

static void misused(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++)
        try_misuse(&misuses[i]);
}

static void sizes_before_there_are_addresses(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        victim v = make_victim(kinds[i]);
        size_t phases, tasks, answer;
        assert_int_equal(aft_phases(&v.problem, &phases), AFT_OK);
        assert_int_equal(aft_tasks(&v.problem, 0, &tasks), AFT_OK);
        aft_problem bare = v.problem;
        bare.q.data = bare.k.data = bare.v.data = bare.y.data = NULL;
        bare.bias.data = NULL;
        assert_int_equal(aft_workspace_bytes(&bare, NULL, &answer), AFT_OK);
        assert_int_equal(answer, v.bytes);
        assert_int_equal(aft_phases(&bare, &answer), AFT_OK);
        assert_int_equal(answer, phases);
        assert_int_equal(aft_tasks(&bare, 0, &answer), AFT_OK);
        assert_int_equal(answer, tasks);
        refusal r = refusal_of("no addresses", &v, &answer);
        bare.y.time_stride = 1; /* and what is wrong with the sizes still is */
        REFUSED(&r, AFT_OVERLAP, aft_phases(&bare, &answer));
        bare.k.time_stride = SIZE_MAX;
        REFUSED(&r, AFT_SIZE, aft_phases(&bare, &answer));
        refusal_free(&r);
        free(v.workspace);
        case_free(&v.c);
    }
}

static void null_arguments(const char *isa) {
    (void)isa;
    victim v = make_victim(AFT_BIAS_FULL);
    size_t answer = 12345;
    refusal r = refusal_of("NULL", &v, &answer);
    REFUSED(&r, AFT_NULL, aft_workspace_bytes(NULL, NULL, &answer));
    REFUSED(&r, AFT_NULL, aft_workspace_bytes(&v.problem, NULL, NULL));
    REFUSED(&r, AFT_NULL, aft_forward(NULL, v.workspace, v.bytes, NULL));
    REFUSED(&r, AFT_NULL, aft_phases(NULL, &answer));
    REFUSED(&r, AFT_NULL, aft_phases(&v.problem, NULL));
    REFUSED(&r, AFT_NULL, aft_tasks(NULL, 0, &answer));
    REFUSED(&r, AFT_NULL, aft_tasks(&v.problem, 0, NULL));
    REFUSED(&r, AFT_NULL, aft_run(NULL, v.workspace, v.bytes, 0, 0, 0));
    REFUSED(&r, AFT_NULL, aft_use_isa(NULL));
    refusal_free(&r);
    free(v.workspace);
    case_free(&v.c);
}

static void indices_out_of_range(const char *isa) {
    (void)isa;
    victim v = make_victim(AFT_BIAS_FULL);
    size_t phases, tasks = 12345;
    refusal r = refusal_of("index", &v, &tasks);
    assert_int_equal(aft_phases(&v.problem, &phases), AFT_OK);
    REFUSED(&r, AFT_SIZE, aft_tasks(&v.problem, phases, &tasks));
    REFUSED(&r, AFT_SIZE, aft_run(&v.problem, v.workspace, v.bytes, phases, 0, 0));
    for (size_t phase = 0; phase < phases; phase++) {
        assert_int_equal(aft_tasks(&v.problem, phase, &tasks), AFT_OK);
        REFUSED(&r, AFT_SIZE, aft_run(&v.problem, v.workspace, v.bytes, phase, tasks, 0));
        REFUSED(&r, AFT_WORKSPACE, aft_run(&v.problem, v.workspace, v.bytes, phase, 0, 1));
        REFUSED(&r, AFT_SIZE, aft_run(&v.problem, v.workspace, v.bytes, phase, 0, SIZE_MAX));
        REFUSED(&r, AFT_WORKSPACE, aft_run(&v.problem, v.workspace, v.bytes - 1, phase, 0, 0));
    }
    refusal_free(&r);
    free(v.workspace);
    case_free(&v.c);
}

/* A pool that names a task and a worker that do not exist: these are left out, and the rest is as it should be. */
static void run_beyond(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                       void *argument) {
    const bool *const only = context;
    for (size_t index = 0; index < tasks && !*only; index++)
        task(argument, index, 0);
    task(argument, tasks, 0);
    task(argument, 0, 1);
}

static void tasks_that_do_not_exist(const char *isa) {
    (void)isa;
    victim v = make_victim(AFT_BIAS_FULL);
    bool only = true;
    const aft_parallel pool = {run_beyond, &only, 1};
    refusal r = {.misuse = "no such task"};
    refusal_keep(&r, "y", v.c.y.bytes, v.c.y.count); /* a phase of one task needs no pool, and has its place */
    REFUSED(&r, AFT_SIZE, aft_forward(&v.problem, v.workspace, v.bytes, &pool));
    refusal_free(&r);
    only = false;
    assert_int_equal(aft_forward(&v.problem, v.workspace, v.bytes, &pool), AFT_SIZE);
    case_check(&v.c, 1);
    free(v.workspace);
    case_free(&v.c);
}

static void run_in_order(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                         void *argument) {
    for (size_t index = 0; index < tasks; index++)
        task(argument, index, 0);
    ++*(size_t *)context;
}

/* A pool that lies in the workspace. */
static void pool_in_what_is_written(const char *isa) {
    (void)isa;
    victim v = make_victim(AFT_BIAS_FULL);
    size_t runs = 0;
    for (size_t place = 0; place + sizeof(aft_parallel) <= v.bytes; place += 1024) {
        aft_parallel *const pool = (aft_parallel *)(void *)(v.workspace + place);
        *pool = (aft_parallel){run_in_order, &runs, 1};
        assert_int_equal(aft_forward(&v.problem, v.workspace, v.bytes, pool), AFT_OK);
        case_check(&v.c, 1);
    }
    assert_true(runs > 1);
    free(v.workspace);
    case_free(&v.c);
}

/* By index, what an instruction set has left is of no use to another one. */
static void phases_of_two_instruction_sets(const char *isa) {
    victim v = make_victim(AFT_BIAS_FULL);
    size_t tasks;
    refusal r = refusal_of("another instruction set", &v, &tasks);
    refusal_keep(&r, "end of the workspace", v.workspace + v.bytes, WORKSPACE - v.bytes);
    assert_int_equal(aft_tasks(&v.problem, 0, &tasks), AFT_OK);
    for (size_t i = 0; aft_isa_at(i); i++) {
        if (strcmp(aft_isa_at(i), isa) == 0 || aft_use_isa(aft_isa_at(i)) != AFT_OK)
            continue;
        assert_int_equal(aft_use_isa(isa), AFT_OK);
        for (size_t task = 0; task < tasks; task++)
            assert_int_equal(aft_run(&v.problem, v.workspace, WORKSPACE, 0, task, 0), AFT_OK);
        assert_int_equal(aft_use_isa(aft_isa_at(i)), AFT_OK);
        REFUSED(&r, AFT_STALE, aft_run(&v.problem, v.workspace, WORKSPACE, 1, 0, 0));
        assert_int_equal(aft_use_isa(isa), AFT_OK);
        assert_int_equal(aft_run(&v.problem, v.workspace, WORKSPACE, 1, 0, 0), AFT_OK);
    }
    refusal_free(&r);
    free(v.workspace);
    case_free(&v.c);
}

/* No output at all: nothing is needed, not even a tensor or legal key lengths, and nothing is written. */
static void nothing_to_do(const char *isa) {
    (void)isa;
    for (size_t dimension = 0; dimension < 4; dimension++)
        for (int with_tensors = 0; with_tensors < 2; with_tensors++) {
            victim v = make_victim(AFT_BIAS_FULL);
            aft_shape *const s = &v.problem.shape;
            *(size_t *[]){&s->batch, &s->heads, &s->q_len, &s->channels}[dimension] = 0;
            v.kv_lengths[0] = v.kv_lengths[1] = KEYS + 1;
            s->kv_lengths = v.kv_lengths;
            v.problem.y.batch_stride = v.problem.y.head_stride = v.problem.y.time_stride = 0;
            if (!with_tensors) {
                s->kv_len = 0;
                v.problem.q.data = v.problem.k.data = v.problem.v.data = NULL;
                v.problem.y.data = NULL;
                v.problem.bias.data = NULL;
            }
            size_t bytes;
            assert_int_equal(aft_workspace_bytes(&v.problem, NULL, &bytes), AFT_OK);
            assert_int_equal(aft_forward(&v.problem, v.workspace, bytes, NULL), AFT_OK);
            for (size_t i = 0; i < v.c.y.count / sizeof(float); i++)
                assert_int_equal(float_bits(((float *)v.c.y.bytes)[i]), CASE_CANARY);
            free(v.workspace);
            case_free(&v.c);
        }
}

/* What has no element needs no address, and no place of its own. */
static void arrays_of_nothing(const char *isa) {
    (void)isa;
    victim v = make_victim(AFT_BIAS_LOCAL);
    v.problem.bias.data = NULL;
    v.problem.bias.window = 0;
    assert_int_equal(aft_forward(&v.problem, v.workspace, WORKSPACE, NULL), AFT_OK);
    v.problem.bias.window = 3;
    v.problem.shape.q_len = 0;
    v.problem.q.data = NULL;
    v.problem.y.data = NULL;
    assert_int_equal(aft_forward(&v.problem, v.workspace, WORKSPACE, NULL), AFT_OK);
    assert_int_equal(aft_forward(&v.problem, v.c.k.bytes + sizeof(float), 0, NULL), AFT_OK);
    free(v.workspace);
    case_free(&v.c);
}

/* y may nest batches, heads and rows in any order, as long as none steps into another. */
static void y_nests_in_any_order(const char *isa) {
    (void)isa;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t sizes[3] = {BATCH, HEADS, ROWS};
    victim v = make_victim(AFT_BIAS_FULL);
    size_t *const strides[3] = {&v.problem.y.batch_stride, &v.problem.y.head_stride, &v.problem.y.time_stride};
    size_t answer = 12345;
    refusal r = refusal_of("y nests", &v, &answer);
    for (size_t order = 0; order < 6; order++) {
        size_t stride = CHANNELS;
        for (size_t level = 3; level-- > 0;) {
            const int dimension = orders[order][level];
            *strides[dimension] = stride;
            stride *= sizes[dimension];
        }
        assert_int_equal(aft_forward(&v.problem, v.workspace, v.bytes, NULL), AFT_OK);
        for (size_t dimension = 0; dimension < 3; dimension++) {
            --*strides[dimension];
            REFUSED(&r, AFT_OVERLAP, aft_forward(&v.problem, v.workspace, v.bytes, NULL));
            ++*strides[dimension];
        }
    }
    refusal_free(&r);
    free(v.workspace);
    case_free(&v.c);
}

static void run_by_index(const test_case *c) {
    size_t bytes, phases, tasks;
    assert_int_equal(aft_workspace_bytes(&c->problem, NULL, &bytes), AFT_OK);
    void *const workspace = calloc(1, bytes);
    assert_non_null(workspace);
    assert_int_equal(aft_phases(&c->problem, &phases), AFT_OK);
    for (size_t phase = 0; phase < phases; phase++) {
        assert_int_equal(aft_tasks(&c->problem, phase, &tasks), AFT_OK);
        for (size_t task = 0; task < tasks; task++)
            assert_int_equal(aft_run(&c->problem, workspace, bytes, phase, task, 0), AFT_OK);
    }
    free(workspace);
}

/* A phase may then have no task. */
static void no_keys(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
    static const size_t kv_lengths[] = {0, 5, 0};
    for (size_t kind = 0; kind < 4; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = case_default(20, 0, 7);
            spec.kind = kinds[kind];
            spec.window = 3;
            spec.shape.causal = causal;
            case_try(&spec);
            test_case empty = case_make(&spec);
            empty.problem.k = empty.problem.v = (aft_tensor_in){NULL, SIZE_MAX, SIZE_MAX, SIZE_MAX}; /* not read */
            empty.problem.bias.data = NULL;
            run_by_index(&empty);
            case_check(&empty, 1);
            case_free(&empty);
            spec.shape.batch = 3;
            spec.shape.kv_len = 9;
            spec.shape.kv_lengths = kv_lengths;
            test_case c = case_make(&spec);
            case_run(&c, NULL);
            case_check(&c, 1);
            assert_int_equal(float_bits(case_output(&c, 0, 0, 3)[2]), 0);
            assert_int_equal(float_bits(case_output(&c, 2, 0, 19)[6]), 0);
            case_free(&c);
        }
}

/* One key: y is sigmoid(q) v, whatever its logit. */
static void one_row_one_channel(const char *isa) {
    (void)isa;
    static const float logits[] = {0, 1e4f, -1e4f, 3e38f, -3e38f};
    for (size_t i = 0; i < sizeof logits / sizeof logits[0]; i++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = case_default(1, 1, 1);
            spec.kind = AFT_BIAS_FULL;
            spec.shape.causal = causal;
            test_case c = case_make(&spec);
            case_set_queries(&c, 0);
            case_set_key(&c, 0, logits[i], -3);
            *case_w(&c, 0, 0, 0, 0) = logits[(i + 1) % 5];
            case_run(&c, NULL);
            case_check(&c, 1);
            assert_true(fabsf(case_output(&c, 0, 0, 0)[0] + 1.5f) < 1e-6f);
            case_free(&c);
        }
}

/* "Needs no alignment": a workspace begins at every byte of a cache line, and has exactly the bytes asked for. */
static void workspace_at_any_byte(const char *isa) {
    (void)isa;
    for (aft_bias_kind kind = AFT_BIAS_NONE; kind <= AFT_BIAS_BAND; kind++) {
        victim v = make_victim(kind);
        for (size_t place = 0; place < 2 * 64; place++) {
            guarded workspace = guarded_workspace(v.bytes, place % 2, place / 2);
            case_clear(&v.c);
            assert_int_equal(aft_forward(&v.problem, workspace.bytes, v.bytes, NULL), AFT_OK);
            case_check(&v.c, 1);
            guarded_free(&workspace);
        }
        free(v.workspace);
        case_free(&v.c);
    }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(misused),
        EACH_ISA(null_arguments),
        EACH_ISA(sizes_before_there_are_addresses),
        EACH_ISA(indices_out_of_range),
        EACH_ISA(tasks_that_do_not_exist),
        EACH_ISA(pool_in_what_is_written),
        EACH_ISA(phases_of_two_instruction_sets),
        EACH_ISA(nothing_to_do),
        EACH_ISA(arrays_of_nothing),
        EACH_ISA(y_nests_in_any_order),
        EACH_ISA(no_keys),
        EACH_ISA(one_row_one_channel),
        EACH_ISA(workspace_at_any_byte),
    };
    return HARNESS_MAIN("arguments", units);
}
