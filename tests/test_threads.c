/* SPDX-License-Identifier: MIT */
/* What engines do with threads, each time with the bits of one thread: phases by index as ith of nth, every function at
 * once on shared inputs, a pool of which several threads misbehave at once, and the Python package's own pool. That no
 * byte is written by one thread while another reads it, ThreadSanitizer tells: scripts/test --only tsan. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "preparation.h"
#include "refusal.h"

enum { NTH = 4, BATCH = 2, HEADS = 2, LENGTH = 200, CHANNELS = 5, DIM = 20 };

/* Of threads, which cannot fail a test by themselves. */
static atomic_size_t failures;

#define EXPECT(condition) ((condition) ? (void)0 : note_failure(#condition))

static void note_failure(const char *condition) {
    print_error("on a thread: not %s\n", condition);
    atomic_fetch_add(&failures, 1);
}

/* Runs task(argument, ith, worker) on NTH threads, if each of them meets the others at a barrier. */
static void on_threads(void (*task)(void *argument, size_t ith, size_t worker), void *argument) {
    pool p = {NTH};
    const aft_parallel threads = pool_parallel(&p);
    atomic_store(&failures, 0);
    threads.run(threads.context, NTH, task, argument);
    assert_int_equal(atomic_load(&failures), 0);
}

/* ---- what is run */

typedef struct work {
    const aft_problem *problem; /* or else: */
    const void *layer;
    const aft_sequences *sequences;
} work;

static aft_status workspace_bytes_of(const work *w, const aft_parallel *parallel, size_t *bytes) {
    return w->problem ? aft_workspace_bytes(w->problem, parallel, bytes)
                      : aft_layer_workspace_bytes(w->layer, w->sequences, parallel, bytes);
}

static aft_status forward_of(const work *w, void *workspace, size_t bytes, const aft_parallel *parallel) {
    return w->problem ? aft_forward(w->problem, workspace, bytes, parallel)
                      : aft_layer_forward(w->layer, w->sequences, workspace, bytes, parallel);
}

static aft_status phases_of(const work *w, size_t *phases) {
    return w->problem ? aft_phases(w->problem, phases) : aft_layer_phases(w->layer, w->sequences, phases);
}

static aft_status tasks_of(const work *w, size_t phase, size_t *tasks) {
    return w->problem ? aft_tasks(w->problem, phase, tasks) : aft_layer_tasks(w->layer, w->sequences, phase, tasks);
}

static aft_status run_of(const work *w, void *workspace, size_t bytes, size_t phase, size_t task, size_t worker) {
    return w->problem ? aft_run(w->problem, workspace, bytes, phase, task, worker)
                      : aft_layer_run(w->layer, w->sequences, workspace, bytes, phase, task, worker);
}

static void *allocate(size_t bytes) {
    void *const memory = calloc(1, bytes + 1);
    if (!memory) /* a thread cannot fail a test */
        abort();
    return memory;
}

static void *workspace_for(const work *w, size_t width, size_t *bytes) {
    assert_int_equal(workspace_bytes_of(w, &(aft_parallel){.width = width}, bytes), AFT_OK);
    return allocate(*bytes);
}

static void run_alone(const work *w) {
    size_t bytes;
    void *const workspace = workspace_for(w, 1, &bytes);
    assert_int_equal(forward_of(w, workspace, bytes, NULL), AFT_OK);
    free(workspace);
}

/* A layer whose maps and bias share their parameters. */
typedef struct example_layer {
    float parameters[LENGTH * LENGTH], x[BATCH * LENGTH * DIM], y[BATCH * LENGTH * DIM];
    aft_layer parts;
    aft_sequences sequences;
    void *memory;
    size_t bytes;
} example_layer;

static void fill(float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = random_float(-1, 1);
}

