/* SPDX-License-Identifier: MIT */
/* Thread pools as nobody means them: of any width, without a run(), or naming tasks and workers that do not exist. */
#ifndef AFT_TESTS_FUZZ_STRANGE_POOL_H
#define AFT_TESTS_FUZZ_STRANGE_POOL_H

#include "aft.h"
#include "fuzz/choices.h"

typedef struct strange_pool {
    aft_parallel parallel; /* what the library is given */
    size_t stray_index, stray_worker;
    bool strayed; /* it has named a task or a worker that does not exist */
} strange_pool;

/* The pool does not move while it is used. */
void choose_pool(choices *c, strange_pool *pool);

#endif
