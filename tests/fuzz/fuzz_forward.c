/* SPDX-License-Identifier: MIT */
/* A problem of any shape, layout, bias and values, on every instruction set: near the reference, the same bits
 * everywhere, by index, batch by batch, and with the bias prepared. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "fuzz/arena.h"
#include "preparation.h"

enum { MOST_WORK = 1 << 15, MOST_CHANGES = 24, WIDTH = 3 };

/* The largest sizes are halved until a run takes a few milliseconds. */
static void limit_work(aft_shape *shape) {
    for (;;) {
        size_t *const sizes[] = {&shape->batch, &shape->heads, &shape->q_len, &shape->kv_len, &shape->channels};
        size_t *largest = sizes[0], work = 1;
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            work *= *sizes[i] ? *sizes[i] : 1;
            largest = *sizes[i] > *largest ? sizes[i] : largest;
        }
        if (work <= MOST_WORK)
            return;
        *largest /= 2;
    }
}

static case_spec choose_case(choices *c, size_t kv_lengths[4]) {
    static const float ranges[] = {0, 1, 5, 20, 100, 1e4f, 0x1p21f, 1e-3f};
    static const float value_ranges[] = {1, 0, 100, 1e-40f, 0x1p-70f, 0x1p97f, 3e38f, 1e-30f};
    case_spec spec = case_default(choose_size(c, 0, 200), choose_size(c, 0, 2200), choose_size(c, 0, 300));
    aft_shape *const shape = &spec.shape;
    shape->batch = choose_size(c, 0, 4);
    shape->heads = choose_size(c, 0, 4);
    limit_work(shape);
    shape->q_offset = choose_flag(c) ? choose_size(c, 0, 300) : 0;
    shape->causal = choose_flag(c);
    if (choose_flag(c)) {
        for (size_t b = 0; b < shape->batch; b++)
            kv_lengths[b] = choose_size(c, 0, shape->kv_len);
        shape->kv_lengths = kv_lengths;
    }
    spec.kind = (aft_bias_kind)choose_size(c, AFT_BIAS_NONE, AFT_BIAS_BAND);
    spec.window = choose_size(c, spec.kind == AFT_BIAS_BAND, 300);
    spec.first_row = choose_flag(c) ? choose_size(c, 0, 70) : 0;
    spec.bias_per_batch = choose_flag(c);
    spec.bias_per_head = choose_flag(c);
    spec.heads_inside = choose_flag(c);
    spec.shared_keys = choose_flag(c);
    spec.in_place = choose_flag(c);
    spec.at_start = choose_flag(c);
    spec.gap = choose_size(c, 0, 9);
    spec.misalign = choose_size(c, 0, 15);
    spec.q_range = ranges[choose_size(c, 0, 7)];
    spec.k_range = ranges[choose_size(c, 0, 7)];
    spec.w_range = ranges[choose_size(c, 0, 7)];
    spec.v_range = value_ranges[choose_size(c, 0, 7)];
    random_resume(choose_bits(c, 2));
    return spec;
}

/* One element or a whole stretch of q, k, v or w takes another value. */
static void change_values(choices *c, const test_case *t) {
    const aft_shape *const s = &t->problem.shape;
    const size_t pairs = s->batch * s->heads;
    for (size_t i = 0; i < MOST_CHANGES && c->at < c->end; i++) {
        const size_t which = choose_size(c, 0, 3), times = which == 1 || which == 2 ? s->kv_len : s->q_len;
        const size_t across = which == 3 ? s->kv_len : s->channels;
        if (pairs == 0 || times == 0 || across == 0)
            continue;
        const size_t pair = choose_size(c, 0, pairs - 1), first = choose_size(c, 0, times - 1);
        const size_t column = choose_size(c, 0, across - 1), stretch = choose_flag(c) ? choose_size(c, 1, 64) : 1;
        const bool whole = choose_flag(c);
        const float value = choose_float(c);
        for (size_t time = first; time < times && time < first + stretch; time++)
            for (size_t j = whole ? 0 : column; j < (whole ? across : column + 1); j++) {
                float *(*const of[])(const test_case *, size_t, size_t, size_t, size_t) = {case_q, case_k, case_v,
                                                                                           case_w};
                float *const at = of[which](t, pair / s->heads, pair % s->heads, time, j);
                if (at)
                    *at = value;
            }
    }
}

/* Last task first, on the workers in turn. */
static void run_backwards(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                          void *argument) {
    (void)context;
    while (tasks-- > 0)
        task(argument, tasks, tasks % WIDTH);
}

/* Each batch as a problem of its own: y of the case is written again. */
static void run_batch_by_batch(const test_case *t) {
    for (size_t b = 0; b < t->problem.shape.batch; b++) {
        aft_problem one = t->truth; /* in place or not, this q is whole */
        one.y = t->problem.y;
        one.shape.batch = 1;
        if (one.shape.kv_lengths)
            one.shape.kv_lengths += b;
        one.q.data += b * one.q.batch_stride;
        one.k.data += b * one.k.batch_stride;
        one.v.data += b * one.v.batch_stride;
        one.y.data += b * one.y.batch_stride;
        if (one.bias.data)
            one.bias.data = (const float *)one.bias.data + b * one.bias.batch_stride;
        size_t bytes;
        assert_int_equal(aft_workspace_bytes(&one, NULL, &bytes), AFT_OK);
        void *const workspace = malloc(bytes + 1);
        assert_non_null(workspace);
        assert_int_equal(aft_forward(&one, workspace, bytes, NULL), AFT_OK);
        free(workspace);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure ends the process where it happens */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    choices c = {bytes, bytes + count};
    size_t kv_lengths[4];
    const size_t isas = count_isas();
    const case_spec spec = choose_case(&c, kv_lengths);
    const size_t other = choose_size(&c, 0, 255) % isas;
    test_case t = case_make(&spec);
    change_values(&c, &t);

    use_isa(0);
    case_run(&t, NULL);
    case_check(&t, 1);
    float *const want = case_snapshot(&t);
    for (size_t i = 1; i < isas; i++) {
        use_isa(i);
        case_run(&t, NULL);
        case_same_bits(&t, want, aft_isa_at(i));
    }
    use_isa(other);
    case_run(&t, &(aft_parallel){.run = run_backwards, .width = WIDTH});
    case_same_bits(&t, want, "on a pool");
    case_run(&t, &(aft_parallel){.width = WIDTH});
    case_same_bits(&t, want, "by index");
    run_batch_by_batch(&t);
    case_same_bits(&t, want, "batch by batch");
    free(want);

    if (spec.kind == AFT_BIAS_NONE || (spec.kind == AFT_BIAS_LOCAL && spec.window == 0)) {
        case_free(&t);
        return 0;
    }
    prepared_case p = prepared_case_of(t);
    case_run(&p.c, NULL);
    if (spec.shape.kv_lengths) /* with keys left out of what was prepared bits may differ */
        case_check(&p.c, 1);
    else
        case_same_bits(&p.c, p.want, "with the bias prepared");
    prepared_case_free(&p);
    return 0;
}