static example_layer *make_layer(void) {
    example_layer *const l = allocate(sizeof *l);
    fill(l->parameters, LENGTH * LENGTH);
    fill(l->x, BATCH * LENGTH * DIM);
    const aft_linear map = {l->parameters, l->parameters};
    l->parts = (aft_layer){.dim = DIM,
                           .heads = HEADS,
                           .channels = CHANNELS,
                           .max_length = LENGTH,
                           .bias = {.kind = AFT_BIAS_FULL, .data = l->parameters, .row_stride = LENGTH},
                           .to_q = map,
                           .to_k = map,
                           .to_v = map,
                           .project = map};
    l->sequences = (aft_sequences){.batch = BATCH,
                                   .length = LENGTH,
                                   .x = l->x,
                                   .x_batch_stride = LENGTH * DIM,
                                   .x_time_stride = DIM,
                                   .y = l->y,
                                   .y_batch_stride = LENGTH * DIM,
                                   .y_time_stride = DIM};
    assert_int_equal(aft_layer_bytes(&l->parts, &l->bytes), AFT_OK);
    l->memory = allocate(l->bytes);
    assert_int_equal(aft_layer_prepare(&l->parts, l->memory, l->bytes), AFT_OK);
    return l;
}

static void free_layer(example_layer *l) {
    free(l->memory);
    free(l);
}

static test_case make_case(aft_bias_kind kind, bool causal) {
    case_spec spec = case_default(LENGTH, LENGTH, CHANNELS);
    spec.shape.batch = BATCH;
    spec.shape.heads = HEADS;
    spec.shape.causal = causal;
    spec.kind = kind;
    spec.window = 9;
    return case_make(&spec);
}

/* ---- by index */

typedef struct crew {
    const work *work;
    void *workspace;
    size_t bytes;
    pthread_barrier_t barrier; /* behind each phase */
} crew;

static void run_phases(const work *w, void *workspace, size_t bytes, size_t ith, size_t nth,
                       pthread_barrier_t *barrier) {
    size_t phases = 0, tasks = 0;
    EXPECT(phases_of(w, &phases) == AFT_OK);
    for (size_t phase = 0; phase < phases; phase++) {
        EXPECT(tasks_of(w, phase, &tasks) == AFT_OK);
        EXPECT(tasks >= NTH); /* or a thread has nothing to do */
        for (size_t task = ith; task < tasks; task += nth)
            EXPECT(run_of(w, workspace, bytes, phase, task, ith) == AFT_OK);
        if (barrier)
            pthread_barrier_wait(barrier);
    }
}

static void run_as_ith(void *argument, size_t ith, size_t worker) {
    crew *const all = argument;
    (void)worker;
    run_phases(all->work, all->workspace, all->bytes, ith, NTH, &all->barrier);
}

static void run_by_index(const work *w) {
    crew all = {.work = w};
    all.workspace = workspace_for(w, NTH, &all.bytes);
    assert_int_equal(pthread_barrier_init(&all.barrier, NULL, NTH), 0);
    on_threads(run_as_ith, &all);
    pthread_barrier_destroy(&all.barrier);
    free(all.workspace);
}

static void case_by_index(const test_case *c, const float *want, const char *what) {
    case_clear(c);
    run_by_index(&(work){.problem = &c->problem});
    case_same_bits(c, want, what);
}

static void aggregation_by_index(const char *isa) {
    (void)isa;
    for (aft_bias_kind kind = AFT_BIAS_NONE; kind <= AFT_BIAS_BAND; kind++)
        for (size_t causal = 0; causal < harness_pick(1, 2, 2); causal++) {
            test_case c = make_case(kind, causal);
            case_run(&c, NULL);
            float *const want = case_snapshot(&c);
            case_by_index(&c, want, "by index");
            free(want);
            if (kind == AFT_BIAS_NONE) {
                case_free(&c);
                continue;
            }
            prepared_case p = prepared_case_of(c);
            case_by_index(&p.c, p.want, "by index, prepared");
            prepared_case_free(&p);
        }
}

static void layer_by_index(const char *isa) {
    (void)isa;
    example_layer *const l = make_layer();
    const work w = {.layer = l->memory, .sequences = &l->sequences};
    float *const want = allocate(sizeof l->y);
    run_alone(&w);
    memcpy(want, l->y, sizeof l->y);
    memset(l->y, 0xa5, sizeof l->y);
    run_by_index(&w);
    assert_memory_equal(l->y, want, sizeof l->y);
    free(want);
    free_layer(l);
}

/* ---- every function at once */

/* What all threads are given, and what one thread made of it. */
typedef struct shared {
    const char *isa;
    const test_case *c;
    const preparation *prepared;
    const example_layer *layer;
    pthread_barrier_t start;
} shared;

