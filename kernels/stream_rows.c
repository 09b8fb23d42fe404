/* SPDX-License-Identifier: MIT */
/*
 * AFT-simple without a causal mask, second half: every row of y is the state of all keys behind the row's gate. Q is
 * read and y written once.
 */
#include "kernels/finish.h"
#include "kernels/stream.h"

/* The states of all keys, one for each vector of channels. */
static float *sum_groups(const aft_plan *plan, size_t pair, float *totals, bool *plain) {
    *plain = true;
    for (size_t vector = 0; vector < plan->vectors; vector++) {
        state total = state_empty();
        for (size_t group = 0; group < plan->key_groups; group++)
            total = state_merge(total, state_load(stream_state(plan, pair, group, vector)));
        state_store(state_at(totals, vector), total);
        *plain = *plain && state_is_plain(total);
    }
    return totals;
}

static void stream_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t pair = set + task / plan->row_blocks, block = task % plan->row_blocks;
    size_t first = block * AFT_STREAM_ROWS, end = smaller(first + AFT_STREAM_ROWS, plan->problem.shape.q_len);
    bool plain;
    float *totals = sum_groups(plan, pair, scratch + plan->scratch.groups, &plain);
    gates g;
    for (size_t row = first; row < end; row++)
        for (size_t begin = 0, count; begin < plan->vectors; begin += count) {
            const float *q = input_of(plan, &plan->problem.q, pair, begin) + row * plan->problem.q.time_stride;
            float *y = output_of(plan, pair, begin) + row * plan->problem.y.time_stride;
            count = smaller(plan->vectors - begin, GATES);
            for (size_t i = 0; i < count; i++)
                gates_take(&g, i, load_lanes(q + i * VF32_LANES, lanes_of(plan, begin + i)));
            gates_open(&g, count);
            for (size_t i = 0; i < count; i++) {
                state total = state_load(state_at(totals, begin + i));
                vf32 outputs = plain ? gates_pass_plain(&g, i, total) : gates_pass_state(&g, i, total);
                store_lanes(y + i * VF32_LANES, outputs, lanes_of(plan, begin + i));
            }
        }
}
