/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "harness.h"

typedef struct job {
    size_t tasks;
    void (*task)(void *argument, size_t index, size_t worker);
    void *argument;
    atomic_size_t next;
} job;

typedef struct worker {
    job *work;
    size_t number;
} worker;

static void *work(void *argument) {
    const worker *const self = argument;
    for (size_t i; (i = atomic_fetch_add(&self->work->next, 1)) < self->work->tasks;)
        self->work->task(self->work->argument, i, self->number);
    return NULL;
}

static void run(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                void *argument) {
    const pool *const p = context;
    job shared = {.tasks = tasks, .task = task, .argument = argument};
    pthread_t threads[POOL_MAX_WIDTH];
    worker workers[POOL_MAX_WIDTH];
    for (size_t i = 0; i < p->width; i++) {
        workers[i] = (worker){&shared, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            harness_fail("no thread %zu of %zu", i, p->width);
    }
    for (size_t i = 0; i < p->width; i++)
        pthread_join(threads[i], NULL);
}

aft_parallel pool_parallel(pool *p) {
    assert_in_range(p->width, 1, POOL_MAX_WIDTH);
    return (aft_parallel){.run = run, .context = p, .width = p->width};
}
