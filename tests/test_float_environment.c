/* SPDX-License-Identifier: MIT */
/* The host's floating-point environment, to the last sticky flag, is the same before and after the library is loaded, and
 * before and after each call, whatever that answers. */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

#include "float_mode.h"
#include "harness.h"
#include "loaded.h"

enum { ROWS = 70, KEYS = 90, CHANNELS = 19, WIDTH = 3 };

static float q[ROWS][CHANNELS], k[KEYS][CHANNELS], v[KEYS][CHANNELS], w[ROWS][KEYS], y[ROWS][CHANNELS];
/* Rows as many as make several tasks; the others as few as an emulator can bear. */
static size_t keys, channels;
static float_environment calm; /* of the test itself */

static void expect_kept(const char *what, const float_environment *host) {
    const float_environment after = float_environment_get();
    float_environment_set(&calm);
    for (size_t i = 0; i < FLOAT_WORDS; i++)
        if (after.words[i] != host->words[i])
            harness_fail("%s: %s was %#llx before and is %#llx after", what, float_word_names[i],
                         (unsigned long long)host->words[i], (unsigned long long)after.words[i]);
}

/* Evaluates the expression under the host's environment. */
#define UNDER(host, expression)                                                                                        \
    do {                                                                                                               \
        float_environment_set(host);                                                                                   \
        expression;                                                                                                    \
        expect_kept(#expression, host);                                                                                \
    } while (0)

#define EXPECT(host, wanted, call)                                                                                     \
    do {                                                                                                               \
        aft_status status;                                                                                             \
        UNDER(host, status = call);                                                                                    \
        assert_int_equal(status, wanted);                                                                              \
    } while (0)

static void for_environments(void (*check)(const float_environment *host, const char *isa), const char *isa) {
    static const uint64_t flags[] = {0, UINT64_MAX, UINT64_C(0x5555555555555555)};
    calm = float_environment_get();
    for (size_t m = 0; m < float_mode_count; m++)
        for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
            const float_environment host = float_environment_of(&float_modes[m], flags[f]);
            check(&host, isa);
        }
}

static void *load(const loaded_functions **functions) {
    void *const library = dlopen(AFT_TEST_LOADED, RTLD_NOW | RTLD_LOCAL);
    *functions = library ? dlsym(library, "loaded") : NULL;
    return library;
}

static void load_and_unload(const float_environment *host, const char *isa) {
    (void)isa;
    const loaded_functions *aft;
    void *library;
    UNDER(host, library = load(&aft));
    if (!library || !aft)
        harness_fail("cannot load the library: %s", dlerror());
    assert_true(aft->isa_name != aft_isa_name); /* or it is the one that this test is linked with */
    UNDER(host, aft->isa_name());               /* its first call */
    UNDER(host, dlclose(library));
}

static void loading(const char *isa) {
    (void)isa;
    for_environments(load_and_unload, NULL);
}

/* A pool that watches its thread's environment. */
typedef struct watch {
    const float_environment *host;
    size_t changed; /* tasks that left another one */
} watch;

static void run_watched(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                        void *argument) {
    watch *const seen = context;
    for (size_t i = 0; i < tasks; i++) {
        task(argument, i, i % WIDTH);
        const float_environment after = float_environment_get();
        for (size_t word = 0; word < FLOAT_WORDS; word++)
            seen->changed += after.words[word] != seen->host->words[word];
    }
}

static void run_nonsense(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                         void *argument) {
    (void)context;
    task(argument, tasks, 0);
}

static void *allocate(size_t bytes) {
    void *const memory = malloc(bytes + 1);
    assert_non_null(memory);
    return memory;
}