/* Whole, and by index; y is the thread's own. */
static void expect_bits(const work *w, float *y, const void *want, size_t want_bytes) {
    size_t bytes = 0;
    EXPECT(workspace_bytes_of(w, NULL, &bytes) == AFT_OK);
    void *const workspace = allocate(bytes);
    memset(y, 0xa5, want_bytes);
    EXPECT(forward_of(w, workspace, bytes, NULL) == AFT_OK);
    EXPECT(memcmp(y, want, want_bytes) == 0);
    memset(y, 0xa5, want_bytes);
    run_phases(w, workspace, bytes, 0, 1, NULL);
    EXPECT(memcmp(y, want, want_bytes) == 0);
    free(workspace);
}

static void call_of_instruction_sets(const shared *all) {
    EXPECT(aft_use_isa(all->isa) == AFT_OK);
    EXPECT(strcmp(aft_isa_name(), all->isa) == 0);
    EXPECT(strcmp(aft_isa_at(0), "scalar") == 0);
    EXPECT(strcmp(aft_status_string(AFT_OK), "ok") == 0);
}

static void call_of_problems(const shared *all) {
    const guarded *const want = &all->c->y, *const made = &all->prepared->memory;
    aft_problem problem = all->c->problem;
    problem.y.data = allocate(want->count);
    expect_bits(&(work){.problem = &problem}, problem.y.data, want->bytes, want->count);
    size_t bytes = 0;
    EXPECT(aft_prepared_bytes(&problem.shape, &problem.bias, &bytes) == AFT_OK && bytes == made->count);
    void *const memory = allocate(bytes);
    EXPECT(aft_prepare(&problem.shape, &problem.bias, memory, bytes, &problem.bias) == AFT_OK);
    EXPECT(memcmp(memory, made->bytes, made->count) == 0);
    problem.bias = all->prepared->bias;
    expect_bits(&(work){.problem = &problem}, problem.y.data, want->bytes, want->count);
    free(memory);
    free(problem.y.data);
}

static void call_of_layers(const shared *all) {
    const example_layer *const l = all->layer;
    aft_sequences sequences = l->sequences;
    sequences.y = allocate(sizeof l->y);
    expect_bits(&(work){.layer = l->memory, .sequences = &sequences}, sequences.y, l->y, sizeof l->y);
    size_t bytes = 0;
    EXPECT(aft_layer_bytes(&l->parts, &bytes) == AFT_OK && bytes == l->bytes);
    void *const memory = allocate(bytes);
    EXPECT(aft_layer_prepare(&l->parts, memory, bytes) == AFT_OK);
    EXPECT(memcmp(memory, l->memory, l->bytes) == 0);
    free(memory);
    free(sequences.y);
}

static void call_all(void *argument, size_t ith, size_t worker) {
    shared *const all = argument;
    (void)ith, (void)worker;
    pthread_barrier_wait(&all->start);
    call_of_instruction_sets(all);
    call_of_problems(all);
    call_of_layers(all);
}

static void every_function_at_once(const char *isa) {
    test_case c = make_case(AFT_BIAS_FULL, true);
    preparation prepared = preparation_make(&c.problem.shape, &c.problem.bias);
    example_layer *const l = make_layer();
    case_run(&c, NULL);
    run_alone(&(work){.layer = l->memory, .sequences = &l->sequences});
    shared all = {.isa = isa, .c = &c, .prepared = &prepared, .layer = l};
    assert_int_equal(pthread_barrier_init(&all.start, NULL, NTH), 0);
    on_threads(call_all, &all);
    pthread_barrier_destroy(&all.start);
    free_layer(l);
    preparation_free(&prepared);
    case_free(&c);
}

/* ---- misuse */

/* A pool that runs every task, and whose threads then name, at once, tasks and workers that do not exist. */
typedef struct stray_pool {
    pool threads;
    size_t stray_runs; /* the first ones */
    pthread_barrier_t barrier;
    size_t tasks;
    void (*task)(void *argument, size_t index, size_t worker);
    void *argument;
} stray_pool;

