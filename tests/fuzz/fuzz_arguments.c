/* SPDX-License-Identifier: MIT */
/* Legal problems in which some fields take any value, on pools of any kind, in an arena that all tensors share. A call
 * is refused for a reason that model.h knows, on every instruction set alike, and then nothing is written; or y is
 * right, the same everywhere, and nothing but y is written. */
#include <stdlib.h>

#include "fuzz/arena.h"
#include "fuzz/strange_pool.h"
#include "harness.h"
#include "reference.h"

enum { HEADER_BYTES = 128, MOST_PREPARED = 1 << 17, WIDTH = 2 };
static const long double most_work = 1 << 13; /* elements of y times keys */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    arena_make();
    return 0;
}

/* ---- choosing */

static aft_tensor_in choose_tensor(choices *c, size_t *used, const aft_shape *shape, size_t times) {
    size_t strides[3];
    const float *const data = arena_lay_out(c, used, shape, times, shape->channels, strides);
    return (aft_tensor_in){data, strides[0], strides[1], strides[2]};
}

static aft_problem choose_problem(choices *c) {
    aft_problem p = {.shape = {.batch = choose_size(c, 0, 3),
                               .heads = choose_size(c, 0, 3),
                               .q_len = choose_size(c, 0, 8),
                               .kv_len = choose_size(c, 0, 16),
                               .channels = choose_size(c, 0, 8),
                               .q_offset = choose_size(c, 0, 20),
                               .causal = choose_flag(c)}};
    size_t used = 0, strides[3];
    if (choose_flag(c))
        p.shape.kv_lengths = arena_lengths();
    p.q = choose_tensor(c, &used, &p.shape, p.shape.q_len);
    p.k = choose_tensor(c, &used, &p.shape, p.shape.kv_len);
    p.v = choose_tensor(c, &used, &p.shape, p.shape.kv_len);
    const aft_tensor_in y = choose_tensor(c, &used, &p.shape, p.shape.q_len);
    p.y = (aft_tensor){(float *)(uintptr_t)y.data, y.batch_stride, y.head_stride, y.time_stride};
    p.bias.kind = (aft_bias_kind)choose_size(c, AFT_BIAS_NONE, AFT_BIAS_PREPARED + 1);
    p.bias.window = choose_size(c, 0, 8);
    p.bias.first_row = choose_size(c, 0, 3);
    const size_t columns = p.bias.kind == AFT_BIAS_BAND && p.bias.window ? 2 * p.bias.window - 1 : p.shape.kv_len;
    p.bias.data = arena_lay_out(c, &used, &p.shape, p.bias.first_row + p.shape.q_len, columns, strides);
    p.bias.batch_stride = choose_flag(c) ? strides[0] : 0;
    p.bias.head_stride = choose_flag(c) ? strides[1] : 0;
    p.bias.row_stride = strides[2];
    return p;
}

/* A caller has a length for each batch. */
static void limit_lengths(aft_shape *shape) {
    if (shape->batch > ARENA_LENGTHS)
        shape->kv_lengths = NULL;
}

static void spoil(choices *c, aft_problem *p) {
    const float *y = p->y.data, *bias = p->bias.data;
    size_t *const sizes[] = {
        &p->shape.batch,       &p->shape.heads,      &p->shape.q_len,     &p->shape.kv_len,  &p->shape.channels,
        &p->shape.q_offset,    &p->q.batch_stride,   &p->q.head_stride,   &p->q.time_stride, &p->k.batch_stride,
        &p->k.head_stride,     &p->k.time_stride,    &p->v.batch_stride,  &p->v.head_stride, &p->v.time_stride,
        &p->y.batch_stride,    &p->y.head_stride,    &p->y.time_stride,   &p->bias.window,   &p->bias.first_row,
        &p->bias.batch_stride, &p->bias.head_stride, &p->bias.row_stride,
    };
    const float **const places[] = {&p->q.data, &p->k.data, &p->v.data, &y, &bias};
    enum { SIZES = sizeof sizes / sizeof sizes[0], PLACES = sizeof places / sizeof places[0] };
    for (size_t left = choose_size(c, 0, 4); left > 0; left--) {
        const size_t which = choose_size(c, 0, SIZES + PLACES);
        if (which < SIZES)
            *sizes[which] = choose_any_size(c, 20);
        else if (which < SIZES + PLACES)
            *places[which - SIZES] = arena_choose(c, *places[choose_size(c, 0, PLACES - 1)]);
        else
            p->bias.kind = (aft_bias_kind)choose_size(c, 0, 9);
    }
    p->y.data = (float *)(uintptr_t)y;
    p->bias.data = bias;
    limit_lengths(&p->shape);
}

