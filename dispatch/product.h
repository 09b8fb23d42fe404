/* SPDX-License-Identifier: MIT */
/* A product of kernels/product_rows.c, task by task. */
#ifndef AFT_DISPATCH_PRODUCT_H
#define AFT_DISPATCH_PRODUCT_H

#include "dispatch/table.h"

/* Cuts a product, all else of which is set, into tasks. */
AFT_INTERNAL void aft_product_plan(aft_product *product);

AFT_INTERNAL size_t aft_product_tasks(const aft_product *product);

AFT_INTERNAL void aft_product_run_task(const aft_table *table, const aft_product *product, size_t task);

/* All tasks, on the caller's pool or, without one, here. AFT_SIZE where the pool named a task or a worker that does not
 * exist. */
AFT_INTERNAL aft_status aft_product_run(const aft_table *table, const aft_product *product,
                                        const aft_parallel *parallel);

#endif
