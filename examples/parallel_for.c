/* SPDX-License-Identifier: MIT */
/*
 * An engine with a parallel-for: parallel_for(pool, count, body, context) calls body(context, i) for each i < count, in
 * any order and at once (as ONNX Runtime's). It does not say which thread a body runs on, but the library asks for a
 * worker number below the width that no two tasks have at once. So the adapter asks for `width` bodies, takes the number
 * of the body for that of the worker, and lets each body take tasks until none are left.
 */
#define _POSIX_C_SOURCE 200809L

#include "aft.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The engine's pool: the caller of parallel_for works, too. */
enum { THREADS = 3 };

typedef struct pool {
    pthread_t threads[THREADS];
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    void (*body)(void *context, size_t i);
    void *context;
    size_t next, done, count;
    bool ends;
} pool;

/* Runs the next body; called and left with the lock held. */
static void run_next(pool *p) {
    const size_t i = p->next++;
    pthread_mutex_unlock(&p->lock);
    p->body(p->context, i);
    pthread_mutex_lock(&p->lock);
    if (++p->done == p->count)
        pthread_cond_broadcast(&p->changed);
}

static void *serve(void *argument) {
    pool *p = argument;
    pthread_mutex_lock(&p->lock);
    while (!p->ends)
        if (p->next < p->count)
            run_next(p);
        else
            pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void parallel_for(pool *p, size_t count, void (*body)(void *context, size_t i), void *context) {
    pthread_mutex_lock(&p->lock);
    p->body = body;
    p->context = context;
    p->next = p->done = 0;
    p->count = count;
    pthread_cond_broadcast(&p->changed);
    while (p->next < p->count)
        run_next(p);
    while (p->done < p->count)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static bool pool_start(pool *p) {
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&p->threads[i], NULL, serve, p) != 0)
            return false;
    return true;
}

static void pool_end(pool *p) {
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(p->threads[i], NULL);
}

/* The adapter. */
enum { WIDTH = THREADS + 1 };

typedef struct loop {
    void (*task)(void *argument, size_t index, size_t worker);
    void *argument;
    size_t tasks;
    atomic_size_t next;
} loop;

static void take_tasks(void *context, size_t worker) {
    loop *l = context;
    for (size_t index; (index = atomic_fetch_add(&l->next, 1)) < l->tasks;)
        l->task(l->argument, index, worker);
}

static void run(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                void *argument) {
    loop l = {.task = task, .argument = argument, .tasks = tasks};
    parallel_for(context, WIDTH, take_tasks, &l);
}

/* A layer: AFT-full, causal, [batch][rows][heads * channels]. */
enum { BATCH = 2, HEADS = 4, ROWS = 150, CHANNELS = 32, MODEL = HEADS * CHANNELS, COUNT = BATCH * ROWS * MODEL };

static float q[COUNT], k[COUNT], v[COUNT], w[ROWS][ROWS], y[COUNT], alone[COUNT];

static aft_status forward(float *out, const aft_parallel *parallel) {
    const aft_problem problem = {
        .shape = {.batch = BATCH, .heads = HEADS, .q_len = ROWS, .kv_len = ROWS, .channels = CHANNELS, .causal = true},
        .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = ROWS},
        .q = {.data = q, .batch_stride = ROWS * MODEL, .head_stride = CHANNELS, .time_stride = MODEL},
        .k = {.data = k, .batch_stride = ROWS * MODEL, .head_stride = CHANNELS, .time_stride = MODEL},
        .v = {.data = v, .batch_stride = ROWS * MODEL, .head_stride = CHANNELS, .time_stride = MODEL},
        .y = {.data = out, .batch_stride = ROWS * MODEL, .head_stride = CHANNELS, .time_stride = MODEL},
    };
    size_t bytes = 0;
    aft_status status = aft_workspace_bytes(&problem, parallel, &bytes);
    void *workspace = malloc(bytes);
    if (status == AFT_OK)
        status = aft_forward(&problem, workspace, bytes, parallel);
    free(workspace);
    return status;
}

static int fail(const char *what) {
    fprintf(stderr, "parallel_for: %s\n", what);
    return 1;
}

static void fill(float *x, size_t count, size_t step) {
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i * step % 1000) / 250 - 2;
}

int main(void) {
    fill(q, COUNT, 7);
    fill(k, COUNT, 13);
    fill(v, COUNT, 29);
    fill(w[0], ROWS * ROWS, 41);

    static pool engine = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    if (!pool_start(&engine))
        return fail("no thread");
    const aft_parallel parallel = {.run = run, .context = &engine, .width = WIDTH};
    aft_status status = forward(y, &parallel);
    pool_end(&engine);
    if (status == AFT_OK)
        status = forward(alone, NULL);
    if (status != AFT_OK)
        return fail(aft_status_string(status));
    if (memcmp(alone, y, sizeof y) != 0)
        return fail("the pool's bits differ from those of one thread");
    printf("parallel_for: AFT-full, %d pairs of %d rows, on a pool of %d: the bits of one thread\n", BATCH * HEADS,
           ROWS, WIDTH);
    return 0;
}
