/* SPDX-License-Identifier: MIT */
/*
 * AFT-simple without a causal mask, first half: the state of one group of 1024 keys, for all channels. K and V are read
 * once, chain by chain; the chains are those of aggregate_rows.c, so the result is that of AFT-full with w = 0 to the
 * last bit.
 *
 *     states[pair][group][vector]
 */
#include "kernels/stream.h"

static void stream_keys(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t pair = set + task / plan->key_groups, group = task % plan->key_groups;
    size_t first = group * AFT_GROUP_KEYS, end = smaller(first + AFT_GROUP_KEYS, keys_of(plan, pair));
    for (size_t vector = 0; vector < plan->vectors; vector++)
        state_tree_clear(stream_tree(plan, scratch, vector));
    const key_rows all = key_rows_of(plan, pair, 0);
    rows_ahead ahead = keys_ahead(plan, &all, plan->vectors, first);
    for (size_t begin = first; begin < end; begin += AFT_CHAIN_KEYS)
        for (size_t vector = 0; vector < plan->vectors; vector++) {
            key_rows rows = key_rows_at(plan, &all, vector);
            rows_prefetch(&ahead);
            state own = state_of_chain(plan, &rows, begin, scratch);
            state_tree_add(stream_tree(plan, scratch, vector), own, begin / AFT_CHAIN_KEYS + 1);
        }
    for (size_t vector = 0; vector < plan->vectors; vector++)
        state_store(stream_state(plan, pair, group, vector), state_tree_total(stream_tree(plan, scratch, vector)));
}
