/* SPDX-License-Identifier: MIT */
/*
 * A call on threads of its own, for Python: tasks that Python's own threads ran would each wait for the interpreter.
 * They start with the first phase that has several tasks and end with the call, so nothing is kept between calls, and a
 * process may fork whenever it likes.
 */
#include "aft.h"

#include <pthread.h>
#include <stdatomic.h>

enum { MAX_THREADS = 256 }; /* as in _abi.py */

typedef struct pool {
    pthread_mutex_t lock; /* of all below but `next` */
    pthread_cond_t changed;
    void (*task)(void *argument, size_t index, size_t worker);
    void *argument;
    size_t tasks;
    atomic_size_t next;
    size_t round;   /* of run */
    size_t working; /* threads that have not ended their part of this round */
    size_t numbered, started;
    size_t width;
    bool tried, ends;
    pthread_t threads[MAX_THREADS];
} pool;

static void take_tasks(pool *p, size_t worker) {
    for (size_t index; (index = atomic_fetch_add(&p->next, 1)) < p->tasks;)
        p->task(p->argument, index, worker);
}

static void *serve(void *context) {
    pool *p = context;
    pthread_mutex_lock(&p->lock);
    const size_t worker = ++p->numbered; /* 0 is the caller */
    for (size_t seen = 0; !p->ends;) {
        if (seen == p->round) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        take_tasks(p, worker);
        pthread_mutex_lock(&p->lock);
        if (--p->working == 0)
            pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Where the system gives fewer threads than asked for, those do the work. */
static void start(pool *p) {
    p->tried = true;
    while (p->started + 1 < p->width && pthread_create(&p->threads[p->started], NULL, serve, p) == 0)
        p->started++;
}

static void run(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                void *argument) {
    pool *p = context;
    pthread_mutex_lock(&p->lock);
    if (!p->tried)
        start(p);
    p->task = task;
    p->argument = argument;
    p->tasks = tasks;
    atomic_store(&p->next, 0);
    p->working = p->started;
    p->round++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    take_tasks(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->working > 0)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void end(pool *p) {
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->started; i++)
        pthread_join(p->threads[i], NULL);
}

/* aft_forward or aft_layer_forward, `layer` NULL or not. */
typedef struct call {
    const aft_problem *problem;
    const void *layer;
    const aft_sequences *sequences;
} call;

static aft_status forward(const call *c, void *workspace, size_t bytes, const aft_parallel *parallel) {
    return c->layer ? aft_layer_forward(c->layer, c->sequences, workspace, bytes, parallel)
                    : aft_forward(c->problem, workspace, bytes, parallel);
}

static aft_status forward_with_threads(const call *c, void *workspace, size_t bytes, size_t threads) {
    if (threads == 0 || threads > MAX_THREADS)
        return AFT_SIZE;
    if (threads == 1)
        return forward(c, workspace, bytes, NULL);
    pool p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .width = threads};
    const aft_parallel parallel = {.run = run, .context = &p, .width = threads};
    const aft_status status = forward(c, workspace, bytes, &parallel);
    end(&p);
    return status;
}

/* aft_forward and aft_layer_forward with `threads` threads, the caller's among them: 1 .. 256, else AFT_SIZE. */
AFT_API aft_status aft_python_forward(const aft_problem *problem, void *workspace, size_t bytes, size_t threads);
AFT_API aft_status aft_python_layer_forward(const void *layer, const aft_sequences *sequences, void *workspace,
                                            size_t bytes, size_t threads);

aft_status aft_python_forward(const aft_problem *problem, void *workspace, size_t bytes, size_t threads) {
    return forward_with_threads(&(call){.problem = problem}, workspace, bytes, threads);
}

aft_status aft_python_layer_forward(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                                    size_t threads) {
    return layer ? forward_with_threads(&(call){.layer = layer, .sequences = sequences}, workspace, bytes, threads)
                 : AFT_NULL;
}