static void try_problem(const loaded_functions *aft, const float_environment *host, aft_problem problem) {
    watch seen = {.host = host};
    const aft_parallel pool = {.run = run_watched, .context = &seen, .width = WIDTH};
    const aft_parallel nonsense = {.run = run_nonsense, .width = WIDTH};
    size_t bytes, phases, tasks, most_tasks = 0;
    EXPECT(host, AFT_OK, aft->workspace_bytes(&problem, &pool, &bytes));
    EXPECT(host, AFT_NULL, aft->workspace_bytes(NULL, &pool, &bytes));
    void *const workspace = allocate(bytes);
    EXPECT(host, AFT_OK, aft->forward(&problem, workspace, bytes, NULL));
    EXPECT(host, AFT_OK, aft->forward(&problem, workspace, bytes, &pool));
    EXPECT(host, AFT_WORKSPACE, aft->forward(&problem, workspace, bytes - 1, &pool));
    EXPECT(host, AFT_OK, aft->phases(&problem, &phases));
    EXPECT(host, AFT_NULL, aft->phases(NULL, &phases));
    EXPECT(host, AFT_SIZE, aft->tasks(&problem, phases, &tasks));
    EXPECT(host, AFT_SIZE, aft->run(&problem, workspace, bytes, phases, 0, 0));
    for (size_t phase = 0; phase < phases; phase++) {
        EXPECT(host, AFT_OK, aft->tasks(&problem, phase, &tasks));
        most_tasks = tasks > most_tasks ? tasks : most_tasks;
        for (size_t task = 0; task < tasks; task++)
            EXPECT(host, AFT_OK, aft->run(&problem, workspace, bytes, phase, task, task % WIDTH));
    }
    /* A single task asks no pool. */
    EXPECT(host, most_tasks > 1 ? AFT_SIZE : AFT_OK, aft->forward(&problem, workspace, bytes, &nonsense));
    free(workspace);
    assert_int_equal(seen.changed, 0);
}

static void try_preparation(const loaded_functions *aft, const float_environment *host, aft_problem problem) {
    const aft_bias unknown = {.kind = (aft_bias_kind)77};
    aft_bias prepared;
    size_t bytes;
    EXPECT(host, AFT_OK, aft->prepared_bytes(&problem.shape, &problem.bias, &bytes));
    EXPECT(host, AFT_UNSUPPORTED, aft->prepared_bytes(&problem.shape, &unknown, &bytes));
    void *const memory = allocate(bytes);
    EXPECT(host, AFT_OK, aft->prepare(&problem.shape, &problem.bias, memory, bytes, &prepared));
    EXPECT(host, AFT_UNSUPPORTED, aft->prepare(&problem.shape, &unknown, memory, bytes, &prepared));
    problem.bias = prepared;
    try_problem(aft, host, problem);
    problem.shape.causal = !problem.shape.causal;
    EXPECT(host, AFT_STALE, aft->forward(&problem, NULL, 0, NULL));
    free(memory);
}

