/* SPDX-License-Identifier: MIT */
#include "fuzz/strange_pool.h"

#include <stdlib.h>

#include "fuzz/arena.h"
#include "harness.h"

enum { MOST_WORKSPACE = 1 << 20, SMALL_WORKSPACE = 64 };

typedef struct strange_pool {
    aft_parallel parallel; /* what the library is given */
    size_t stray_index, stray_worker;
    bool strayed; /* it has named a task or a worker that does not exist */
} strange_pool;

/* Every task, the last one first, on the first and the last worker in turn; then one more name. */
static void run(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                void *argument) {
    strange_pool *const pool = context;
    const size_t width = pool->parallel.width;
    for (size_t i = tasks; i-- > 0;)
        task(argument, i, i % 2 ? width - 1 : 0);
    if (pool->stray_index < tasks && pool->stray_worker < width) /* a task that exists would be run twice */
        return;
    pool->strayed = true;
    task(argument, pool->stray_index, pool->stray_worker);
}

/* The pool does not move while it is used. */
static void choose_pool(choices *c, strange_pool *pool) {
    const bool runs = choose_size(c, 0, 15) < 15;
    *pool = (strange_pool){.parallel = {.run = runs ? run : NULL, .context = pool, .width = choose_any_size(c, 4)}};
    pool->stray_index = choose_any_size(c, 40);
    pool->stray_worker = choose_any_size(c, 4);
}

static void try_pool(strange_pool *pool, const pooled_forward *f) {
    const bool huge = pool->parallel.width > UINT32_MAX;
    size_t bytes = 12345;
    const aft_status measured = f->workspace_bytes(f->what, &pool->parallel, &bytes);
    expect_reason("the workspace's size for a pool", measured, why_no_pool(&pool->parallel, false), huge);
    assert_true(measured == AFT_OK || bytes == 12345);
    const size_t given = measured == AFT_OK && bytes <= MOST_WORKSPACE ? bytes : SMALL_WORKSPACE;
    void *const workspace = malloc(given);
    assert_true(workspace || given == 0);
    reasons why = why_no_pool(&pool->parallel, true);
    if (measured == AFT_OK)
        why |= why_no_workspace(workspace, given, bytes, NULL, 0);
    pool->strayed = false;
    const aft_status answer = f->forward(f->what, workspace, given, &pool->parallel);
    expect_reason("a forward on a pool", answer, pool->strayed ? 1u << AFT_SIZE : why, huge);
    if (answer == AFT_OK || (pool->strayed && !(f->ends_early && arena_is_untouched())))
        arena_check_outcome("a forward on a pool");
    arena_expect_untouched("a forward on a pool that was refused");
    free(workspace);
}

void try_strange_pool(choices *c, const pooled_forward *forward) {
    strange_pool pool;
    choose_pool(c, &pool);
    for (size_t i = 0, isas = count_isas(); i < isas; i++) {
        use_isa(i);
        try_pool(&pool, forward);
    }
}
