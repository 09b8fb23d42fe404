/* SPDX-License-Identifier: MIT */
/*
 * AFT-simple without a causal mask, second half: every row of y is the state of all keys behind the row's gate. Q is
 * read and y written once.
 */
#include "kernels/finish.h"
#include "kernels/stream.h"

/* All keys of one vector of channels. */
typedef struct stream_total {
    state all;
    near_state near;
} stream_total;

AFT_INLINE stream_total *stream_totals(const aft_plan *plan, float *scratch) {
    return (stream_total *)(void *)(scratch + plan->scratch.groups);
}

/* Adds the groups, and returns whether every total is near and has a key. */
static bool sum_groups(const aft_plan *plan, size_t pair, float *scratch) {
    bool near = true;
    for (size_t vector = 0; vector < plan->vectors; vector++) {
        stream_total *total = stream_totals(plan, scratch) + vector;
        total->all = state_empty();
        for (size_t group = 0; group < plan->key_groups; group++)
            total->all = state_merge(total->all, state_load(stream_state(plan, pair, group, vector)));
        near = near_state_take(total->all, &total->near) && near;
        near = near && !vm32_any(vf32_eq(total->all.denominator, vf32_zero()));
    }
    return near;
}

/* `count` vectors of one row from `begin` on, at most GATES. */
static void pass_any(const aft_plan *plan, size_t begin, size_t count, const stream_total *totals, const float *q,
                     float *y) {
    gates g;
    for (size_t i = 0; i < count; i++)
        gates_take(&g, i, load_lanes(q + i * VF32_LANES, lanes_of(plan, begin + i)));
    gates_open(&g, count);
    for (size_t i = 0; i < count; i++)
        store_lanes(y + i * VF32_LANES, gates_pass_state(&g, i, totals[i].all), lanes_of(plan, begin + i));
}

/* The same where all totals are near; returns false, and writes nothing, where a gate is not. `whole`: no vector lacks
 * lanes. */
AFT_INLINE bool pass_near(const aft_plan *plan, size_t begin, size_t count, bool whole, const stream_total *totals,
                          const float *q, float *y) {
    vm32 near = vf32_eq(vf32_zero(), vf32_zero());
    for (size_t i = 0; i < count; i++) {
        size_t lanes = whole ? VF32_LANES : lanes_of(plan, begin + i);
        near = vm32_and(near, near_gate(load_lanes(q + i * VF32_LANES, lanes)));
    }
    if (vm32_any(vm32_not(near)))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t lanes = whole ? VF32_LANES : lanes_of(plan, begin + i);
        vf32 closing = near_gate_open(load_lanes(q + i * VF32_LANES, lanes));
        store_lanes(y + i * VF32_LANES, near_gate_pass(closing, totals[i].near), lanes);
    }
    return true;
}

enum { QUERIES_AHEAD = 4 };

static void stream_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t pair = set + task / plan->row_blocks, block = task % plan->row_blocks;
    size_t first = block * plan->task_rows, end = smaller(first + plan->task_rows, plan->problem.shape.q_len);
    bool near = sum_groups(plan, pair, scratch), far = rows_are_far(plan);
    const bool whole = plan->problem.shape.channels % VF32_LANES == 0;
    const float *q_rows = input_of(plan, &plan->problem.q, pair, 0);
    float *y_rows = output_of(plan, pair, 0);
    for (size_t row = first; row < end; row++)
        for (size_t begin = 0, count; begin < plan->vectors; begin += count) {
            const float *q = q_rows + row * plan->problem.q.time_stride + begin * VF32_LANES;
            float *y = y_rows + row * plan->problem.y.time_stride + begin * VF32_LANES;
            count = smaller(plan->vectors - begin, GATES);
            const stream_total *totals = stream_totals(plan, scratch) + begin;
            if (far && row + QUERIES_AHEAD < end)
                for (size_t i = 0; i < count * VF32_LANES; i += VF32_LANES) {
                    prefetch_row(q + i, plan->problem.q.time_stride, QUERIES_AHEAD);
                    prefetch_row(y + i, plan->problem.y.time_stride, QUERIES_AHEAD);
                }
            bool done = near && (whole ? pass_near(plan, begin, count, true, totals, q, y)
                                       : pass_near(plan, begin, count, false, totals, q, y));
            if (!done)
                pass_any(plan, begin, count, totals, q, y);
        }
}
