/* SPDX-License-Identifier: MIT */
/* The OpenMP adapter: a pool like any other. */
#include "aft_openmp.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "cases.h"

enum { TASKS = 1000 };

static const int widths[] = {1, 2, 3, 7};

typedef struct record {
    atomic_int calls[TASKS];
    atomic_bool busy[TASKS]; /* by worker */
    size_t width;
    atomic_int faults;
} record;

static void note(void *argument, size_t index, size_t worker) {
    record *const r = argument;
    if (index >= TASKS || worker >= r->width || atomic_exchange(&r->busy[worker], true)) {
        atomic_fetch_add(&r->faults, 1);
        return;
    }
    atomic_fetch_add(&r->calls[index], 1);
    atomic_store(&r->busy[worker], false);
}

static void expect_each_once(const aft_parallel *parallel) {
    record r = {.width = parallel->width};
    parallel->run(parallel->context, TASKS, note, &r);
    assert_int_equal(atomic_load(&r.faults), 0);
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(atomic_load(&r.calls[i]), 1);
}

static void each_task_once(const char *isa) {
    (void)isa;
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        const aft_parallel parallel = aft_openmp(widths[w]);
        assert_int_equal(parallel.width, widths[w]);
        expect_each_once(&parallel);
    }
}

static void as_many_threads_as_openmp_takes(const char *isa) {
    (void)isa;
    const int before = omp_get_max_threads();
    omp_set_num_threads(3);
    const aft_parallel parallel = aft_openmp(0);
    omp_set_num_threads(before);
    assert_int_equal(parallel.width, 3);
    expect_each_once(&parallel);
}

static void same_bits(const char *isa) {
    (void)isa;
    for (int causal = 0; causal < 2; causal++) {
        case_spec spec = case_default(300, 300, 70);
        spec.kind = AFT_BIAS_FULL;
        spec.shape.batch = 2;
        spec.shape.causal = causal;
        test_case c = case_make(&spec);
        case_run(&c, NULL);
        float *const want = case_snapshot(&c);
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            const aft_parallel parallel = aft_openmp(widths[w]);
            case_run(&c, &parallel);
            case_same_bits(&c, want, "with OpenMP");
        }
        free(want);
        case_free(&c);
    }
}

/* Threads of the caller's own share an aft_parallel; each has a region of its own within theirs. */
static void within_a_parallel_region(const char *isa) {
    (void)isa;
    const aft_parallel parallel = aft_openmp(2);
    record records[3] = {{.width = 2}, {.width = 2}, {.width = 2}};
#pragma omp parallel for num_threads(3)
    for (int caller = 0; caller < 3; caller++)
        parallel.run(parallel.context, TASKS, note, &records[caller]);
    for (size_t caller = 0; caller < 3; caller++) {
        assert_int_equal(atomic_load(&records[caller].faults), 0);
        for (size_t i = 0; i < TASKS; i++)
            assert_int_equal(atomic_load(&records[caller].calls[i]), 1);
    }
}

int main(void) {
    const harness_unit units[] = {ONCE(each_task_once), ONCE(as_many_threads_as_openmp_takes),
                                  ONCE(within_a_parallel_region), EACH_ISA(same_bits)};
    return HARNESS_MAIN("openmp", units);
}