/* ---- judging */

static bool tensors_lie_in_arena(const aft_problem *p) {
    const view q = view_of_input(&p->q, &p->shape, p->shape.q_len),
               k = view_of_input(&p->k, &p->shape, p->shape.kv_len),
               v = view_of_input(&p->v, &p->shape, p->shape.kv_len), y = view_of_output(p);
    return arena_holds(&q) && arena_holds(&k) && arena_holds(&v) && arena_holds(&y);
}

/* y is right, and becomes the outcome. `truth` is the problem without a prepared bias. */
static void judge(const aft_problem *truth) {
    aft_problem then = *truth;
    const aft_shape *const s = &then.shape;
    then.q.data = arena_before(then.q.data);
    then.k.data = arena_before(then.k.data);
    then.v.data = arena_before(then.v.data);
    then.bias.data = then.bias.kind == AFT_BIAS_NONE ? NULL : arena_before(then.bias.data);
    arena_begin_outcome();
    if (shape_is_empty(s)) /* of sizes that no loop would end with */
        return;
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t t = 0; t < s->q_len; t++)
                for (size_t i = 0; i < s->channels; i++) {
                    const float *const y = truth->y.data + b * truth->y.batch_stride + h * truth->y.head_stride +
                                           t * truth->y.time_stride + i;
                    const reference_value want = reference_output(&then, b, h, t, i);
                    const bool right = isnan(want.y)   ? float_bits(*y) == 0x7fc00000u
                                       : isinf(want.y) ? (double)*y == want.y
                                                       : fabs((double)*y - want.y) <= reference_bound(&want);
                    if (!right)
                        harness_fail("y[%zu][%zu][%zu][%zu] is %a, should be %a", b, h, t, i, (double)*y, want.y);
                    arena_expect_float(y, *y);
                }
}

static void run_by_index(const aft_problem *p, void *workspace, size_t bytes) {
    size_t phases, tasks;
    assert_int_equal(aft_phases(p, &phases), AFT_OK);
    for (size_t phase = 0; phase < phases; phase++) {
        assert_int_equal(aft_tasks(p, phase, &tasks), AFT_OK);
        for (size_t task = tasks; task-- > 0;)
            assert_int_equal(aft_run(p, workspace, bytes, phase, task, task % WIDTH), AFT_OK);
        assert_int_equal(aft_run(p, workspace, bytes, phase, tasks, 0), AFT_SIZE);
    }
    assert_int_equal(aft_tasks(p, phases, &tasks), AFT_SIZE);
    assert_int_equal(aft_run(p, workspace, bytes, phases, 0, 0), AFT_SIZE);
}

/* A workspace that may be in the way of what the problem points to. */
static void try_place(const aft_problem *p, void *place, size_t bytes) {
    const aft_bias_kind kind = p->bias.kind;
    const view views[] = {
        view_of_input(&p->q, &p->shape, p->shape.q_len), view_of_input(&p->k, &p->shape, p->shape.kv_len),
        view_of_input(&p->v, &p->shape, p->shape.kv_len), view_of_output(p),
        kind == AFT_BIAS_NONE || kind == AFT_BIAS_PREPARED ? (view){0} : view_of_bias(&p->shape, &p->bias)};
    enum { VIEWS = sizeof views / sizeof views[0] };
    extent taken[VIEWS + 2] = {
        extent_of_bytes(p->shape.kv_lengths, p->shape.kv_lengths ? p->shape.batch * sizeof(size_t) : 0),
        extent_of_bytes(p->bias.data, kind == AFT_BIAS_PREPARED ? HEADER_BYTES : 0)};
    reasons ignored = 0;
    for (size_t i = 0; i < VIEWS; i++)
        taken[2 + i] = extent_of_view(&views[i], true, &ignored);
    const reasons why = why_no_workspace(place, bytes, bytes, taken, VIEWS + 2);
    if (why)
        expect_reason("aft_forward", aft_forward(p, place, bytes, NULL), why, false);
}

