/* SPDX-License-Identifier: MIT */
/* The same bits on every instruction set, from any number of workers, in any order, from any address, for any split
 * of a batch, under any mode of the host, and for a causal row whatever comes after it. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "float_mode.h"
#include "pool.h"

static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Large enough for several tasks in each phase, with tails everywhere. */
static case_spec several_tasks(aft_bias_kind kind, bool causal) {
    case_spec spec = case_default(harness_pick(70, 300, 700), harness_pick(70, 333, 700), harness_pick(3, 37, 37));
    spec.shape.batch = 2;
    spec.shape.heads = harness_pick(1, 2, 2);
    spec.shape.causal = causal;
    spec.kind = kind;
    spec.window = 25;
    spec.k_range = spec.w_range = random_chance(0.5) ? 2 : 60;
    return spec;
}

/* So few rows that the tasks of a block of them share its channels. */
static case_spec few_rows(aft_bias_kind kind, bool causal) {
    case_spec spec = case_default(harness_pick(20, 70, 70), harness_pick(30, 90, 300), harness_pick(70, 290, 530));
    spec.shape.causal = causal;
    spec.kind = kind;
    spec.window = 25;
    return spec;
}

/* Every kind, causal or not, of both shapes. */
static void for_tasks(void (*check)(const test_case *c, const float *want)) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int variant = 0; variant < 4; variant++) {
            const bool causal = variant % 2;
            const case_spec spec = variant < 2 ? several_tasks(kinds[kind], causal) : few_rows(kinds[kind], causal);
            test_case c = case_make(&spec);
            case_run(&c, NULL);
            float *const want = case_snapshot(&c);
            check(&c, want);
            free(want);
            case_free(&c);
        }
}

static void expect_bits_of_scalar(const test_case *c, const char *isa) {
    assert_int_equal(aft_use_isa("scalar"), AFT_OK);
    case_run(c, NULL);
    float *const want = case_snapshot(c);
    assert_int_equal(aft_use_isa(isa), AFT_OK);
    case_run(c, NULL);
    case_same_bits(c, want, "here, but not on scalar");
    free(want);
}

static void same_as_scalar(const char *isa) {
    for (size_t i = 0; i < harness_pick(8, 150, 600); i++) {
        size_t kv_lengths[4];
        const case_spec spec = case_random(harness_pick(50, 150, 250), 70, kv_lengths);
        test_case c = case_make(&spec);
        expect_bits_of_scalar(&c, isa);
        case_free(&c);
    }
}

/* Logits of which exp, taken whole by SLEEF, has other bits than p * 2^n: near enough to 0 to be mistaken. */
static const float deceptive[] = {-0x1.8f4bb2p+3f, -0x1.8f503ap+3f, 0x1.a56ef8p+2f, 0x1.fe2804p+2f, 0x1.842994p+3f};

static void deceptive_logits(const char *isa) {
    for (size_t i = 0; i < sizeof deceptive / sizeof deceptive[0]; i++)
        for (size_t kind = 0; kind < KINDS; kind++)
            for (int causal = 0; causal < 2; causal++) {
                case_spec spec = case_default(20, 20, 20);
                spec.kind = kinds[kind];
                spec.window = 25;
                spec.shape.causal = causal;
                test_case c = case_make(&spec);
                for (size_t j = 0; j < 20; j += 3) {
                    case_set_key(&c, j, deceptive[i], 3);
                    *case_q(&c, 0, 0, j, j) = -deceptive[i];
                    if (case_w(&c, 0, 0, j, j))
                        *case_w(&c, 0, 0, j, j) = deceptive[i];
                }
                expect_bits_of_scalar(&c, isa);
                case_free(&c);
            }
}

static void with_workers(const test_case *c, const float *want) {
    static const size_t widths[] = {1, 2, 3, 7};
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        pool p = {widths[w]};
        const aft_parallel parallel = pool_parallel(&p);
        case_run(c, &parallel);
        case_same_bits(c, want, "with a thread pool");
    }
}

static void worker_counts(const char *isa) {
    (void)isa;
    for_tasks(with_workers);
}

static void shuffle(size_t *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        items[i] = i;
    for (size_t i = count; i > 1; i--) {
        const size_t other = random_size(0, i - 1), kept = items[i - 1];
        items[i - 1] = items[other];
        items[other] = kept;
    }
}

