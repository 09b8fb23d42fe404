/* SPDX-License-Identifier: MIT */
/*
 * Key panels of one vector of channels: for every visible key the pair (e*v, e) that kernel.h describes, side by side,
 * so that one broadcast of a weight feeds two FMAs.
 *
 *     panel[key] = | e*v: lanes | e: lanes |      exponents[chain] = | E: lanes | K: lanes |
 *
 * Without a causal mask E and K are the maxima over all visible keys, and there is one pair of them. Under a causal
 * mask a row sees only the past, and so must its exponents: chain c has the maxima of the keys up to its end, and
 * whoever adds chains scales by 2^(K[c-1] - K[c]). A channel with a visible NaN or infinity (from that chain on) gets
 * EXPONENT_POISONED, which makes its panel 0: its denominators fail the test in aggregate_rows.c, and exact.h computes
 * what each row sees.
 *
 * For AFT-local, and for AFT-simple under a causal mask, the states of all keys before each granule of 16 (and from it
 * on, without a mask) are laid beside the panel. They are summed in two levels of 64 granules.
 */
#include "kernels/state.h"

AFT_INLINE key_maxima poisoned_where_special(key_maxima maxima) {
    const vf32 poisoned = vf32_set1(EXPONENT_POISONED);
    vm32 plain = vf32_eq(maxima.special, vf32_zero());
    maxima.n = vf32_select(plain, maxima.n, poisoned);
    maxima.ng = vf32_select(plain, maxima.ng, poisoned);
    return maxima;
}

static key_maxima maxima_of_all(const key_rows *rows) {
    key_maxima maxima = key_maxima_none();
    for (size_t j = 0; j < rows->count; j++) {
        key taken = key_at(rows, j);
        maxima.n = vf32_max(maxima.n, taken.n);
        maxima.ng = vf32_max(maxima.ng, taken.ng);
        maxima.special = vf32_add(maxima.special, taken.special);
    }
    return poisoned_where_special(maxima);
}

AFT_INLINE void store_exponents(float *exponents, key_maxima maxima) {
    vf32_store(exponents, vf32_sub(maxima.ng, vf32_set1(HEADROOM)));
    vf32_store(exponents + VF32_LANES, maxima.n);
}

/* Writes the panel of a chain; true in the lanes where a numerator that is not 0 was dropped. */
static vm32 pack_chain(const key_chain *chain, key_maxima maxima, float *panel) {
    const vf32 floor = vf32_set1(EXPONENT_FLOOR);
    vf32 top = vf32_sub(maxima.ng, vf32_set1(HEADROOM));
    vm32 dropped = vf32_gt(vf32_zero(), vf32_zero());
    for (size_t j = 0; j < chain->count; j++, panel += 2 * VF32_LANES) {
        size_t i = j * VF32_LANES;
        vf32 ng = vf32_load(chain->ng + i), shift = vf32_sub(ng, top);
        vf32 e_scale = vf32_pow2_above(vf32_sub(vf32_load(chain->n + i), maxima.n), LOWEST);
        vf32_store(panel, vf32_mul(vf32_load(chain->pf + i), vf32_pow2_above(shift, LOWEST)));
        vf32_store(panel + VF32_LANES, vf32_mul(vf32_load(chain->p + i), e_scale));
        dropped = vm32_or(dropped, vm32_and(vf32_gt(vf32_set1(LOWEST), shift), vf32_gt(ng, floor)));
    }
    return dropped;
}

/* A sum of states in two levels of AFT_GROUP_CHAINS. */
typedef struct state_sum {
    state groups, group;
} state_sum;

AFT_INLINE state state_sum_total(const state_sum *sum) { return state_merge(sum->groups, sum->group); }

AFT_INLINE void state_sum_add(state_sum *sum, state s, bool ends_group) {
    sum->group = state_merge(sum->group, s);
    if (ends_group)
        *sum = (state_sum){state_merge(sum->groups, sum->group), state_empty()};
}

/* Turns the states of single granules into the states of all keys from a granule on. */
static void sum_suffixes(size_t granules, float *suffix) {
    state_sum sum = {state_empty(), state_empty()};
    state_store(suffix + granules * AFT_STATE_VECTORS * VF32_LANES, state_empty());
    for (size_t granule = granules; granule-- > 0;) {
        float *place = suffix + granule * AFT_STATE_VECTORS * VF32_LANES;
        state_sum_add(&sum, state_load(place), false);
        state_store(place, state_sum_total(&sum));
        if (granule % AFT_GROUP_CHAINS == 0)
            state_sum_add(&sum, state_empty(), true);
    }
}

static void pack_keys(const aft_plan *plan, size_t set, size_t task, float *scratch) {
    size_t pair = set + task / plan->vectors, vector = task % plan->vectors;
    bool causal = plan->problem.shape.causal;
    key_rows rows = key_rows_of(plan, pair, vector);
    float *record = record_of(plan, set, pair, vector);
    float *prefix = record + plan->record.prefix, *suffix = record + plan->record.suffix;

    key_maxima maxima = causal ? key_maxima_none() : maxima_of_all(&rows);
    store_exponents(record + plan->record.exponents, maxima);
    vm32 dropped = vf32_gt(vf32_zero(), vf32_zero());
    state_sum before = {state_empty(), state_empty()};
    size_t granules = 0, chains = round_up(rows.count, AFT_CHAIN_KEYS) / AFT_CHAIN_KEYS;
    for (size_t c = 0; c < chains; c++) {
        key_chain chain = key_chain_take(plan, &rows, c * AFT_CHAIN_KEYS, scratch);
        if (causal) {
            /* Numerators of earlier chains that the new exponent scales away. */
            vf32 old = maxima.ng;
            maxima = poisoned_where_special(key_chain_maxima(&chain, 0, chain.count, maxima));
            vm32 lost = vf32_gt(vf32_set1(LOWEST_NORMAL), vf32_sub(old, maxima.ng));
            dropped = vm32_or(dropped, vm32_and(lost, vf32_gt(old, vf32_set1(EXPONENT_FLOOR))));
            store_exponents(record + plan->record.exponents + c * 2 * VF32_LANES, maxima);
        }
        float *panel = record + plan->record.panel + c * AFT_CHAIN_KEYS * 2 * VF32_LANES;
        dropped = vm32_or(dropped, pack_chain(&chain, maxima, panel));

        for (size_t j = 0; plan->has_states && j < chain.count; j += AFT_GRANULE_KEYS, granules++) {
            state granule = state_of_keys(&chain, j, smaller(j + AFT_GRANULE_KEYS, chain.count));
            state_store(prefix + granules * AFT_STATE_VECTORS * VF32_LANES, state_sum_total(&before));
            state_sum_add(&before, granule, granules % AFT_GROUP_CHAINS == AFT_GROUP_CHAINS - 1);
            if (!causal)
                state_store(suffix + granules * AFT_STATE_VECTORS * VF32_LANES, granule);
        }
    }
    if (plan->has_states) {
        state_store(prefix + granules * AFT_STATE_VECTORS * VF32_LANES, state_sum_total(&before));
        if (!causal)
            sum_suffixes(granules, suffix);
    }
    vf32 threshold = vf32_set1(KEY_THRESHOLD * (float)rows.count);
    vf32_store(record + plan->record.threshold, vf32_select(dropped, threshold, vf32_zero()));
}
