/* SPDX-License-Identifier: MIT */
/*
 * A key of one vector of channels, taken apart: exp(k) = p * 2^n, v = f * 2^g.
 *
 * k = -inf hides the key: n and n + g are EXPONENT_HIDDEN. A k of NaN or +inf and a v that is not finite are `special`:
 * NaN or that v, and 0 for all others; sums of special say what an output is that sees them. f is 0 where v is 0 or not
 * finite.
 */
#ifndef AFT_KERNELS_KEY_H
#define AFT_KERNELS_KEY_H

#include "kernels/ahead.h"

typedef struct key {
    vf32 reduced; /* p = exp(reduced) */
    vf32 n, ng;   /* n, and n + g: the exponents of exp(k) and of exp(k) * v */
    vf32 f, special;
} key;

AFT_INLINE key key_take(vf32 k, vf32 v) {
    const vf32 infinity = vf32_set1(__builtin_inff()), hidden_exponent = vf32_set1(EXPONENT_HIDDEN);
    vm32 hidden = vf32_eq(k, vf32_set1(-__builtin_inff()));
    vm32 k_finite = vf32_gt(infinity, k), v_finite = vf32_gt(infinity, vf32_abs(v));
    vm32 has_value = vm32_and(v_finite, vm32_not(vf32_eq(v, vf32_zero())));

    key taken;
    vf32 n, g, f = vf32_frexp(v, &g);
    taken.reduced = vf32_exp_reduce(k, &n);
    taken.f = vf32_select(has_value, f, vf32_zero());
    taken.n = vf32_select(hidden, hidden_exponent, n);
    taken.ng = vf32_select(vm32_and(has_value, vm32_not(hidden)), vf32_add(n, g), hidden_exponent);
    vf32 value = vf32_select(vm32_or(v_finite, hidden), vf32_zero(), v);
    taken.special = vf32_select(vm32_or(k_finite, hidden), value, vf32_set1(QUIET_NAN));
    return taken;
}

/* The visible keys of one channel vector of one pair. */
typedef struct key_rows {
    const float *k, *v;
    size_t k_stride, v_stride;
    size_t count, lanes;
} key_rows;

AFT_INLINE key_rows key_rows_of(const aft_plan *plan, size_t pair, size_t vector) {
    const aft_problem *problem = &plan->problem;
    return (key_rows){
        .k = input_of(plan, &problem->k, pair, vector),
        .v = input_of(plan, &problem->v, pair, vector),
        .k_stride = problem->k.time_stride,
        .v_stride = problem->v.time_stride,
        .count = keys_of(plan, pair),
        .lanes = lanes_of(plan, vector),
    };
}

/* The same at another vector of the pair, of the rows at vector 0. */
AFT_INLINE key_rows key_rows_at(const aft_plan *plan, const key_rows *all, size_t vector) {
    key_rows rows = *all;
    rows.k += vector * VF32_LANES;
    rows.v += vector * VF32_LANES;
    rows.lanes = lanes_of(plan, vector);
    return rows;
}

AFT_INLINE key key_at(const key_rows *rows, size_t j) {
    return key_take(load_lanes(rows->k + j * rows->k_stride, rows->lanes),
                    load_lanes(rows->v + j * rows->v_stride, rows->lanes));
}

/* Keys of the chain that begins at `begin`. */
AFT_INLINE size_t chain_keys(const key_rows *rows, size_t begin) {
    return smaller(AFT_CHAIN_KEYS, rows->count - begin);
}

/* The keys of `vectors` from these rows' on, to be asked for from ahead of key `begin` on; none unless they are far. */
AFT_INLINE rows_ahead keys_ahead(const aft_plan *plan, const key_rows *rows, size_t vectors, size_t begin) {
    return (rows_ahead){.a = rows->k,
                        .b = rows->v,
                        .a_stride = rows->k_stride,
                        .b_stride = rows->v_stride,
                        .vectors = vectors,
                        .row = begin + ROWS_AHEAD,
                        .end = rows_are_far(plan) ? rows->count : 0};
}

/* The largest exponents so far, the least n + g of a value that is not 0, and the sum of what is special. */
typedef struct key_maxima {
    vf32 n, ng, least_ng, special;
} key_maxima;

AFT_INLINE key_maxima key_maxima_none(void) {
    return (key_maxima){vf32_set1(EXPONENT_FLOOR), vf32_set1(EXPONENT_FLOOR), vf32_set1(-EXPONENT_FLOOR), vf32_zero()};
}

AFT_INLINE key_maxima key_maxima_merge(key_maxima a, key_maxima b) {
    return (key_maxima){vf32_max(a.n, b.n), vf32_max(a.ng, b.ng), vf32_min(a.least_ng, b.least_ng),
                        vf32_add(a.special, b.special)};
}

/* A chain of keys in the scratch: [AFT_CHAIN_KEYS] vectors of each part. */
typedef struct key_chain {
    float *p, *pf, *n, *ng, *special;
    size_t count;
} key_chain;

/* Takes a chain of keys from `begin` on apart. The exponentials come in a loop of their own, so that a call to the
 * provider finds few registers to save. */
static key_chain key_chain_take(const aft_plan *plan, const key_rows *rows, size_t begin, float *scratch) {
    enum { PART = AFT_CHAIN_KEYS * VF32_LANES };
    float *parts = scratch + plan->scratch.chain;
    key_chain chain = {
        parts, parts + PART, parts + 2 * PART, parts + 3 * PART, parts + 4 * PART, chain_keys(rows, begin)};
    for (size_t j = 0; j < chain.count; j++) {
        if (begin + AFT_CHAIN_KEYS + j < rows->count) {
            prefetch_row(rows->k, rows->k_stride, begin + AFT_CHAIN_KEYS + j);
            prefetch_row(rows->v, rows->v_stride, begin + AFT_CHAIN_KEYS + j);
        }
        key taken = key_at(rows, begin + j);
        vf32_store(chain.p + j * VF32_LANES, taken.reduced);
        vf32_store(chain.pf + j * VF32_LANES, taken.f);
        vf32_store(chain.n + j * VF32_LANES, taken.n);
        vf32_store(chain.ng + j * VF32_LANES, taken.ng);
        vf32_store(chain.special + j * VF32_LANES, taken.special);
    }
    for (size_t j = 0; j < chain.count; j++)
        vf32_store(chain.p + j * VF32_LANES, vf32_exp(vf32_load(chain.p + j * VF32_LANES)));
    for (size_t j = 0; j < chain.count; j++) {
        float *pf = chain.pf + j * VF32_LANES;
        vf32_store(pf, vf32_mul(vf32_load(chain.p + j * VF32_LANES), vf32_load(pf)));
    }
    return chain;
}

AFT_INLINE key_maxima key_chain_maxima(const key_chain *chain, key_maxima maxima) {
    for (size_t i = 0; i < chain->count * VF32_LANES; i += VF32_LANES) {
        maxima.n = vf32_max(maxima.n, vf32_load(chain->n + i));
        vf32 ng = vf32_load(chain->ng + i);
        vf32 least = vf32_min(maxima.least_ng, ng);
        maxima.ng = vf32_max(maxima.ng, ng);
        maxima.least_ng = vf32_select(vf32_gt(ng, vf32_set1(EXPONENT_FLOOR)), least, maxima.least_ng);
        maxima.special = vf32_add(maxima.special, vf32_load(chain->special + i));
    }
    return maxima;
}

#endif
