/* SPDX-License-Identifier: MIT */
/*
 * AFT-simple under a causal mask: one pass over keys and rows. A row that sees the first n keys is
 *
 *     the keys [16 (n / 16), n), summed in ascending order  +  the state of the chains before them
 *
 * which are the sums of AFT-local, where the row's own chain is dense. The sum of a chain under way is carried from row to
 * row, with its own largest exponents at any time, so that nothing is lost to a key of the future. K, V and Q are read and
 * y is written once, chain by chain, for a few vectors of channels at a time.
 */
#include "kernels/finish.h"

/* One vector of channels under way. */
typedef struct scan {
    key_rows keys;
    state_tree before; /* the chains that are complete */
    state seen;        /* all keys so far */
    size_t vector;
} scan;

/* Adds key j of a chain to the sum of those before it. */
AFT_INLINE state state_append(state s, const key_chain *chain, size_t j) {
    size_t i = j * VF32_LANES;
    vf32 n = vf32_load(chain->n + i), ng = vf32_load(chain->ng + i);
    vf32 top = vf32_max(s.denominator_exponent, n), g_top = vf32_max(s.numerator_exponent, ng);
    s.denominator = vf32_fma(vf32_load(chain->p + i), vf32_pow2_above(vf32_sub(n, top), LOWEST_OF_STATE),
                             state_rescale(s.denominator, s.denominator_exponent, top));
    s.numerator = vf32_fma(vf32_load(chain->pf + i), vf32_pow2_above(vf32_sub(ng, g_top), LOWEST_OF_STATE),
                           state_rescale(s.numerator, s.numerator_exponent, g_top));
    s.denominator_exponent = top;
    s.numerator_exponent = g_top;
    s.special = vf32_add(s.special, vf32_load(chain->special + i));
    return s;
}

/* The gates of rows [first, end), by index in q. */
static void scan_gates(const aft_plan *plan, size_t pair, const scan *s, size_t first, size_t end, gates *g) {
    const aft_tensor_in *q = &plan->problem.q;
    const float *rows = input_of(plan, q, pair, s->vector);
    for (size_t t = first; t < end; t++)
        gates_take(g, t - first, load_lanes(rows + t * q->time_stride, s->keys.lanes));
    gates_open(g, end - first);
}

static void scan_store(const aft_plan *plan, size_t pair, const scan *s, size_t row, vf32 outputs) {
    const aft_tensor *y = &plan->problem.y;
    store_lanes(output_of(plan, pair, s->vector) + row * y->time_stride, outputs, s->keys.lanes);
}

/* A chain of keys, and the rows that see it in part. */
static void scan_chain(const aft_plan *plan, size_t pair, scan *s, size_t c, float *scratch) {
    const aft_shape *shape = &plan->problem.shape;
    key_chain chain = key_chain_take(plan, &s->keys, c * AFT_CHAIN_KEYS, scratch);
    size_t begin = c * AFT_CHAIN_KEYS, end = begin + chain.count;
    size_t first_row = larger(begin, shape->q_offset) - shape->q_offset;
    size_t end_row = smaller(larger(end, shape->q_offset) - shape->q_offset, shape->q_len);
    state own = state_empty(), before = state_tree_total(&s->before);
    gates g;
    if (first_row < end_row)
        scan_gates(plan, pair, s, first_row, end_row, &g);
    for (size_t j = 0; j < chain.count; j++) {
        own = state_append(own, &chain, j);
        if (j + 1 == AFT_CHAIN_KEYS)
            state_tree_add(&s->before, own, c + 1);
        s->seen = j + 1 == AFT_CHAIN_KEYS ? state_tree_total(&s->before) : state_merge(own, before);
        size_t row = begin + j - shape->q_offset; /* wraps around where no row is at this key: not below end_row */
        if (row >= first_row && row < end_row)
            scan_store(plan, pair, s, row, gates_pass_state(&g, row - first_row, s->seen));
    }
}

/* The rows behind the last key. */
static void scan_rest(const aft_plan *plan, size_t pair, const scan *s) {
    const aft_shape *shape = &plan->problem.shape;
    gates g;
    for (size_t first = larger(s->keys.count, shape->q_offset) - shape->q_offset, end; first < shape->q_len;
         first = end) {
        end = smaller(first + GATES, shape->q_len);
        scan_gates(plan, pair, s, first, end, &g);
        for (size_t row = first; row < end; row++)
            scan_store(plan, pair, s, row, gates_pass_state(&g, row - first, s->seen));
    }
}

/* A few vectors at once: rows of many channels lie on a page each, and the TLB holds those of one chain only. */
static void scan_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t first = task % plan->pack_blocks * AFT_PACK_VECTORS, pair = set + task / plan->pack_blocks;
    size_t count = smaller(AFT_PACK_VECTORS, plan->vectors - first);
    scan scans[AFT_PACK_VECTORS];
    for (size_t i = 0; i < count; i++) {
        scans[i] = (scan){.keys = key_rows_of(plan, pair, first + i), .vector = first + i, .seen = state_empty()};
        state_tree_clear(&scans[i].before);
    }
    for (size_t c = 0; c * AFT_CHAIN_KEYS < keys_of(plan, pair); c++)
        for (size_t i = 0; i < count; i++)
            scan_chain(plan, pair, &scans[i], c, scratch);
    for (size_t i = 0; i < count; i++)
        scan_rest(plan, pair, &scans[i]);
}
