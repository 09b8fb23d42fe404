/* SPDX-License-Identifier: MIT */
/*
 * Key panels of one vector of channels: for every visible key the pair (e*v, e) that kernel.h describes, side by side,
 * so that one broadcast of a weight feeds two FMAs.
 *
 *     panel[key] = | e*v: lanes | e: lanes |      exponents[chain] = | E: lanes | K: lanes |
 *
 * Chain c has the maxima E and K of the visible keys up to its end, and whoever adds chains scales by 2^(K[c-1] -
 * K[c]). So K and V are gone through once, and under a causal mask no row depends on keys that it does not see. A
 * channel with a visible NaN or infinity gets EXPONENT_POISONED from that chain on, which makes its panel 0: its
 * denominators fail the test in finish_rows.h, and exact.h computes what each row sees.
 *
 * For AFT-local the states of all keys before each chain (and from it on, without a mask) are laid beside the panel.
 */
#include "kernels/near.h"

AFT_INLINE key_maxima poisoned_where_special(key_maxima maxima) {
    const vf32 poisoned = vf32_set1(EXPONENT_POISONED);
    vm32 plain = vf32_eq(maxima.special, vf32_zero());
    maxima.n = vf32_select(plain, maxima.n, poisoned);
    maxima.ng = vf32_select(plain, maxima.ng, poisoned);
    return maxima;
}

AFT_INLINE void store_exponents(float *exponents, key_maxima maxima) {
    vf32_store(exponents, vf32_sub(maxima.ng, vf32_set1(HEADROOM)));
    vf32_store(exponents + VF32_LANES, maxima.n);
}

static void pack_chain(const key_chain *chain, key_maxima maxima, float *panel) {
    vf32 top = vf32_sub(maxima.ng, vf32_set1(HEADROOM));
    for (size_t i = 0; i < chain->count * VF32_LANES; i += VF32_LANES, panel += 2 * VF32_LANES) {
        vf32 ev_shift = vf32_sub(vf32_load(chain->ng + i), top);
        vf32 e_shift = vf32_sub(vf32_load(chain->n + i), maxima.n);
        vf32_store(panel, vf32_scale_above(vf32_load(chain->pf + i), ev_shift, LOWEST));
        vf32_store(panel + VF32_LANES, vf32_scale_above(vf32_load(chain->p + i), e_shift, LOWEST));
    }
}

/* The same of a near chain, where nothing is below LOWEST beside these maxima. */
static void pack_near(const near_chain *chain, key_maxima maxima, float *panel) {
    vf32 ev_scale = vf32_pow2(vf32_min(vf32_sub(vf32_set1(HEADROOM), maxima.ng), vf32_set1(127.0f)));
    vf32 e_scale = vf32_pow2(vf32_sub(vf32_zero(), maxima.n));
    for (size_t i = 0; i < chain->count * VF32_LANES; i += VF32_LANES, panel += 2 * VF32_LANES) {
        vf32_store(panel, vf32_mul(vf32_load(chain->ev + i), ev_scale));
        vf32_store(panel + VF32_LANES, vf32_mul(vf32_load(chain->e + i), e_scale));
    }
}

/* Whether maxima are so low that nothing of a near chain is below LOWEST beside them. */
AFT_INLINE bool maxima_are_near(key_maxima maxima) {
    vm32 n_near = vf32_ge(vf32_set1(NEAR_LEAST - LOWEST), maxima.n);
    vm32 ng_near = vf32_ge(vf32_set1(NEAR_LEAST_NG - LOWEST + HEADROOM), maxima.ng);
    return !vm32_any(vm32_not(vm32_and(n_near, ng_near)));
}

/* The least |numerator| that can be trusted: 0, unless some numerator is below LOWEST beside the largest of all, be it
 * at once or because the exponents rose by and by. */
static vf32 pack_threshold(key_maxima maxima, size_t keys) {
    vf32 lowest = vf32_sub(maxima.least_ng, vf32_sub(maxima.ng, vf32_set1(HEADROOM)));
    return vf32_select(vf32_gt(vf32_set1(LOWEST), lowest), vf32_set1(KEY_THRESHOLD * (float)keys), vf32_zero());
}

