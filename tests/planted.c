/* SPDX-License-Identifier: MIT */
/* Faults that the sanitizers and valgrind must report, by which scripts/test sees that they look: planted FAULT ISA. Each is
 * in what the library is given, and shows in its own vector loads and stores. Exit status 0: nobody noticed; 77: this CPU
 * or valgrind lacks the instruction set. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aft.h"

enum { KEYS = 3, CHANNELS = 37 /* full vectors and a rest, of every width */, COUNT = KEYS * CHANNELS, SKIPPED = 77 };

static float *floats(size_t count) {
    float *const memory = malloc(count * sizeof *memory);
    if (!memory)
        abort();
    for (size_t i = 0; i < count; i++)
        memory[i] = 1;
    return memory;
}

static aft_problem problem_of(float *k, float *y) {
    static float q[COUNT], v[COUNT];
    return (aft_problem){.shape = {.batch = 1, .heads = 1, .q_len = KEYS, .kv_len = KEYS, .channels = CHANNELS},
                         .q = {q, 0, 0, CHANNELS},
                         .k = {k, 0, 0, CHANNELS},
                         .v = {v, 0, 0, CHANNELS},
                         .y = {y, 0, 0, CHANNELS}};
}

static void run(float *k, float *y) {
    const aft_problem problem = problem_of(k, y);
    size_t bytes;
    if (aft_workspace_bytes(&problem, NULL, &bytes) != AFT_OK)
        abort();
    void *const workspace = malloc(bytes);
    if (aft_forward(&problem, workspace, bytes, NULL) != AFT_OK)
        abort();
    free(workspace);
}

/* The last float of k does not belong to it. */
static void overread(void) {
    float *const k = floats(COUNT - 1), *const y = floats(COUNT);
    run(k, y);
    free(k);
    free(y);
}

static void overwrite(void) {
    float *const k = floats(COUNT), *const y = floats(COUNT - 1);
    run(k, y);
    free(k);
    free(y);
}

/* The last float of k has no value, and a branch depends on what comes of it. */
static void uninitialised(void) {
    float *const k = malloc(COUNT * sizeof *k), *const y = floats(COUNT);
    if (!k)
        abort();
    for (size_t i = 0; i < COUNT - 1; i++)
        k[i] = 1;
    run(k, y);
    puts(y[COUNT - 1] > 2 ? "more" : "less");
    free(k);
    free(y);
}

static float *shared_y;

static void *run_often(void *k) {
    for (int i = 0; i < 100; i++)
        run(k, shared_y);
    return NULL;
}

/* Two threads, one y. */
static void race(void) {
    float *const k = floats(COUNT);
    pthread_t thread;
    shared_y = floats(COUNT);
    if (pthread_create(&thread, NULL, run_often, k) != 0)
        abort();
    run_often(k);
    pthread_join(thread, NULL);
    free(k);
    free(shared_y);
}

static void undefined(void) {
    volatile int most = INT_MAX;
    printf("%d\n", most + 1);
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*plant)(void);
    } faults[] = {{"overread", overread},
                  {"overwrite", overwrite},
                  {"uninitialised", uninitialised},
                  {"race", race},
                  {"undefined", undefined}};
    for (size_t i = 0; count == 3 && i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(arguments[1], faults[i].name) == 0) {
            if (aft_use_isa(arguments[2]) != AFT_OK)
                return SKIPPED;
            faults[i].plant();
            return EXIT_SUCCESS;
        }
    fputs("planted overread|overwrite|uninitialised|race|undefined ISA\n", stderr);
    return 2;
}
