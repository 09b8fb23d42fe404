/* SPDX-License-Identifier: MIT */
/* A forward on an instruction set that was taken before: one of many parts ends on the one it began with. */
#ifndef AFT_DISPATCH_FORWARD_H
#define AFT_DISPATCH_FORWARD_H

#include "dispatch/table.h"

/* As aft_workspace_bytes; `bytes` is not NULL. */
AFT_INTERNAL aft_status aft_workspace_bytes_on(const aft_table *table, const aft_problem *problem,
                                               const aft_parallel *parallel, size_t *bytes);

/* As aft_forward. */
AFT_INTERNAL aft_status aft_forward_on(const aft_table *table, const aft_problem *problem, void *workspace,
                                       size_t bytes, const aft_parallel *parallel);

#endif
