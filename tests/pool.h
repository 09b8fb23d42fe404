/* SPDX-License-Identifier: MIT */
/* A thread pool of the plainest kind, as a caller of the library might bring one. */
#ifndef AFT_TESTS_POOL_H
#define AFT_TESTS_POOL_H

#include "aft.h"

#define POOL_MAX_WIDTH 16

typedef struct pool {
    size_t width;
} pool;

/* The pool outlives what is returned. */
aft_parallel pool_parallel(pool *p);

#endif
