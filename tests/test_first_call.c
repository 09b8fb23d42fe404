/* SPDX-License-Identifier: MIT */
/* The first call into the library, raced by 64 threads, each by one of several functions. A process has one first call, so
 * many processes run it. That no byte is written by one thread while another reads it, ThreadSanitizer tells: scripts/test
 * --only tsan. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "harness.h"

enum { RACERS = 64, ROWS = 20, KEYS = 40, CHANNELS = 19, WORKSPACE = 1 << 19 };

typedef struct racer {
    float y[ROWS][CHANNELS];
    unsigned char *workspace; /* large enough, so that no call need ask how large it is to be */
    const char *isa;
    void (*first_call)(struct racer *self);
} racer;

static float q[ROWS][CHANNELS], k[KEYS][CHANNELS], v[KEYS][CHANNELS], w[ROWS][KEYS];
static unsigned char *layer; /* packed, and shared with children */
static pthread_barrier_t start;

static aft_problem problem_of(racer *self) {
    return (aft_problem){.shape = {.batch = 1, .heads = 1, .q_len = ROWS, .kv_len = KEYS, .channels = CHANNELS},
                         .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = KEYS},
                         .q = {.data = q[0], .time_stride = CHANNELS},
                         .k = {.data = k[0], .time_stride = CHANNELS},
                         .v = {.data = v[0], .time_stride = CHANNELS},
                         .y = {.data = self->y[0], .time_stride = CHANNELS}};
}

static void by_forward(racer *self) {
    const aft_problem problem = problem_of(self);
    REQUIRE(aft_forward(&problem, self->workspace, WORKSPACE, NULL) == AFT_OK);
}

static void by_name(racer *self) {
    (void)self;
    REQUIRE(aft_isa_name());
}

static void by_workspace_bytes(racer *self) {
    const aft_problem problem = problem_of(self);
    size_t bytes;
    REQUIRE(aft_workspace_bytes(&problem, NULL, &bytes) == AFT_OK);
    REQUIRE(bytes <= WORKSPACE);
}

static void by_phases(racer *self) {
    const aft_problem problem = problem_of(self);
    size_t phases;
    REQUIRE(aft_phases(&problem, &phases) == AFT_OK);
}

static void by_tasks(racer *self) {
    const aft_problem problem = problem_of(self);
    size_t tasks;
    REQUIRE(aft_tasks(&problem, 0, &tasks) == AFT_OK);
}

static void by_run(racer *self) {
    const aft_problem problem = problem_of(self);
    REQUIRE(aft_run(&problem, self->workspace, WORKSPACE, 0, 0, 0) == AFT_OK);
}

static void by_prepare(racer *self) {
    const aft_problem problem = problem_of(self);
    aft_bias prepared;
    REQUIRE(aft_prepare(&problem.shape, &problem.bias, self->workspace, WORKSPACE, &prepared) == AFT_OK);
}

static void by_prepared_bytes(racer *self) {
    const aft_problem problem = problem_of(self);
    size_t bytes;
    REQUIRE(aft_prepared_bytes(&problem.shape, &problem.bias, &bytes) == AFT_OK);
}

static aft_sequences sequences_of(racer *self) {
    return (aft_sequences){
        .batch = 1, .length = ROWS, .x = q[0], .x_time_stride = CHANNELS, .y = self->y[0], .y_time_stride = CHANNELS};
}

static void by_layer_workspace_bytes(racer *self) {
    const aft_sequences sequences = sequences_of(self);
    size_t bytes;
    REQUIRE(aft_layer_workspace_bytes(layer, &sequences, NULL, &bytes) == AFT_OK);
}

static void by_layer_tasks(racer *self) {
    const aft_sequences sequences = sequences_of(self);
    size_t tasks;
    REQUIRE(aft_layer_tasks(layer, &sequences, 1, &tasks) == AFT_OK);
}

static void by_layer_forward(racer *self) {
    const aft_sequences sequences = sequences_of(self);
    REQUIRE(aft_layer_forward(layer, &sequences, self->workspace, WORKSPACE, NULL) == AFT_OK);
}

static void by_layer_run(racer *self) {
    const aft_sequences sequences = sequences_of(self);
    REQUIRE(aft_layer_run(layer, &sequences, self->workspace, WORKSPACE, 0, 0, 0) == AFT_OK);
}

static void by_use_isa(racer *self) {
    (void)self;
    size_t level = 0;
    while (aft_isa_at(level))
        level++;
    do
        level--;
    while (level > 0 && aft_use_isa(aft_isa_at(level)) != AFT_OK);
}

static void (*const first_calls[])(racer *self) = {
    by_forward,         by_name,          by_phases,         by_tasks,   by_run,
    by_workspace_bytes, by_prepare,       by_prepared_bytes, by_use_isa, by_layer_workspace_bytes,
    by_layer_run,       by_layer_forward, by_layer_tasks,
};
enum { FIRST_CALLS = sizeof first_calls / sizeof first_calls[0] };

static void *race(void *argument) {
    racer *const self = argument;
    pthread_barrier_wait(&start);
    self->first_call(self);
    by_forward(self);
    self->isa = aft_isa_name();
    return NULL;
}

static void racers_agree(void) {
    static racer racers[RACERS], scalar;
    static unsigned char workspaces[RACERS][WORKSPACE];
    pthread_t threads[RACERS];
    REQUIRE(pthread_barrier_init(&start, NULL, RACERS) == 0);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (racer){.workspace = workspaces[i], .first_call = first_calls[i % FIRST_CALLS]};
        REQUIRE(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    for (size_t i = 0; i < RACERS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);

    const char *const highest = aft_isa_name();
    REQUIRE(aft_use_isa("scalar") == AFT_OK);
    scalar.workspace = workspaces[0];
    by_forward(&scalar);
    for (size_t i = 0; i < RACERS; i++) {
        REQUIRE(strcmp(racers[i].isa, highest) == 0);
        REQUIRE(memcmp(racers[i].y, scalar.y, sizeof scalar.y) == 0);
    }
}

static void pack_layer(void) {
    const aft_linear map = {.weight = w[0]};
    const aft_layer parts = {.dim = CHANNELS,
                             .heads = 1,
                             .channels = CHANNELS,
                             .max_length = ROWS,
                             .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = KEYS},
                             .to_q = map,
                             .to_k = map,
                             .to_v = map,
                             .project = map};
    REQUIRE(aft_layer_prepare(&parts, layer, WORKSPACE) == AFT_OK);
}

static void fill(float *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        x[i] = random_float(-2, 2);
}

static void threads_race(const char *isa) {
    (void)isa;
    fill(q[0], ROWS * CHANNELS);
    fill(k[0], KEYS * CHANNELS);
    fill(v[0], KEYS * CHANNELS);
    fill(w[0], ROWS * KEYS);
    layer = mmap(NULL, WORKSPACE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(layer, MAP_FAILED);
    in_child(NULL, pack_layer); /* here it might choose */
    for (size_t i = 0; i < harness_pick(3, 50, 1000); i++)
        in_child(i % 3 == 2 ? "scalar" : NULL, racers_agree);
    munmap(layer, WORKSPACE);
}

int main(void) {
    static const harness_unit units[] = {ONCE(threads_race)};
    return HARNESS_MAIN("first_call", units);
}
