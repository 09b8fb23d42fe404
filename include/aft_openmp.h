/* SPDX-License-Identifier: MIT */
/*
 * A thread pool for those who have none: the threads of OpenMP. The library itself needs no OpenMP; the file that
 * includes this is compiled with it (gcc, clang: -fopenmp).
 *
 *     aft_parallel parallel = aft_openmp(0);
 *     aft_workspace_bytes(&problem, &parallel, &bytes);
 *     aft_forward(&problem, workspace, bytes, &parallel);
 *
 * The bits are those of any other pool, and of none. Within a parallel region of the caller's own, OpenMP as a rule gives
 * one thread. Several threads may share an aft_parallel, each with a workspace of its own.
 */
#ifndef AFT_OPENMP_H
#define AFT_OPENMP_H

#ifndef _OPENMP
#error "aft_openmp.h: compile this file with OpenMP (gcc, clang: -fopenmp), or bring a pool of your own"
#endif

#include <omp.h>
#include <stdint.h>

#include "aft.h"

static inline void aft_openmp_run(void *context, size_t tasks,
                                  void (*task)(void *argument, size_t index, size_t worker), void *argument) {
    const int width = (int)(intptr_t)context;
    /* Tasks differ in length: rows under a causal mask, channels with elements that are computed again. */
#pragma omp parallel for num_threads(width) schedule(dynamic)
    for (size_t index = 0; index < tasks; index++)
        task(argument, index, (size_t)omp_get_thread_num());
}

/* A pool of `threads`; of as many as OpenMP would take (OMP_NUM_THREADS, else one a CPU) if that is not positive. */
static inline aft_parallel aft_openmp(int threads) {
    const int width = threads > 0 ? threads : omp_get_max_threads();
    aft_parallel parallel;
    parallel.run = aft_openmp_run;
    parallel.context = (void *)(intptr_t)width;
    parallel.width = (size_t)width;
    return parallel;
}

#endif
