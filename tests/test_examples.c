/* SPDX-License-Identifier: MIT */
/* The programs of examples/: what they print, and their exit status. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "reference.h"

int minimal_main(void);
int ith_nth_main(void);
int parallel_for_main(void);

typedef struct run {
    int status;
    char text[512]; /* of stdout */
} run;

static run run_example(int (*example)(void)) {
    run r = {0};
    FILE *const file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    const int terminal = dup(STDOUT_FILENO);
    assert_true(terminal >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    r.status = example();
    fflush(stdout);
    assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
    close(terminal);
    rewind(file);
    r.text[fread(r.text, 1, sizeof r.text - 1, file)] = '\0';
    fclose(file);
    return r;
}

/* Written out here once more: what examples/minimal.c is to compute. */
static void minimal(const char *isa) {
    (void)isa;
    enum { ROWS = 3, CHANNELS = 2 };
    static const float q[] = {1, -1, 0.5f, 2, 0, 3}, k[] = {0, 1, -1, 0.5f, 2, -2}, v[] = {1, 10, 2, 20, 3, 30};
    static const float w[ROWS][ROWS] = {{0, 0, 0}, {0.5f, -0.5f, 0}, {1, 0, 0.25f}};
    const aft_problem problem = {
        .shape = {.batch = 1, .heads = 1, .q_len = ROWS, .kv_len = ROWS, .channels = CHANNELS, .causal = true},
        .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = ROWS},
        .q = {.data = q, .time_stride = CHANNELS},
        .k = {.data = k, .time_stride = CHANNELS},
        .v = {.data = v, .time_stride = CHANNELS},
    };
    const run r = run_example(minimal_main);
    assert_int_equal(r.status, 0);
    const char *rest = r.text;
    for (size_t t = 0; t < ROWS; t++)
        for (size_t c = 0; c < CHANNELS; c++) {
            const reference_value want = reference_output(&problem, 0, 0, t, c);
            double got;
            int length;
            if (sscanf(rest, "%lf%n", &got, &length) != 1)
                harness_fail("minimal printed no y[%zu][%zu]:\n%s", t, c, r.text);
            if (!(fabs(got - want.y) <= 0.5e-6 + reference_bound(&want))) /* six decimals are printed */
                harness_fail("minimal printed %g as y[%zu][%zu], right is %g:\n%s", got, t, c, want.y, r.text);
            rest += length;
        }
    assert_string_equal(rest, "\n");
}

static void expect_line(int (*example)(void), const char *line) {
    const run r = run_example(example);
    assert_string_equal(r.text, line);
    assert_int_equal(r.status, 0);
}

static void ith_nth(const char *isa) {
    (void)isa;
    expect_line(ith_nth_main, "ith_nth: AFT-local, 300 rows, by index on 4 threads: the bits of one thread\n");
}

static void parallel_for(const char *isa) {
    (void)isa;
    expect_line(parallel_for_main,
                "parallel_for: AFT-full, 8 pairs of 150 rows, on a pool of 4: the bits of one thread\n");
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(minimal), EACH_ISA(ith_nth), EACH_ISA(parallel_for)};
    return HARNESS_MAIN("examples", units);
}
