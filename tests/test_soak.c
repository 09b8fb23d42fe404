/* SPDX-License-Identifier: MIT */
/* Mixed problems from several threads at once, while the instruction set changes under them: every output has the bits
 * that are recorded here, however long it lasts, and the process does not grow.
 *
 * AFT_SOAK_SECONDS=1800    how long; a few seconds if it is not given */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "pool.h"
#include "preparation.h"

enum { PROBLEMS = 30, LAYERS = 2, JOBS = PROBLEMS + LAYERS, WORKERS = 4, DIM = 37, UNITS = 21, LENGTH = 60 };

typedef struct layer {
    float weights[4][DIM * UNITS], biases[4][DIM], x[LENGTH * DIM], w[LENGTH * LENGTH];
    aft_sequences sequences; /* without a y */
    unsigned char *memory;
} layer;

/* Of each job, what all workers share. */
typedef struct job {
    const aft_problem *problem; /* or else: */
    const layer *layer;
    size_t y_floats, workspace_bytes; /* the most of any instruction set */
    uint64_t hash;                    /* of the outputs */
} job;

typedef struct soak {
    test_case cases[PROBLEMS];
    preparation prepared[PROBLEMS];
    layer layers[LAYERS];
    size_t kv_lengths[PROBLEMS][4];
    job jobs[JOBS];
    atomic_bool ends;
    atomic_size_t calls, failed_calls, other_bits;
} soak;

typedef struct worker {
    soak *all;
    uint64_t random;
    float *y;
    unsigned char *workspace;
} worker;

static uint64_t hash_of_rows(const aft_problem *p) {
    uint64_t hash = HASH_BASIS;
    for (size_t b = 0; b < p->shape.batch; b++)
        for (size_t h = 0; h < p->shape.heads; h++)
            for (size_t t = 0; t < p->shape.q_len; t++)
                hash =
                    hash_floats(hash, p->y.data + b * p->y.batch_stride + h * p->y.head_stride + t * p->y.time_stride,
                                p->shape.channels);
    return hash;
}

/* AFT_OK, and the hash of the outputs. */
static aft_status run(const job *j, float *y, void *workspace, const aft_parallel *parallel, uint64_t *hash) {
    if (j->problem) {
        aft_problem problem = *j->problem;
        problem.y.data = y;
        const aft_status status = aft_forward(&problem, workspace, j->workspace_bytes, parallel);
        *hash = hash_of_rows(&problem);
        return status;
    }
    aft_sequences sequences = j->layer->sequences;
    sequences.y = y;
    const aft_status status = aft_layer_forward(j->layer->memory, &sequences, workspace, j->workspace_bytes, parallel);
    *hash = hash_floats(HASH_BASIS, y, j->y_floats);
    return status;
}

static void make_problem(soak *all, size_t index) {
    case_spec spec = case_random(90, 70, all->kv_lengths[index]);
    spec.in_place = false; /* another worker reads q */
    test_case *const c = &all->cases[index];
    *c = case_make(&spec);
    if (index % 3 == 0 && spec.kind != AFT_BIAS_NONE) {
        all->prepared[index] = preparation_make(&c->problem.shape, &c->problem.bias);
        c->problem.bias = all->prepared[index].bias;
    }
    all->jobs[index] = (job){.problem = &c->problem, .y_floats = c->y.count / sizeof(float)};
}

static void fill(float *floats, size_t count) {
    for (size_t i = 0; i < count; i++)
        floats[i] = random_float(-1, 1);
}

static void make_layer(soak *all, size_t index) {
    layer *const l = &all->layers[index];
    fill(l->weights[0], sizeof l->weights / sizeof(float));
    fill(l->biases[0], sizeof l->biases / sizeof(float));
    fill(l->x, sizeof l->x / sizeof(float));
    fill(l->w, sizeof l->w / sizeof(float));
    const aft_layer described = {.dim = DIM,
                                 .heads = 1,
                                 .channels = UNITS,
                                 .max_length = LENGTH,
                                 .causal = index % 2,
                                 .bias = {.kind = AFT_BIAS_FULL, .data = l->w, .row_stride = LENGTH},
                                 .to_q = {l->weights[0], l->biases[0]},
                                 .to_k = {l->weights[1], l->biases[1]},
                                 .to_v = {l->weights[2], l->biases[2]},
                                 .project = {l->weights[3], l->biases[3]}};
    size_t bytes;
    assert_int_equal(aft_layer_bytes(&described, &bytes), AFT_OK);
    assert_non_null(l->memory = malloc(bytes));
    assert_int_equal(aft_layer_prepare(&described, l->memory, bytes), AFT_OK);
    l->sequences = (aft_sequences){.batch = 1, .length = LENGTH, .x = l->x, .x_time_stride = DIM, .y_time_stride = DIM};
    all->jobs[PROBLEMS + index] = (job){.layer = l, .y_floats = LENGTH * DIM};
}

