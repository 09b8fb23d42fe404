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

/* What a phase leaves for the next is laid out for an instruction set. By index there is no call that all phases share, so
 * the first that has a task notes its lanes in a cache line of the workspace, and all look whether theirs are the same. */
AFT_INTERNAL bool aft_lanes_as_noted(float *note, size_t lanes, bool first);

/* As aft_run; where `note` is not NULL, an earlier phase has noted its lanes there. */
AFT_INTERNAL aft_status aft_run_on(const aft_table *table, const aft_problem *problem, void *workspace, size_t bytes,
                                   size_t phase, size_t task, size_t worker, float *note);

#endif