/* A workspace that is missing, short or in the way. */
static void refuse_workspaces(choices *c, const aft_problem *p, void *workspace, size_t bytes) {
    if (bytes == 0)
        return;
    assert_int_equal(aft_forward(p, NULL, bytes, NULL), AFT_NULL);
    assert_int_equal(aft_forward(p, workspace, bytes - 1 - choose_size(c, 0, 255) % bytes, NULL), AFT_WORKSPACE);
    unsigned char *const inside =
        (unsigned char *)arena_place(choose_size(c, 0, ARENA_FLOATS - 1)) + choose_size(c, 0, 3);
    try_place(p, inside, bytes);
    if (p->bias.kind == AFT_BIAS_PREPARED)
        try_place(p, (void *)(uintptr_t)p->bias.data, bytes);
    arena_expect_untouched("aft_forward, with a workspace that will not do,");
}

/* A legal problem whose tensors all lie in the arena. */
static void run_everywhere(choices *c, const aft_problem *p, const aft_problem *truth) {
    const aft_parallel width = {.width = WIDTH};
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        size_t bytes, more;
        use_isa(i);
        assert_int_equal(aft_workspace_bytes(p, NULL, &bytes), AFT_OK);
        assert_int_equal(aft_workspace_bytes(p, &width, &more), AFT_OK);
        void *const workspace = more ? malloc(more) : NULL;
        assert_true(workspace || more == 0);
        refuse_workspaces(c, p, workspace, bytes);
        assert_int_equal(aft_forward(p, workspace, bytes, NULL), AFT_OK);
        if (i == 0)
            judge(truth);
        arena_check_outcome("aft_forward");
        run_by_index(p, workspace, more);
        arena_check_outcome("aft_run");
        free(workspace);
    }
}

static aft_status workspace_bytes(const void *problem, const aft_parallel *parallel, size_t *bytes) {
    return aft_workspace_bytes(problem, parallel, bytes);
}

static aft_status forward(const void *problem, void *workspace, size_t bytes, const aft_parallel *parallel) {
    return aft_forward(problem, workspace, bytes, parallel);
}

/* Every call that must not do anything. `sizes`: reasons before there are addresses; `run`: of the problem as it is. */
static void refuse(const aft_problem *p, reasons sizes, reasons run, bool huge) {
    size_t answer = 12345;
    aft_status status = aft_workspace_bytes(p, NULL, &answer);
    expect_reason("aft_workspace_bytes", status, sizes, huge);
    assert_true(status == AFT_OK || answer == 12345);
    status = aft_phases(p, &answer);
    expect_reason("aft_phases", status, sizes, huge);
    if (status == AFT_OK && answer > 0)
        assert_int_equal(aft_tasks(p, 0, &answer), AFT_OK);
    if (run == 0)
        return;
    unsigned char workspace[64];
    expect_reason("aft_forward", aft_forward(p, workspace, sizeof workspace, NULL), run, huge);
    expect_reason("aft_run", aft_run(p, workspace, sizeof workspace, 0, 0, 0), run, huge);
    arena_expect_untouched("a call that was refused");
}

