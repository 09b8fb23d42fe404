/* SPDX-License-Identifier: MIT */
/*
 * An engine that calls an operator on each of its nth threads, with the number of the thread, ith (as ggml does). Thread
 * ith runs the tasks ith, ith + nth, ... of each phase, and a barrier stands behind each phase. Where an engine gives its
 * operators no barrier, each phase can be an operator of its own: then the graph is the barrier.
 */
#define _POSIX_C_SOURCE 200809L

#include "aft.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NTH = 4, ROWS = 300, CHANNELS = 128, WINDOW = 16 };

static float q[ROWS][CHANNELS], k[ROWS][CHANNELS], v[ROWS][CHANNELS], w[ROWS][ROWS], y[ROWS][CHANNELS];

static const aft_problem problem = {
    .shape = {.batch = 1, .heads = 1, .q_len = ROWS, .kv_len = ROWS, .channels = CHANNELS},
    .bias = {.kind = AFT_BIAS_LOCAL, .data = w, .row_stride = ROWS, .window = WINDOW},
    .q = {.data = q[0], .time_stride = CHANNELS},
    .k = {.data = k[0], .time_stride = CHANNELS},
    .v = {.data = v[0], .time_stride = CHANNELS},
    .y = {.data = y[0], .time_stride = CHANNELS},
};

static pthread_barrier_t barrier;
static void *workspace;
static size_t bytes;

/* The operator. After an error a thread still meets the others at the barrier. */
static aft_status forward(size_t ith, size_t nth) {
    size_t phases = 0;
    aft_status status = aft_phases(&problem, &phases);
    for (size_t phase = 0; phase < phases; phase++) {
        size_t tasks = 0;
        if (status == AFT_OK)
            status = aft_tasks(&problem, phase, &tasks);
        for (size_t task = ith; status == AFT_OK && task < tasks; task += nth)
            status = aft_run(&problem, workspace, bytes, phase, task, ith);
        pthread_barrier_wait(&barrier);
    }
    return status;
}

/* A thread of the engine. */
typedef struct worker {
    pthread_t thread;
    size_t ith;
    aft_status status;
} worker;

static void *work(void *argument) {
    worker *self = argument;
    self->status = forward(self->ith, NTH);
    return NULL;
}

static int fail(const char *what) {
    fprintf(stderr, "ith_nth: %s\n", what);
    return 1;
}

static void fill(float *x, size_t count, size_t step) {
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i * step % 1000) / 250 - 2;
}

int main(void) {
    static float alone[ROWS][CHANNELS];
    worker workers[NTH];
    fill(q[0], ROWS * CHANNELS, 7);
    fill(k[0], ROWS * CHANNELS, 13);
    fill(v[0], ROWS * CHANNELS, 29);
    fill(w[0], ROWS * ROWS, 41);

    aft_status status = aft_workspace_bytes(&problem, &(aft_parallel){.width = NTH}, &bytes);
    if (status != AFT_OK)
        return fail(aft_status_string(status));
    workspace = malloc(bytes);
    if (!workspace)
        return fail("no memory for the workspace");
    if (pthread_barrier_init(&barrier, NULL, NTH) != 0)
        return fail("no barrier");
    for (size_t ith = 0; ith < NTH; ith++) {
        workers[ith] = (worker){.ith = ith};
        if (pthread_create(&workers[ith].thread, NULL, work, &workers[ith]) != 0)
            return fail("no thread");
    }
    for (size_t ith = 0; ith < NTH; ith++) {
        pthread_join(workers[ith].thread, NULL);
        if (workers[ith].status != AFT_OK)
            return fail(aft_status_string(workers[ith].status));
    }
    pthread_barrier_destroy(&barrier);

    aft_problem again = problem;
    again.y.data = alone[0];
    status = aft_forward(&again, workspace, bytes, NULL);
    free(workspace);
    if (status != AFT_OK)
        return fail(aft_status_string(status));
    if (memcmp(alone, y, sizeof y) != 0)
        return fail("the threads' bits differ from those of one thread");
    printf("ith_nth: AFT-local, %d rows, by index on %d threads: the bits of one thread\n", ROWS, NTH);
    return 0;
}
