/* SPDX-License-Identifier: MIT */
#include "dispatch/product.h"

#include "dispatch/float_mode.h"
#include "dispatch/sizes.h"

#include <stdatomic.h>

enum { ENOUGH_PRODUCT_TASKS = 16, SLICE_COLUMNS = 64 /* of every instruction set whole tiles */ };

void aft_product_plan(aft_product *product) {
    product->row_blocks = aft_ceil_div(product->rows, AFT_PRODUCT_ROWS);
    size_t blocks = product->batches * product->row_blocks,
           wanted = aft_ceil_div(ENOUGH_PRODUCT_TASKS, blocks ? blocks : 1);
    product->slice_columns = aft_ceil_div(aft_ceil_div(product->columns, wanted), SLICE_COLUMNS) * SLICE_COLUMNS;
    product->slices = product->columns ? aft_ceil_div(product->columns, product->slice_columns) : 0;
}

size_t aft_product_tasks(const aft_product *product) {
    return product->batches * product->row_blocks * product->slices;
}

void aft_product_run_task(const aft_table *table, const aft_product *product, size_t task) {
    aft_float_mode host = aft_float_mode_begin();
    table->product_rows(product, task);
    aft_float_mode_end(host);
}

/* What the tasks of a product share. */
typedef struct product_job {
    const aft_table *table;
    const aft_product *product;
    size_t tasks, width;
    atomic_bool misused;
} product_job;

static void run_product_index(void *argument, size_t index, size_t worker) {
    product_job *job = argument;
    if (index < job->tasks && worker < job->width)
        aft_product_run_task(job->table, job->product, index);
    else
        atomic_store(&job->misused, true);
}

aft_status aft_product_run(const aft_table *table, const aft_product *product, const aft_parallel *parallel) {
    product_job job = {table, product, aft_product_tasks(product), parallel ? parallel->width : 1, false};
    if (parallel && job.tasks > 1)
        parallel->run(parallel->context, job.tasks, run_product_index, &job);
    else
        for (size_t task = 0; task < job.tasks; task++)
            aft_product_run_task(table, product, task);
    return atomic_load(&job.misused) ? AFT_SIZE : AFT_OK;
}