/* Another problem, with the bias that was prepared for a legal one. */
static void try_use(choices *c, const aft_problem *made, aft_bias prepared) {
    aft_problem p = *made, truth = *made;
    size_t *const sizes[] = {&p.shape.batch,  &p.shape.heads,    &p.shape.q_len,
                             &p.shape.kv_len, &p.shape.q_offset, &prepared.first_row};
    for (size_t left = choose_size(c, 0, 3); left > 0; left--) {
        size_t *const size = sizes[choose_size(c, 0, sizeof sizes / sizeof sizes[0] - 1)];
        *size = choose_flag(c) ? *size + choose_size(c, 0, 1) : choose_any_size(c, 20);
    }
    if (choose_flag(c))
        p.shape.causal = choose_flag(c);
    limit_lengths(&p.shape);
    p.bias = prepared;
    truth.shape = p.shape;
    truth.bias.first_row = prepared.first_row;
    if (made->shape.batch == 1) /* that of one serves all */
        truth.bias.batch_stride = 0;
    if (made->shape.heads == 1)
        truth.bias.head_stride = 0;
    const reasons why = why_no_prepared_problem(&p, true, &made->shape, &made->bias);
    refuse(&p, why_no_prepared_problem(&p, false, &made->shape, &made->bias), why,
           shape_is_huge(&p.shape, &made->bias));
    if (why == 0 && tensors_lie_in_arena(&p) && work_of(&p.shape) <= most_work)
        run_everywhere(c, &p, &truth);
}

static void try_prepared(choices *c, const aft_problem *made) {
    const aft_shape read = shape_to_prepare(&made->shape, &made->bias);
    const reasons sizes = why_no_bias(&made->shape, &made->bias, false) | why_no_bias_array(&read, &made->bias, false),
                  why = sizes | why_no_bias_array(&read, &made->bias, true);
    size_t bytes = 12345;
    aft_bias prepared;
    const aft_status status = aft_prepared_bytes(&made->shape, &made->bias, &bytes);
    expect_reason("aft_prepared_bytes", status, sizes, shape_is_huge(&made->shape, &made->bias));
    if (why || status != AFT_OK) {
        expect_reason("aft_prepare", aft_prepare(&made->shape, &made->bias, &prepared, 1, &prepared), why, true);
        return;
    }
    const view bias = view_of_bias(&read, &made->bias);
    if (bytes == 0 || bytes > MOST_PREPARED || !arena_holds(&bias))
        return;
    unsigned char *const memory = malloc(bytes);
    assert_non_null(memory);
    assert_int_equal(aft_prepare(&made->shape, &made->bias, memory, bytes - 1, &prepared), AFT_WORKSPACE);
    assert_int_equal(aft_prepare(&made->shape, &made->bias, memory, bytes, &prepared), AFT_OK);
    arena_expect_untouched("aft_prepare");
    try_use(c, made, prepared);
    free(memory);
}

/* What lies in the arena is no prepared bias, but may be read. */
static void try_foreign(aft_problem *p) {
    size_t answer;
    if ((uintptr_t)p->bias.data - (uintptr_t)arena_place(0) > ARENA_BYTES - HEADER_BYTES)
        p->bias.data = NULL;
    assert_int_not_equal(aft_workspace_bytes(p, NULL, &answer), AFT_OK);
}

/* Whether it is a legal problem, which then has run everywhere. */
static bool try_problem(choices *c, const aft_problem *p) {
    const reasons why = why_no_problem(p, true);
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        use_isa(i);
        refuse(p, why_no_problem(p, false), why, shape_is_huge(&p->shape, &p->bias));
    }
    const bool has_bias = p->bias.kind != AFT_BIAS_NONE;
    const view bias = has_bias && why == 0 ? view_of_bias(&p->shape, &p->bias) : (view){0};
    if (why || !tensors_lie_in_arena(p) || !arena_holds(&bias) || work_of(&p->shape) > most_work)
        return false;
    run_everywhere(c, p, p);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    choices c = {bytes, bytes + count};
    arena_fill(&c, 16);
    aft_problem p = choose_problem(&c);
    spoil(&c, &p);
    if (p.bias.kind == AFT_BIAS_PREPARED) {
        try_foreign(&p);
        return 0;
    }
    try_prepared(&c, &p);
    if (try_problem(&c, &p))
        try_strange_pool(&c, &(pooled_forward){&p, workspace_bytes, forward, false});
    if (choose_flag(&c)) {
        p.shape.kv_lengths = arena_move_lengths(&c);
        limit_lengths(&p.shape);
        try_problem(&c, &p);
    }
    return 0;
}