/* Every task by index, in a random order, each under a random worker. */
static void run_shuffled(const test_case *c, size_t workers) {
    const aft_parallel width = {.width = workers}; /* a scheduler of the caller's own has no run() */
    size_t bytes, phases;
    assert_int_equal(aft_workspace_bytes(&c->problem, &width, &bytes), AFT_OK);
    guarded workspace = guarded_workspace(bytes, false, 1);
    assert_int_equal(aft_phases(&c->problem, &phases), AFT_OK);
    case_clear(c);
    for (size_t phase = 0; phase < phases; phase++) {
        size_t tasks;
        assert_int_equal(aft_tasks(&c->problem, phase, &tasks), AFT_OK);
        size_t *const order = calloc(tasks + 1, sizeof *order);
        assert_non_null(order);
        shuffle(order, tasks);
        for (size_t i = 0; i < tasks; i++)
            assert_int_equal(aft_run(&c->problem, workspace.bytes, bytes, phase, order[i], random_size(0, workers - 1)),
                             AFT_OK);
        free(order);
    }
    guarded_free(&workspace);
}

static void shuffled(const test_case *c, const float *want) {
    for (size_t workers = 1; workers < 4; workers++) {
        run_shuffled(c, workers);
        case_same_bits(c, want, "with its tasks in another order");
    }
}

static void tasks_in_any_order(const char *isa) {
    (void)isa;
    for_tasks(shuffled);
}

/* Threads have something to share however short the sequence. */
static void few_rows_are_many_tasks(const char *isa) {
    (void)isa;
    case_spec spec = case_default(10, 10, 512);
    spec.kind = AFT_BIAS_FULL;
    test_case c = case_make(&spec);
    size_t phases, tasks;
    assert_int_equal(aft_phases(&c.problem, &phases), AFT_OK);
    assert_int_equal(aft_tasks(&c.problem, phases - 1, &tasks), AFT_OK);
    assert_in_range(tasks, 4, 16);
    case_free(&c);
}

/* One batch and one head at a time, over the same memory. */
static void run_split(const test_case *c) {
    for (size_t b = 0; b < c->problem.shape.batch; b++)
        for (size_t h = 0; h < c->problem.shape.heads; h++) {
            aft_problem part = c->problem;
            part.shape.batch = part.shape.heads = 1;
            if (part.shape.kv_lengths)
                part.shape.kv_lengths += b;
            part.q.data += b * part.q.batch_stride + h * part.q.head_stride;
            part.k.data += b * part.k.batch_stride + h * part.k.head_stride;
            part.v.data += b * part.v.batch_stride + h * part.v.head_stride;
            part.y.data += b * part.y.batch_stride + h * part.y.head_stride;
            if (part.bias.data)
                part.bias.data = (const float *)part.bias.data + b * part.bias.batch_stride + h * part.bias.head_stride;
            size_t bytes;
            assert_int_equal(aft_workspace_bytes(&part, NULL, &bytes), AFT_OK);
            void *const workspace = malloc(bytes + 1);
            assert_non_null(workspace);
            assert_int_equal(aft_forward(&part, workspace, bytes, NULL), AFT_OK);
            free(workspace);
        }
}

static void batch_whole_or_split(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(6, 80, 800); i++) {
        size_t kv_lengths[4];
        case_spec spec = case_random(harness_pick(40, 100, 200), harness_pick(20, 40, 40), kv_lengths);
        spec.in_place = false;
        test_case c = case_make(&spec);
        case_run(&c, NULL);
        float *const want = case_snapshot(&c);
        run_split(&c);
        case_same_bits(&c, want, "one batch and head at a time");
        free(want);
        case_free(&c);
    }
}

/* The same numbers at every address and in every layout. */
static void try_places(case_spec spec) {
    const uint64_t numbers = random_state();
    test_case c = case_make(&spec);
    case_run(&c, NULL);
    float *const want = case_snapshot(&c);
    case_free(&c);
    for (size_t misalign = 0; misalign < 16; misalign++) {
        random_resume(numbers);
        spec.misalign = misalign;
        spec.at_start = misalign % 3 != 0;
        spec.heads_inside = misalign % 2;
        spec.in_place = misalign % 5 == 4;
        spec.gap = misalign % 4;
        c = case_make(&spec);
        case_run(&c, NULL);
        case_same_bits(&c, want, "at another address and in another layout");
        case_free(&c);
    }
    free(want);
}

static void every_misalignment(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = several_tasks(kinds[kind], causal);
            spec.shape.q_len = spec.shape.kv_len = harness_pick(20, 70, 70);
            try_places(spec);
        }
}

