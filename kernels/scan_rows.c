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
    near_state near;   /* the same, where is_near */
    bool is_near;
    const float *q;
    float *y;
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

AFT_INLINE vf32 scan_q(const aft_plan *plan, const scan *s, size_t row) {
    return load_lanes(s->q + row * plan->problem.q.time_stride, s->keys.lanes);
}

/* The gates of rows [first, end), by index in q. */
static void scan_gates(const aft_plan *plan, const scan *s, size_t first, size_t end, gates *g) {
    for (size_t row = first; row < end; row++)
        gates_take(g, row - first, scan_q(plan, s, row));
    gates_open(g, end - first);
}

AFT_INLINE void scan_store(const aft_plan *plan, const scan *s, size_t row, vf32 outputs) {
    store_lanes(s->y + row * plan->problem.y.time_stride, outputs, s->keys.lanes);
}

/* Counts a chain in, of which `own` is the sum. */
static void scan_count(scan *s, size_t c, size_t keys, state own) {
    if (keys == AFT_CHAIN_KEYS) {
        state_tree_add(&s->before, own, c + 1);
        s->seen = state_tree_total(&s->before);
    } else {
        s->seen = state_merge(own, s->seen);
    }
    s->is_near = near_state_take(s->seen, &s->near);
}

/* A chain of keys from `begin` on, and the rows [first, end) at its keys, of which the first is at number `key`. */
typedef struct scan_step {
    size_t chain, begin, first, end, key;
} scan_step;

static scan_step scan_step_of(const aft_plan *plan, const scan *s, size_t c) {
    const aft_shape *shape = &plan->problem.shape;
    size_t begin = c * AFT_CHAIN_KEYS, end = begin + chain_keys(&s->keys, begin);
    size_t first_key = larger(begin, shape->q_offset), first = first_key - shape->q_offset;
    size_t end_row = smaller(larger(end, shape->q_offset) - shape->q_offset, shape->q_len);
    return (scan_step){c, begin, first, larger(first, end_row), first_key - begin};
}

/* The fast path (near.h). Returns false, and does nothing, where keys, gates or the state before are not near. */
static bool scan_near(const aft_plan *plan, scan *s, const scan_step *step, float *scratch) {
    near_chain chain;
    gates last;
    vm32 near = vf32_eq(vf32_zero(), vf32_zero());
    if (!s->is_near || !near_chain_take(plan, &s->keys, step->begin, true, scratch, &chain))
        return false;
    for (size_t row = step->first; row < step->end; row++)
        near = vm32_and(near, near_gate(scan_q(plan, s, row)));
    if (vm32_any(vm32_not(near)))
        return false;
    near_state own = {vf32_zero(), vf32_zero()};
    float *e = chain.e, *ev = chain.ev;
    for (size_t i = 0; i < chain.count * VF32_LANES;
         i += VF32_LANES) { /* what each key's row sees, in the key's place */
        own.numerator = vf32_add(own.numerator, vf32_load(ev + i));
        own.denominator = vf32_add(own.denominator, vf32_load(e + i));
        vf32_store(ev + i, vf32_add(own.numerator, s->near.numerator));
        vf32_store(e + i, vf32_add(own.denominator, s->near.denominator));
    }
    scan_count(s, step->chain, chain.count, state_of_near(&chain));
    size_t last_key = (chain.count - 1) * VF32_LANES; /* sees a sum by levels if the chain is complete */
    vf32_store(ev + last_key, s->near.numerator);
    vf32_store(e + last_key, s->near.denominator);
    for (size_t row = step->first; row < step->end; row++) {
        size_t i = (row - step->first + step->key) * VF32_LANES;
        if (i == last_key && !s->is_near) {
            scan_gates(plan, s, row, row + 1, &last);
            scan_store(plan, s, row, gates_pass_state(&last, 0, s->seen));
        } else {
            vf32 closing = near_gate_open(scan_q(plan, s, row));
            scan_store(plan, s, row, near_gate_pass(closing, (near_state){vf32_load(ev + i), vf32_load(e + i)}));
        }
    }
    return true;
}

/* A chain of keys, and the rows that see it in part. */
static void scan_chain(const aft_plan *plan, scan *s, size_t c, float *scratch) {
    const scan_step step = scan_step_of(plan, s, c);
    if (scan_near(plan, s, &step, scratch))
        return;
    key_chain chain = key_chain_take(plan, &s->keys, step.begin, scratch);
    state own = state_empty(), before = s->seen;
    gates g;
    scan_gates(plan, s, step.first, step.end, &g);
    for (size_t j = 0; j < chain.count; j++) {
        own = state_append(own, &chain, j);
        if (j + 1 == chain.count)
            scan_count(s, c, chain.count, own);
        state seen = j + 1 == chain.count ? s->seen : state_merge(own, before);
        size_t row = step.first + j - step.key; /* wraps around, beyond end, where there is none */
        if (row >= step.first && row < step.end)
            scan_store(plan, s, row, gates_pass_state(&g, row - step.first, seen));
    }
}

/* The rows behind the last key. */
static void scan_rest(const aft_plan *plan, const scan *s) {
    const aft_shape *shape = &plan->problem.shape;
    gates g;
    for (size_t first = larger(s->keys.count, shape->q_offset) - shape->q_offset, end; first < shape->q_len;
         first = end) {
        end = smaller(first + GATES, shape->q_len);
        scan_gates(plan, s, first, end, &g);
        for (size_t row = first; row < end; row++)
            scan_store(plan, s, row, gates_pass_state(&g, row - first, s->seen));
    }
}

static rows_ahead queries_ahead(const aft_plan *plan, const scan *s, size_t vectors) {
    return (rows_ahead){.a = s->q,
                        .b = s->y,
                        .a_stride = plan->problem.q.time_stride,
                        .b_stride = plan->problem.y.time_stride,
                        .vectors = vectors,
                        .row = ROWS_AHEAD,
                        .end = rows_are_far(plan) ? plan->problem.shape.q_len : 0};
}

/* Many vectors at once, chain by chain: the longer the stretches of the rows, the better the hardware guesses them, and
 * rows of many channels lie on a page each. */
static void scan_rows(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t first = task % plan->pack_blocks * plan->pack_vectors, pair = set + task / plan->pack_blocks;
    size_t count = smaller(plan->pack_vectors, plan->vectors - first);
    scan scans[AFT_PACK_VECTORS];
    for (size_t i = 0; i < count; i++) {
        scans[i] = (scan){.keys = key_rows_of(plan, pair, first + i),
                          .seen = state_empty(),
                          .q = input_of(plan, &plan->problem.q, pair, first + i),
                          .y = output_of(plan, pair, first + i)};
        scans[i].is_near = near_state_take(scans[i].seen, &scans[i].near);
        state_tree_clear(&scans[i].before);
    }
    rows_ahead keys = keys_ahead(plan, &scans[0].keys, count, 0), queries = queries_ahead(plan, &scans[0], count);
    for (size_t c = 0; c * AFT_CHAIN_KEYS < keys_of(plan, pair); c++)
        for (size_t i = 0; i < count; i++) {
            rows_prefetch(&keys);
            if ((c + 1) * AFT_CHAIN_KEYS > plan->problem.shape.q_offset)
                rows_prefetch(&queries);
            scan_chain(plan, &scans[i], c, scratch);
        }
    for (size_t i = 0; i < count; i++)
        scan_rest(plan, &scans[i]);
}