static size_t workspace_of(const job *j, const aft_parallel *widest) {
    size_t most = 0, bytes;
    for (size_t i = 0; aft_isa_at(i); i++) {
        if (aft_use_isa(aft_isa_at(i)) != AFT_OK)
            continue;
        const aft_status status =
            j->problem ? aft_workspace_bytes(j->problem, widest, &bytes)
                       : aft_layer_workspace_bytes(j->layer->memory, &j->layer->sequences, widest, &bytes);
        assert_int_equal(status, AFT_OK);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static worker make_worker(soak *all, size_t number) {
    size_t floats = 0, bytes = 0;
    for (size_t i = 0; i < JOBS; i++) {
        floats = all->jobs[i].y_floats > floats ? all->jobs[i].y_floats : floats;
        bytes = all->jobs[i].workspace_bytes > bytes ? all->jobs[i].workspace_bytes : bytes;
    }
    worker made = {all, number * 2 + 1, calloc(floats + 1, sizeof(float)), calloc(1, bytes + 1)};
    assert_true(made.y && made.workspace);
    return made;
}

static uint64_t next(worker *self) { /* Marsaglia's xorshift64 */
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    return self->random ^= self->random << 17;
}

static void *work(void *argument) {
    worker *const self = argument;
    soak *const all = self->all;
    while (!atomic_load(&all->ends)) {
        const uint64_t drawn = next(self);
        pool p = {2};
        const aft_parallel parallel = pool_parallel(&p);
        const job *const j = &all->jobs[(drawn >> 32) % JOBS];
        uint64_t hash;
        const aft_status status = run(j, self->y, self->workspace, drawn % 16 == 0 ? &parallel : NULL, &hash);
        atomic_fetch_add(&all->calls, 1);
        if (status != AFT_OK)
            atomic_fetch_add(&all->failed_calls, 1);
        else if (hash != j->hash)
            atomic_fetch_add(&all->other_bits, 1);
    }
    return NULL;
}

/* Kilobytes that the process has in memory; 0 where the system does not say. */
static size_t resident(void) {
    size_t pages = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*s %zu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static double seconds_since(const struct timespec *begin) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + 1e-9 * (double)(now.tv_nsec - begin->tv_nsec);
}

static double wanted_seconds(void) {
    const char *const given = getenv("AFT_SOAK_SECONDS");
    char *end;
    const double seconds = given ? strtod(given, &end) : (double)harness_pick(2, 5, 20);
    if (given && (end == given || *end || !(seconds > 0)))
        harness_fail("AFT_SOAK_SECONDS is \"%s\", not a number of seconds", given);
    return seconds;
}

/* Every 20 ms another instruction set, in turn, until the time is over and there were so many calls: a busy machine takes
 * longer. */
static void change_isa_until(soak *all, const struct timespec *begin, double end, size_t calls) {
    for (size_t turn = 0; seconds_since(begin) < end || atomic_load(&all->calls) < calls; turn++) {
        const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        nanosleep(&pause, NULL);
        if (!aft_isa_at(turn))
            turn = 0;
        (void)aft_use_isa(aft_isa_at(turn)); /* this CPU may lack it */
    }
}

static soak *make_soak(void) {
    soak *const all = calloc(1, sizeof *all);
    assert_non_null(all);
    random_resume(1); /* whatever AFT_SEED is */
    for (size_t i = 0; i < PROBLEMS; i++)
        make_problem(all, i);
    for (size_t i = 0; i < LAYERS; i++)
        make_layer(all, i);
    const aft_parallel widest = {.width = 2};
    for (size_t i = 0; i < JOBS; i++)
        all->jobs[i].workspace_bytes = workspace_of(&all->jobs[i], &widest);
    return all;
}

static void free_soak(soak *all) {
    for (size_t i = 0; i < PROBLEMS; i++) {
        preparation_free(&all->prepared[i]);
        case_free(&all->cases[i]);
    }
    for (size_t i = 0; i < LAYERS; i++)
        free(all->layers[i].memory);
    free(all);
}

/* Once, by one thread: what the outputs are to be. As in test_bits, whoever changes bits on purpose records the new hash. */
static void expect_recorded(worker *self) {
    const uint64_t recorded = UINT64_C(0x9a22bb91a3abf65c);
    uint64_t hash = HASH_BASIS;
    for (size_t i = 0; i < JOBS; i++) {
        job *const j = &self->all->jobs[i];
        assert_int_equal(run(j, self->y, self->workspace, NULL, &j->hash), AFT_OK);
        hash = (hash ^ j->hash) * UINT64_C(0x100000001b3);
    }
    if (hash != recorded)
        harness_fail("the outputs hash to 0x%016" PRIx64 ", recorded is 0x%016" PRIx64, hash, recorded);
}

/* KiB that a process may grow: a pool's stacks come and go. A sanitizer's own memory grows for as long as it runs. */
#ifdef __has_feature
#define INSTRUMENTED                                                                                                   \
    (__has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif
static size_t growth_allowed(void) { return INSTRUMENTED ? (size_t)1 << 20 : harness_pick(64, 2, 2) * 1024; }

static void bits_and_memory_stay(const char *isa) {
    (void)isa;
    const double settling = 0.1; /* share of the time after which memory is looked at first */
    soak *const all = make_soak();
    worker workers[WORKERS];
    pthread_t threads[WORKERS];
    for (size_t i = 0; i < WORKERS; i++)
        workers[i] = make_worker(all, i);
    expect_recorded(&workers[0]);

    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            harness_fail("no thread %zu of %d: %s", i, WORKERS, strerror(errno));
    const double seconds = wanted_seconds();
    change_isa_until(all, &begin, settling * seconds, 0);
    const size_t settled = resident();
    change_isa_until(all, &begin, seconds, 2 * JOBS);
    const size_t at_end = resident();
    atomic_store(&all->ends, true);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    print_message(
        "%zu calls in %.0f s, %zu failed, %zu with other bits; %zu KiB in memory after a tenth, %zu at the end\n",
        all->calls, seconds_since(&begin), all->failed_calls, all->other_bits, settled, at_end);
    assert_int_equal(all->failed_calls, 0);
    assert_int_equal(all->other_bits, 0);
    assert_true(at_end <= settled + growth_allowed());
    for (size_t i = 0; i < WORKERS; i++) {
        free(workers[i].y);
        free(workers[i].workspace);
    }
    free_soak(all);
}

int main(void) {
    static const harness_unit units[] = {ONCE(bits_and_memory_stay)};
    return HARNESS_MAIN("soak", units);
}