/* All rows go through linear maps of `channels` inputs and outputs, whose weights are v's. */
static void try_layer(const loaded_functions *aft, const float_environment *host, const aft_problem *problem) {
    watch seen = {.host = host};
    const aft_parallel pool = {.run = run_watched, .context = &seen, .width = WIDTH};
    const size_t length = problem->shape.q_len, dim = problem->k.time_stride;
    const aft_linear map = {problem->v.data, problem->k.data};
    const aft_layer layer = {dim, 1, 1, length, problem->shape.causal, problem->bias, map, map, map, map};
    const aft_sequences sequences = {.batch = 1,
                                     .length = length,
                                     .x = problem->q.data,
                                     .x_time_stride = problem->q.time_stride,
                                     .y = problem->y.data,
                                     .y_time_stride = problem->y.time_stride};
    size_t bytes, phases, tasks;
    EXPECT(host, AFT_OK, aft->layer_bytes(&layer, &bytes));
    EXPECT(host, AFT_NULL, aft->layer_bytes(NULL, &bytes));
    void *const memory = allocate(bytes);
    EXPECT(host, AFT_OK, aft->layer_prepare(&layer, memory, bytes));
    EXPECT(host, AFT_WORKSPACE, aft->layer_prepare(&layer, memory, bytes - 1));
    EXPECT(host, AFT_OK, aft->layer_workspace_bytes(memory, &sequences, &pool, &bytes));
    EXPECT(host, AFT_NULL, aft->layer_workspace_bytes(memory, NULL, &pool, &bytes));
    void *const workspace = allocate(bytes);
    EXPECT(host, AFT_OK, aft->layer_forward(memory, &sequences, workspace, bytes, NULL));
    EXPECT(host, AFT_OK, aft->layer_forward(memory, &sequences, workspace, bytes, &pool));
    EXPECT(host, AFT_WORKSPACE, aft->layer_forward(memory, &sequences, workspace, bytes - 1, &pool));
    EXPECT(host, AFT_OK, aft->layer_phases(memory, &sequences, &phases));
    EXPECT(host, AFT_SIZE, aft->layer_tasks(memory, &sequences, phases, &tasks));
    for (size_t phase = 0; phase < phases; phase++) {
        EXPECT(host, AFT_OK, aft->layer_tasks(memory, &sequences, phase, &tasks));
        for (size_t task = 0; task < tasks; task++)
            EXPECT(host, AFT_OK, aft->layer_run(memory, &sequences, workspace, bytes, phase, task, task % WIDTH));
    }
    EXPECT(host, AFT_SIZE, aft->layer_run(memory, &sequences, workspace, bytes, phases, 0, 0));
    free(workspace);
    free(memory);
    assert_int_equal(seen.changed, 0);
}

/* Each flag would be raised: these overflow, are subnormal, infinite or no numbers, but for a part that is plain. */
static void fill(float *x, size_t rows, size_t columns) {
    static const float hostile[] = {3e38f, -3e38f, 0x1p-149f, -0x1p-130f, INFINITY, -INFINITY, NAN, 0x1p-126f, 80, -80};
    for (size_t i = 0; i < rows * columns; i++)
        x[i] = i / columns % 3 == 2 ? hostile[random_size(0, sizeof hostile / sizeof hostile[0] - 1)]
                                    : random_float(-3, 3);
}

static void try_everything(const float_environment *host, const char *isa) {
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL};
    const loaded_functions *aft;
    void *const library = load(&aft);
    assert_true(library && aft);
    EXPECT(host, AFT_OK, aft->use_isa(isa));
    EXPECT(host, AFT_UNSUPPORTED, aft->use_isa("none"));
    EXPECT(host, AFT_NULL, aft->use_isa(NULL));
    UNDER(host, aft->isa_name());
    UNDER(host, aft->isa_at(0));
    UNDER(host, aft->isa_at(99));
    UNDER(host, aft->status_string(AFT_OK));
    UNDER(host, aft->status_string((aft_status)77));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int causal = 0; causal < 2; causal++) {
            const aft_problem problem = {
                .shape = {1, 1, .q_len = ROWS, .kv_len = keys, .channels = channels, .causal = causal},
                .bias = {.kind = kinds[i], .data = w, .row_stride = KEYS, .window = 9},
                .q = {.data = q[0], .time_stride = CHANNELS},
                .k = {.data = k[0], .time_stride = CHANNELS},
                .v = {.data = v[0], .time_stride = CHANNELS},
                .y = {.data = y[0], .time_stride = CHANNELS},
            };
            try_problem(aft, host, problem);
            try_layer(aft, host, &problem);
            if (kinds[i] != AFT_BIAS_NONE)
                try_preparation(aft, host, problem);
        }
    dlclose(library);
}

static void calling(const char *isa) {
    keys = harness_pick(20, KEYS, KEYS);
    channels = harness_pick(3, CHANNELS, CHANNELS);
    fill(q[0], ROWS, CHANNELS);
    fill(k[0], KEYS, CHANNELS);
    fill(v[0], KEYS, CHANNELS);
    fill(w[0], ROWS, KEYS);
    for_environments(try_everything, isa);
}

int main(void) {
    static const harness_unit units[] = {ONCE(loading), EACH_ISA(calling)};
    return HARNESS_MAIN("float_environment", units);
}
