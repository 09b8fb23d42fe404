/* SPDX-License-Identifier: MIT */
#ifndef AFT_DISPATCH_PLAN_H
#define AFT_DISPATCH_PLAN_H

#include "dispatch/packed.h"

/* Lays out the workspace and the phases of a checked problem, whose bias is what the check found. AFT_SIZE where the workspace would not fit an address
 * space. */
AFT_INTERNAL aft_status aft_plan_make(const aft_problem *problem, const aft_prepared *prepared, const aft_table *table,
                                      aft_plan *plan);

/* Widens the tasks of a scan, where one worker does all of them: of whole rows, the next are guessed best. */
AFT_INTERNAL void aft_plan_widen(aft_plan *plan);

/* Bytes of workspace for `width` workers, the slack for its alignment and what lies before it (forward.c) included. False
 * where they overflow. */
AFT_INTERNAL bool aft_plan_bytes(const aft_plan *plan, size_t width, size_t *bytes);

/* One phase: which kernel runs, over the pairs from `set` on, in how many tasks. */
typedef struct aft_phase {
    aft_kernel *kernel;
    size_t set, tasks;
} aft_phase;

AFT_INTERNAL aft_phase aft_plan_phase(const aft_plan *plan, const aft_table *table, size_t phase);

#endif
