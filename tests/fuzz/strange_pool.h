/* SPDX-License-Identifier: MIT */
/* Thread pools as nobody means them: of any width, without a run(), or naming tasks and workers that do not exist. */
#ifndef AFT_TESTS_FUZZ_STRANGE_POOL_H
#define AFT_TESTS_FUZZ_STRANGE_POOL_H

#include "aft.h"
#include "fuzz/choices.h"

/* A legal forward of something, whose outcome the arena knows. */
typedef struct pooled_forward {
    const void *what;
    aft_status (*workspace_bytes)(const void *what, const aft_parallel *parallel, size_t *bytes);
    aft_status (*forward)(const void *what, void *workspace, size_t bytes, const aft_parallel *parallel);
    bool ends_early; /* where a pool has strayed, y may be as it was; else it is written */
} pooled_forward;

/* Runs it on such a pool, on every instruction set. */
void try_strange_pool(choices *c, const pooled_forward *forward);

#endif