/* Turns the states of single chains into the states of all keys from a chain on. */
static void sum_suffixes(size_t chains, float *suffix) {
    state_tree tree;
    state_tree_clear(&tree);
    state_store(state_at(suffix, chains), state_empty());
    for (size_t c = chains; c-- > 0;) {
        float *place = state_at(suffix, c);
        state_tree_add(&tree, state_load(place), c);
        state_store(place, state_tree_total(&tree));
    }
}

/* One vector of channels under way. */
typedef struct packing {
    key_rows rows;
    float *record;
    key_maxima maxima;
    state_tree before;
} packing;

static void pack_begin(const aft_plan *plan, size_t set, size_t pair, size_t vector, packing *p) {
    p->rows = key_rows_of(plan, pair, vector);
    p->record = record_of(plan, set, pair, vector);
    p->maxima = key_maxima_none();
    if (plan->has_states) /* a large thing to touch for a few keys */
        state_tree_clear(&p->before);
    store_exponents(p->record + plan->record.exponents, p->maxima);
}

static void pack_state(const aft_plan *plan, packing *p, size_t c, state own) {
    state_store(state_at(p->record + plan->record.prefix, c), state_tree_total(&p->before));
    state_tree_add(&p->before, own, c + 1);
    if (!plan->problem.shape.causal)
        state_store(state_at(p->record + plan->record.suffix, c), own);
}

static void pack_next(const aft_plan *plan, packing *p, size_t c, float *scratch) {
    float *exponents = p->record + plan->record.exponents + c * 2 * VF32_LANES;
    float *panel = p->record + plan->record.panel + c * AFT_CHAIN_KEYS * 2 * VF32_LANES;
    near_chain near;
    if (near_chain_take(plan, &p->rows, c * AFT_CHAIN_KEYS, true, scratch, &near)) {
        key_maxima maxima = key_maxima_merge(p->maxima, near.maxima);
        if (maxima_are_near(maxima)) {
            p->maxima = maxima;
            store_exponents(exponents, maxima);
            pack_near(&near, maxima, panel);
            if (plan->has_states)
                pack_state(plan, p, c, state_of_near(&near));
            return;
        }
    }
    key_chain chain = key_chain_take(plan, &p->rows, c * AFT_CHAIN_KEYS, scratch);
    p->maxima = poisoned_where_special(key_chain_maxima(&chain, p->maxima));
    store_exponents(exponents, p->maxima);
    pack_chain(&chain, p->maxima, panel);
    if (plan->has_states)
        pack_state(plan, p, c, state_of_keys(&chain));
}

static void pack_end(const aft_plan *plan, packing *p) {
    size_t chains = round_up(p->rows.count, AFT_CHAIN_KEYS) / AFT_CHAIN_KEYS;
    vf32_store(p->record + plan->record.threshold, pack_threshold(p->maxima, p->rows.count));
    if (plan->has_states) {
        state_store(state_at(p->record + plan->record.prefix, chains), state_tree_total(&p->before));
        if (!plan->problem.shape.causal)
            sum_suffixes(chains, p->record + plan->record.suffix);
    }
}

/* Many vectors at once, chain by chain: the longer the stretches of the rows, the better the hardware guesses them, and
 * rows of many channels lie on a page each. */
static void pack_keys(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t first = task % plan->pack_blocks * plan->pack_vectors, pair = set + task / plan->pack_blocks;
    size_t count = smaller(plan->pack_vectors, plan->vectors - first);
    packing packings[AFT_PACK_VECTORS];
    for (size_t i = 0; i < count; i++)
        pack_begin(plan, set, pair, first + i, &packings[i]);
    rows_ahead ahead = keys_ahead(plan, &packings[0].rows, count, 0);
    for (size_t c = 0; c * AFT_CHAIN_KEYS < keys_of(plan, pair); c++)
        for (size_t i = 0; i < count; i++) {
            rows_prefetch(&ahead);
            pack_next(plan, &packings[i], c, scratch);
        }
    for (size_t i = 0; i < count; i++)
        pack_end(plan, &packings[i]);
}
