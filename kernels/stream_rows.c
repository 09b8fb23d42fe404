/* SPDX-License-Identifier: MIT */
/*
 * AFT-simple without a causal mask, second half: every row of y is the state of all keys behind the row's gate. Q is
 * read and y written once.
 */
#include "kernels/finish.h"
#include "kernels/stream.h"

static void stream_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t pair = set + task / plan->row_blocks, block = task % plan->row_blocks;
    size_t first = block * AFT_STREAM_ROWS, end = smaller(first + AFT_STREAM_ROWS, plan->problem.shape.q_len);
    float *totals = scratch + plan->scratch.groups;
    for (size_t vector = 0; vector < plan->vectors; vector++) {
        state total = state_empty();
        for (size_t group = 0; group < plan->key_groups; group++)
            total = state_merge(total, state_load(stream_state(plan, pair, group, vector)));
        state_store(totals + vector * AFT_STATE_VECTORS * VF32_LANES, total);
    }
    const aft_tensor_in *q = &plan->problem.q;
    for (size_t row = first; row < end; row++)
        for (size_t vector = 0; vector < plan->vectors; vector++) {
            size_t lanes = lanes_of(plan, vector);
            vf32 gates = load_lanes(input_of(plan, q, pair, vector) + row * q->time_stride, lanes);
            vf32 y = finish_state(state_load(totals + vector * AFT_STATE_VECTORS * VF32_LANES), gates);
            store_lanes(output_of(plan, pair, vector) + row * plan->problem.y.time_stride, y, lanes);
        }
}
