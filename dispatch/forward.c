/* SPDX-License-Identifier: MIT */
/* The public entry points of a forward: check, plan, then phase by phase. */
#include "dispatch/forward.h"

#include "dispatch/check.h"
#include "dispatch/dispatch.h"
#include "dispatch/float_mode.h"
#include "dispatch/packed.h"
#include "dispatch/plan.h"
#include "dispatch/sizes.h"

#include <stdatomic.h>
#include <stdint.h>

static aft_status find_width(const aft_parallel *parallel, size_t *width) {
    *width = parallel ? parallel->width : 1;
    return *width ? AFT_OK : AFT_SIZE;
}

static aft_status make_plan(const aft_problem *problem, aft_checked checked, const aft_table *table, aft_plan *plan) {
    aft_prepared prepared;
    aft_status status = aft_check_problem(problem, checked, &prepared);
    return status == AFT_OK ? aft_plan_make(problem, &prepared, table, plan) : status;
}

/* Checks the workspace for `width` workers and enters it into the plan. */
static aft_status attach_workspace(aft_plan *plan, void *workspace, size_t bytes, size_t width) {
    size_t needed;
    if (!aft_plan_bytes(plan, width, &needed))
        return AFT_SIZE;
    if (needed > 0 && !workspace)
        return AFT_NULL;
    if (bytes < needed)
        return AFT_WORKSPACE;
    aft_status status = aft_check_workspace(&plan->problem, workspace, needed);
    if (status != AFT_OK)
        return status;
    plan->workspace = needed > 0 ? aft_aligned(workspace) + AFT_ALIGNMENT_FLOATS : workspace;
    if (plan->packs_bias)
        aft_packed_place(&plan->packed, plan->workspace + plan->packed_offset, false);
    return AFT_OK;
}

bool aft_lanes_as_noted(float *note, size_t lanes, bool first) {
    atomic_size_t *noted = (atomic_size_t *)(void *)note;
    if (first)
        atomic_store_explicit(noted, lanes, memory_order_relaxed);
    return atomic_load_explicit(noted, memory_order_relaxed) == lanes;
}

/* The first phase that has a task. */
static size_t first_phase(const aft_plan *plan, const aft_table *table) {
    size_t phase = 0;
    while (aft_plan_phase(plan, table, phase).tasks == 0)
        phase++;
    return phase;
}

static void run_task(const aft_plan *plan, const aft_phase *phase, size_t task, size_t worker) {
    float *scratch = plan->workspace + plan->scratch_offset + worker * plan->scratch.floats;
    aft_float_mode host = aft_float_mode_begin();
    phase->kernel(plan, phase->set, task, scratch);
    aft_float_mode_end(host);
}

/* What the tasks of one phase share. */
typedef struct job {
    const aft_plan *plan;
    aft_phase phase;
    size_t width;
    atomic_bool *misused; /* the caller's pool named a task or a worker that does not exist */
} job;

static void run_job_task(void *argument, size_t index, size_t worker) {
    const job *work = argument;
    if (index < work->phase.tasks && worker < work->width)
        run_task(work->plan, &work->phase, index, worker);
    else
        atomic_store(work->misused, true);
}

aft_status aft_workspace_bytes_on(const aft_table *table, const aft_problem *problem, const aft_parallel *parallel,
                                  size_t *bytes) {
    aft_plan plan;
    size_t width;
    aft_status status = find_width(parallel, &width);
    if (status == AFT_OK)
        status = make_plan(problem, AFT_SIZES, table, &plan);
    if (status != AFT_OK)
        return status;
    return aft_plan_bytes(&plan, width, bytes) ? AFT_OK : AFT_SIZE;
}

aft_status aft_workspace_bytes(const aft_problem *problem, const aft_parallel *parallel, size_t *bytes) {
    return bytes ? aft_workspace_bytes_on(aft_active_table(), problem, parallel, bytes) : AFT_NULL;
}

aft_status aft_forward_on(const aft_table *table, const aft_problem *problem, void *workspace, size_t bytes,
                          const aft_parallel *parallel) {
    aft_plan plan;
    size_t width;
    if (parallel && !parallel->run)
        return AFT_NULL;
    aft_status status = find_width(parallel, &width);
    if (status == AFT_OK)
        status = make_plan(problem, AFT_ADDRESSES, table, &plan);
    if (status == AFT_OK)
        status = attach_workspace(&plan, workspace, bytes, width);
    if (status != AFT_OK)
        return status;
    if (!parallel)
        aft_plan_widen(&plan);

    atomic_bool misused = false;
    for (size_t i = 0; i < plan.phases; i++) {
        job work = {&plan, aft_plan_phase(&plan, table, i), width, &misused};
        if (parallel && work.phase.tasks > 1)
            parallel->run(parallel->context, work.phase.tasks, run_job_task, &work);
        else
            for (size_t task = 0; task < work.phase.tasks; task++)
                run_task(&plan, &work.phase, task, 0);
    }
    return atomic_load(&misused) ? AFT_SIZE : AFT_OK;
}

aft_status aft_forward(const aft_problem *problem, void *workspace, size_t bytes, const aft_parallel *parallel) {
    const aft_parallel pool = parallel ? *parallel : (aft_parallel){0}; /* it may lie in what is written */
    return aft_forward_on(aft_active_table(), problem, workspace, bytes, parallel ? &pool : NULL);
}

aft_status aft_phases(const aft_problem *problem, size_t *phases) {
    aft_plan plan;
    if (!phases)
        return AFT_NULL;
    aft_status status = make_plan(problem, AFT_SIZES, aft_active_table(), &plan);
    if (status == AFT_OK)
        *phases = plan.phases;
    return status;
}

aft_status aft_tasks(const aft_problem *problem, size_t phase, size_t *tasks) {
    const aft_table *table = aft_active_table();
    aft_plan plan;
    if (!tasks)
        return AFT_NULL;
    aft_status status = make_plan(problem, AFT_SIZES, table, &plan);
    if (status != AFT_OK)
        return status;
    if (phase >= plan.phases)
        return AFT_SIZE;
    *tasks = aft_plan_phase(&plan, table, phase).tasks;
    return AFT_OK;
}

aft_status aft_run_on(const aft_table *table, const aft_problem *problem, void *workspace, size_t bytes, size_t phase,
                      size_t task, size_t worker, float *note) {
    aft_plan plan;
    aft_status status = make_plan(problem, AFT_ADDRESSES, table, &plan);
    if (status != AFT_OK)
        return status;
    if (phase >= plan.phases)
        return AFT_SIZE;
    aft_phase work = aft_plan_phase(&plan, table, phase);
    if (task >= work.tasks || worker == SIZE_MAX)
        return AFT_SIZE;
    status = attach_workspace(&plan, workspace, bytes, worker + 1);
    if (status != AFT_OK)
        return status;
    const bool first = !note && phase == first_phase(&plan, table);
    if (!aft_lanes_as_noted(note ? note : plan.workspace - AFT_ALIGNMENT_FLOATS, plan.lanes, first))
        return AFT_STALE;
    run_task(&plan, &work, task, worker);
    return AFT_OK;
}

aft_status aft_run(const aft_problem *problem, void *workspace, size_t bytes, size_t phase, size_t task,
                   size_t worker) {
    return aft_run_on(aft_active_table(), problem, workspace, bytes, phase, task, worker, NULL);
}
