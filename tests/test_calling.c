/* SPDX-License-Identifier: MIT */
/* Every public function keeps to the platform's calling convention, whatever the instruction set. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "watched_call.h"

enum { ROWS = 70, CHANNELS = 19, WIDTH = 2 };

static float q[ROWS][CHANNELS], k[ROWS][CHANNELS], v[ROWS][CHANNELS], w[ROWS][ROWS], y[ROWS][CHANNELS];

static void expect_fault(watched_function *function, uint64_t argument, const char *fault) {
    watched_call call = {
        .function = function, .arguments = {argument}, .looks_at_upper_halves = watched_upper_halves()};
    watched_call_run(&call);
    const char *const seen = watched_call_fault(&call);
    if (fault ? !seen || strcmp(seen, fault) != 0 : seen != NULL)
        harness_fail("of %s, '%s' is seen", fault ? fault : "nothing", seen ? seen : "nothing");
}

/* Functions that leave one thing changed, or none. */
static void faults_are_seen(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < WATCHED_REGISTERS; i++)
        expect_fault((watched_function *)watched_fault_register, i, watched_registers[i]);
    expect_fault((watched_function *)watched_fault_register, WATCHED_REGISTERS, NULL);
    expect_fault(watched_fault_stack, 0, "the caller's stack");
}

#if defined(__x86_64__)
static void faults_of_x86_are_seen(const char *isa) {
    (void)isa;
    expect_fault(watched_fault_direction, 0, "the direction flag");
    if (!watched_upper_halves()) {
        print_message("faults_of_x86_are_seen: skipped, this CPU does not tell which vector registers are in use: no "
                      "test looks at their upper halves\n");
        skip();
    }
    expect_fault(watched_fault_upper_halves, 0, "the upper halves of vector registers");
}
#endif