static void run_or_stray(void *argument, size_t index, size_t worker) {
    stray_pool *const p = argument;
    if (index < p->tasks) {
        p->task(p->argument, index, worker);
        return;
    }
    pthread_barrier_wait(&p->barrier);
    if (index % 2)
        p->task(p->argument, index, worker);
    else
        p->task(p->argument, 0, NTH + worker);
}

static void run_astray(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                       void *argument) {
    stray_pool *const p = context;
    p->tasks = tasks;
    p->task = task;
    p->argument = argument;
    const aft_parallel threads = pool_parallel(&p->threads);
    const size_t strays = p->stray_runs > 0 ? NTH : 0;
    p->stray_runs -= p->stray_runs > 0;
    threads.run(threads.context, tasks + strays, run_or_stray, p);
}

static aft_status forward_astray(const work *w, size_t stray_runs) {
    stray_pool p = {.threads = {NTH}, .stray_runs = stray_runs};
    const aft_parallel astray = {.run = run_astray, .context = &p, .width = NTH};
    assert_int_equal(pthread_barrier_init(&p.barrier, NULL, NTH), 0);
    size_t bytes;
    void *const workspace = workspace_for(w, NTH, &bytes);
    const aft_status status = forward_of(w, workspace, bytes, &astray);
    free(workspace);
    pthread_barrier_destroy(&p.barrier);
    return status;
}

/* What strays is left out, and no more than that. */
static void threads_that_stray(const char *isa) {
    (void)isa;
    test_case c = make_case(AFT_BIAS_FULL, false);
    case_run(&c, NULL);
    float *const want = case_snapshot(&c);
    case_clear(&c);
    assert_int_equal(forward_astray(&(work){.problem = &c.problem}, SIZE_MAX), AFT_SIZE);
    case_same_bits(&c, want, "from threads of which some stray");
    free(want);
    case_free(&c);
}

/* In the products with the inputs alone: the layer ends there. */
static void threads_that_stray_in_a_layer(const char *isa) {
    (void)isa;
    example_layer *const l = make_layer();
    refusal r = {.misuse = "threads that stray"};
    refusal_keep(&r, "y", l->y, sizeof l->y);
    REFUSED(&r, AFT_SIZE, forward_astray(&(work){.layer = l->memory, .sequences = &l->sequences}, 1));
    refusal_free(&r);
    free_layer(l);
}

/* ---- the pool of python/src/threads.c */

aft_status aft_python_forward(const aft_problem *problem, void *workspace, size_t bytes, size_t threads);
aft_status aft_python_layer_forward(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                                    size_t threads);

static void pool_of_the_python_package(const char *isa) {
    (void)isa;
    test_case c = make_case(AFT_BIAS_FULL, false);
    example_layer *const l = make_layer();
    const work aggregation = {.problem = &c.problem}, layer = {.layer = l->memory, .sequences = &l->sequences};
    size_t bytes, layer_bytes;
    run_alone(&aggregation);
    run_alone(&layer);
    float *const want = case_snapshot(&c);
    static float want_of_layer[BATCH * LENGTH * DIM];
    memcpy(want_of_layer, l->y, sizeof l->y);
    void *const workspace = workspace_for(&aggregation, NTH, &bytes);
    void *const layer_workspace = workspace_for(&layer, NTH, &layer_bytes);
    for (size_t threads = 1; threads <= NTH; threads++) {
        case_clear(&c);
        assert_int_equal(aft_python_forward(&c.problem, workspace, bytes, threads), AFT_OK);
        case_same_bits(&c, want, "with threads of the Python package");
        memset(l->y, 0, sizeof l->y);
        assert_int_equal(aft_python_layer_forward(l->memory, &l->sequences, layer_workspace, layer_bytes, threads),
                         AFT_OK);
        assert_memory_equal(l->y, want_of_layer, sizeof l->y);
    }
    assert_int_equal(aft_python_forward(&c.problem, workspace, bytes, 0), AFT_SIZE);
    free(layer_workspace);
    free(workspace);
    free(want);
    free_layer(l);
    case_free(&c);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(aggregation_by_index),          EACH_ISA(layer_by_index),
                                         EACH_ISA(every_function_at_once),        EACH_ISA(threads_that_stray),
                                         EACH_ISA(threads_that_stray_in_a_layer), EACH_ISA(pool_of_the_python_package)};
    return HARNESS_MAIN("threads", units);
}