static void host_modes(const char *isa) {
    (void)isa;
    pool p = {3};
    const aft_parallel parallel = pool_parallel(&p),
                       by_index = {.width = 3}, *const ways[] = {NULL, &parallel, &by_index};
    for (size_t i = 0; i < harness_pick(4, 40, 400); i++) {
        size_t kv_lengths[4];
        case_spec spec = case_random(harness_pick(40, 100, 200), harness_pick(20, 40, 40), kv_lengths);
        if (i % 4 == 0) /* results that flushing would lose */
            spec.v_range = 0x1p-126f;
        if (i % 4 == 1) /* traps, if they were left on */
            spec.q_range = 3e38f;
        test_case c = case_make(&spec);
        case_run(&c, NULL);
        float *const want = case_snapshot(&c);
        for (size_t m = 1; m < float_mode_count; m++)
            for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
                float_mode_set(&float_modes[m]);
                case_run(&c, ways[way]);
                const uint64_t after = float_mode_bits();
                float_mode_set(&float_modes[0]);
                if (after != float_modes[m].bits)
                    harness_fail("the host's mode (%s) was not restored: %#llx became %#llx", float_modes[m].name,
                                 (unsigned long long)float_modes[m].bits, (unsigned long long)after);
                case_same_bits(&c, want, float_modes[m].name);
            }
        free(want);
        case_free(&c);
    }
}

/* Keys that wander upwards, so that the maximum of the past keeps changing. */
static void wander(const test_case *c, float step) {
    for (size_t i = 0; i < c->problem.shape.channels; i++) {
        float k = 0;
        for (size_t j = 0; j < c->problem.shape.kv_len; j++)
            *case_k(c, 0, 0, j, i) = k += random_float(-step, 1.2f * step);
    }
}

static size_t forward_prefix(const test_case *c, size_t length, float *y) {
    aft_problem prefix = c->problem;
    prefix.shape.q_len = prefix.shape.kv_len = length;
    prefix.y.data = y;
    size_t bytes;
    assert_int_equal(aft_workspace_bytes(&prefix, NULL, &bytes), AFT_OK);
    void *const workspace = malloc(bytes + 1);
    assert_non_null(workspace);
    assert_int_equal(aft_forward(&prefix, workspace, bytes, NULL), AFT_OK);
    free(workspace);
    return length * prefix.shape.channels;
}

static void causal_rows_keep_their_bits(const char *isa) {
    (void)isa;
    static const float ranges[] = {1, 20, 100, 1e4f};
    const size_t wanted = harness_pick(5000, 1000000, 10000000), longest = harness_pick(100, 500, 700);
    size_t compared = 0, moved = 0;
    while (compared < wanted) {
        case_spec spec = case_default(random_size(2, longest), 0, harness_pick(16, 64, 64));
        spec.shape.kv_len = spec.shape.q_len;
        spec.shape.causal = true;
        spec.kind = kinds[random_size(0, KINDS - 1)];
        spec.window = random_size(1, 80);
        spec.k_range = ranges[random_size(0, 3)];
        spec.w_range = ranges[random_size(0, 3)];
        test_case c = case_make(&spec);
        if (random_chance(0.3))
            wander(&c, ranges[random_size(0, 1)]);
        case_run(&c, NULL);
        float *const y = calloc(spec.shape.q_len * spec.shape.channels, sizeof *y);
        assert_non_null(y);
        const size_t outputs = forward_prefix(&c, random_size(1, spec.shape.q_len - 1), y);
        for (size_t i = 0; i < outputs; i++)
            moved += float_bits(y[i]) != float_bits(case_output(&c, 0, 0, 0)[i]);
        compared += outputs;
        free(y);
        case_free(&c);
    }
    if (moved)
        harness_fail("%zu of %zu outputs moved when the sequence grew", moved, compared);
}

/* The same bits on another architecture, from another compiler, and from this version as from the one before. Whoever
 * changes the order of a sum on purpose records the new hash here, and says so in CHANGELOG.md. */
static void as_recorded(const char *isa) {
    (void)isa;
    const uint64_t recorded = UINT64_C(0x6458ce2bc729a65e);
    uint64_t hash = HASH_BASIS;
    random_resume(1); /* whatever AFT_SEED is */
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++)
            for (float range = 2; range < 1000; range *= 20) {
                case_spec spec = case_default(150, 150, 37);
                spec.shape.causal = causal;
                spec.kind = kinds[kind];
                spec.window = 25;
                spec.q_range = spec.k_range = spec.w_range = range;
                test_case c = case_make(&spec);
                case_run(&c, NULL);
                float *const y = case_snapshot(&c);
                hash = hash_floats(hash, y, spec.shape.q_len * spec.shape.channels);
                free(y);
                case_free(&c);
            }
    if (hash != recorded)
        harness_fail("the outputs hash to 0x%016llx, recorded is 0x%016llx", (unsigned long long)hash,
                     (unsigned long long)recorded);
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(as_recorded),          EACH_ISA(same_as_scalar),
        EACH_ISA(deceptive_logits),     EACH_ISA(worker_counts),
        EACH_ISA(tasks_in_any_order),   EACH_ISA(few_rows_are_many_tasks),
        EACH_ISA(batch_whole_or_split), EACH_ISA(every_misalignment),
        EACH_ISA(host_modes),           EACH_ISA(causal_rows_keep_their_bits),
    };
    return HARNESS_MAIN("bits", units);
}