/* Those that lie on the stack, too. */
static uint64_t digits(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    return ((((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g) * 10 + h;
}

static void arguments_arrive(const char *isa) {
    (void)isa;
    assert_int_equal(WATCH(digits, 1, 2, 3, 4, 5, 6, 7, 8), 12345678);
}

static void *allocate(size_t bytes) {
    void *const memory = malloc(bytes + 1);
    assert_non_null(memory);
    return memory;
}

static void run_tasks(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                      void *argument) {
    (void)context;
    for (size_t i = 0; i < tasks; i++)
        WATCH(task, WATCH_POINTER(argument), i, i % WIDTH);
}

#define EXPECT_OK(...) assert_int_equal(WATCH(__VA_ARGS__), AFT_OK)

static void call_problem(const aft_problem *problem) {
    const aft_parallel pool = {.run = run_tasks, .width = WIDTH};
    size_t bytes, phases, tasks;
    EXPECT_OK(aft_workspace_bytes, WATCH_POINTER(problem), WATCH_POINTER(&pool), WATCH_POINTER(&bytes));
    void *const workspace = allocate(bytes);
    EXPECT_OK(aft_forward, WATCH_POINTER(problem), WATCH_POINTER(workspace), bytes);
    assert_int_equal(aft_forward(problem, workspace, bytes, &pool), AFT_OK); /* a watched call holds no other */
    EXPECT_OK(aft_phases, WATCH_POINTER(problem), WATCH_POINTER(&phases));
    for (size_t phase = 0; phase < phases; phase++) {
        EXPECT_OK(aft_tasks, WATCH_POINTER(problem), phase, WATCH_POINTER(&tasks));
        for (size_t task = 0; task < tasks; task++)
            EXPECT_OK(aft_run, WATCH_POINTER(problem), WATCH_POINTER(workspace), bytes, phase, task, task % WIDTH);
    }
    free(workspace);
}

static void call_prepared(aft_problem problem) {
    size_t bytes;
    EXPECT_OK(aft_prepared_bytes, WATCH_POINTER(&problem.shape), WATCH_POINTER(&problem.bias), WATCH_POINTER(&bytes));
    void *const memory = allocate(bytes);
    EXPECT_OK(aft_prepare, WATCH_POINTER(&problem.shape), WATCH_POINTER(&problem.bias), WATCH_POINTER(memory), bytes,
              WATCH_POINTER(&problem.bias));
    call_problem(&problem);
    free(memory);
}

/* Linear maps of CHANNELS inputs and outputs, whose weights are rows of v. */
static void call_layer(const aft_problem *problem) {
    const aft_parallel pool = {.run = run_tasks, .width = WIDTH};
    const aft_linear map = {v[0], k[0]};
    const aft_layer layer = {CHANNELS, 1, CHANNELS, ROWS, problem->shape.causal, problem->bias, map, map, map, map};
    const aft_sequences sequences = {
        .batch = 1, .length = ROWS, .x = q[0], .x_time_stride = CHANNELS, .y = y[0], .y_time_stride = CHANNELS};
    size_t bytes, phases, tasks;
    EXPECT_OK(aft_layer_bytes, WATCH_POINTER(&layer), WATCH_POINTER(&bytes));
    void *const memory = allocate(bytes);
    EXPECT_OK(aft_layer_prepare, WATCH_POINTER(&layer), WATCH_POINTER(memory), bytes);
    EXPECT_OK(aft_layer_workspace_bytes, WATCH_POINTER(memory), WATCH_POINTER(&sequences), WATCH_POINTER(&pool),
              WATCH_POINTER(&bytes));
    void *const workspace = allocate(bytes);
    EXPECT_OK(aft_layer_forward, WATCH_POINTER(memory), WATCH_POINTER(&sequences), WATCH_POINTER(workspace), bytes);
    assert_int_equal(aft_layer_forward(memory, &sequences, workspace, bytes, &pool), AFT_OK);
    EXPECT_OK(aft_layer_phases, WATCH_POINTER(memory), WATCH_POINTER(&sequences), WATCH_POINTER(&phases));
    for (size_t phase = 0; phase < phases; phase++) {
        EXPECT_OK(aft_layer_tasks, WATCH_POINTER(memory), WATCH_POINTER(&sequences), phase, WATCH_POINTER(&tasks));
        for (size_t task = 0; task < tasks; task++)
            EXPECT_OK(aft_layer_run, WATCH_POINTER(memory), WATCH_POINTER(&sequences), WATCH_POINTER(workspace), bytes,
                      phase, task, task % WIDTH);
    }
    free(workspace);
    free(memory);
}

static void fill(float *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        x[i] = random_chance(0.01) ? 1e30f : random_float(-3, 3);
}

static void public_functions(const char *isa) {
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL};
    fill(q[0], sizeof q / sizeof(float));
    fill(k[0], sizeof k / sizeof(float));
    fill(v[0], sizeof v / sizeof(float));
    fill(w[0], sizeof w / sizeof(float));
    EXPECT_OK(aft_use_isa, WATCH_POINTER(isa)); /* asks the CPU */
    WATCH(aft_isa_name, 0);
    WATCH(aft_isa_at, 1);
    WATCH(aft_status_string, AFT_SIZE);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int causal = 0; causal < 2; causal++) {
            const aft_problem problem = {
                .shape = {1, 1, .q_len = ROWS, .kv_len = ROWS, .channels = CHANNELS, .causal = causal},
                .bias = {.kind = kinds[i], .data = w, .row_stride = ROWS, .window = 9},
                .q = {.data = q[0], .time_stride = CHANNELS},
                .k = {.data = k[0], .time_stride = CHANNELS},
                .v = {.data = v[0], .time_stride = CHANNELS},
                .y = {.data = y[0], .time_stride = CHANNELS},
            };
            call_problem(&problem);
            call_layer(&problem);
            if (kinds[i] != AFT_BIAS_NONE)
                call_prepared(problem);
        }
}

int main(void) {
    static const harness_unit units[] = {
        ONCE(faults_are_seen),
#if defined(__x86_64__)
        ONCE(faults_of_x86_are_seen),
#endif
        ONCE(arguments_arrive),
        EACH_ISA(public_functions),
    };
    return HARNESS_MAIN("calling", units);
}
