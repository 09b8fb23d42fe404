/* SPDX-License-Identifier: MIT */
#include "fuzz/strange_pool.h"

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

void choose_pool(choices *c, strange_pool *pool) {
    const bool runs = choose_size(c, 0, 15) < 15;
    *pool = (strange_pool){.parallel = {.run = runs ? run : NULL, .context = pool, .width = choose_any_size(c, 4)}};
    pool->stray_index = choose_any_size(c, 40);
    pool->stray_worker = choose_any_size(c, 4);
}
