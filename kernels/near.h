/* SPDX-License-Identifier: MIT */
/*
 * The fast path of keys. A chain is near where exp(k) and exp(k) * v are floats of ordinary size: no key is hidden,
 * special or so small that it would be dropped beside another. Such floats need no exponent of their own: sums of them
 * have the bits of sums scaled to any maximum, since no step leaves the normal floats, and the maxima are the same. So
 * whether a chain is near changes no bit; it halves the cost.
 *
 * A state is near where its N * 2^E and D * 2^K are such floats.
 */
#ifndef AFT_KERNELS_NEAR_H
#define AFT_KERNELS_NEAR_H

#include "kernels/state.h"

/* A near key lies in NEAR_LEAST_LOGIT .. NEAR_LARGEST_LOGIT (vec_exp.h), its n + g in these, unless v is 0. */
#define NEAR_LEAST_NG (-40.0f)
#define NEAR_LARGEST_NG 30.0f

/* A row of weights is near where its exponent is within this, and a quotient where its numerator is not below that. */
#define NEAR_WEIGHT 10.0f
#define NEAR_NUMERATOR 0x1p-30f

typedef struct near_chain {
    float *e, *ev; /* [count] vectors in the scratch: exp(k), exp(k) * v */
    size_t count;
    vf32 e_sum, ev_sum; /* in ascending order */
    key_maxima maxima;
} near_chain;

/* Takes the `count` keys from `begin` on, and returns whether they are near. Where the exponentials are called, they come
 * in a loop of their own, so that a call finds few registers to save. Only sums and maxima, unless `keep`. */
AFT_INLINE bool near_keys_take(const key_rows *rows, size_t begin, size_t count, size_t lanes, bool keep, float *parts,
                               near_chain *chain) {
    enum { PART = AFT_CHAIN_KEYS * VF32_LANES };
    float *e = parts, *ev = e + PART;
    const float *k_rows = rows->k + begin * rows->k_stride, *v_rows = rows->v + begin * rows->v_stride;
#pragma GCC unroll 4
    for (size_t j = 0; j < count && VF32_EXP_IS_CALLED; j++)
        vf32_store(e + j * VF32_LANES, vf32_exp_near(load_lanes(k_rows + j * rows->k_stride, lanes)));
    key_maxima maxima = key_maxima_none();
    vf32 e_sum = vf32_zero(), ev_sum = vf32_zero(), least = vf32_zero(), largest = vf32_set1(-__builtin_inff());
#pragma GCC unroll 4
    for (size_t j = 0; j < count; j++) {
        vf32 k = load_lanes(k_rows + j * rows->k_stride, lanes), v = load_lanes(v_rows + j * rows->v_stride, lanes);
        vf32 key_e = VF32_EXP_IS_CALLED ? vf32_load(e + j * VF32_LANES) : vf32_exp_near(k);
        vf32 key_ev = vf32_mul(key_e, v);
        if (keep) {
            vf32_store(e + j * VF32_LANES, key_e);
            vf32_store(ev + j * VF32_LANES, key_ev);
        }
        e_sum = vf32_add(e_sum, key_e);
        ev_sum = vf32_add(ev_sum, key_ev);
        least = vf32_min(least, k);
        largest = vf32_max(largest, k);
        vf32 ng = vf32_add(vf32_exp_exponent(k), vf32_exponent(v));
        vm32 has_value = vf32_ne(v, vf32_zero());
        maxima.ng = vf32_select(has_value, vf32_max(ng, maxima.ng), maxima.ng);
        maxima.least_ng = vf32_select(has_value, vf32_min(ng, maxima.least_ng), maxima.least_ng);
    }
    maxima.n = vf32_exp_exponent(largest); /* of the largest: n does not fall where k rises */
    *chain = (near_chain){e, ev, count, e_sum, ev_sum, maxima};
    vm32 k_near =
        vm32_and(vf32_ge(least, vf32_set1(NEAR_LEAST_LOGIT)), vf32_ge(vf32_set1(NEAR_LARGEST_LOGIT), largest));
    vm32 ng_near =
        vm32_and(vf32_ge(maxima.least_ng, vf32_set1(NEAR_LEAST_NG)), vf32_ge(vf32_set1(NEAR_LARGEST_NG), maxima.ng));
    vm32 no_nan = vm32_and(vf32_eq(e_sum, e_sum), vf32_eq(ev_sum, ev_sum));
    return !vm32_any(vm32_not(vm32_and(no_nan, vm32_and(k_near, ng_near))));
}

/* A chain of keys from `begin` on. Most are whole; loops whose length is known save a tenth of the time then. */
AFT_INLINE bool near_chain_take(const aft_plan *plan, const key_rows *rows, size_t begin, bool keep, float *scratch,
                                near_chain *chain) {
    size_t count = chain_keys(rows, begin);
    float *parts = scratch + plan->scratch.chain;
    if (count == AFT_CHAIN_KEYS && rows->lanes == VF32_LANES)
        return near_keys_take(rows, begin, AFT_CHAIN_KEYS, VF32_LANES, keep, parts, chain);
    return near_keys_take(rows, begin, count, rows->lanes, keep, parts, chain);
}

AFT_INLINE state state_of_near(const near_chain *chain) {
    const vf32 zero = vf32_zero();
    return (state){vf32_ldexp(chain->ev_sum, vf32_sub(zero, chain->maxima.ng)),
                   vf32_ldexp(chain->e_sum, vf32_sub(zero, chain->maxima.n)), chain->maxima.ng, chain->maxima.n, zero};
}

/* The state of a chain of keys from `begin` on. */
static state state_of_chain(const aft_plan *plan, const key_rows *rows, size_t begin, float *scratch) {
    near_chain near;
    if (near_chain_take(plan, rows, begin, false, scratch, &near))
        return state_of_near(&near);
    key_chain chain = key_chain_take(plan, rows, begin, scratch);
    return state_of_keys(&chain);
}

/* N * 2^E and D * 2^K of a state. */
typedef struct near_state {
    vf32 numerator, denominator;
} near_state;

/*
 * Takes a state, and returns whether it is near. Then all sums with the keys of a near chain are exact multiples of
 * 2^-63 (but for their one rounding) below 2^63, the exponents of either path's quotient behind a near gate (finish.h)
 * stay above -126, and with them those of y.
 */
AFT_INLINE bool near_state_take(state s, near_state *near) {
    const vf32 zero = vf32_zero(), least = vf32_set1(0x1p-40f);
    near->numerator = vf32_ldexp(s.numerator, s.numerator_exponent);
    near->denominator = vf32_ldexp(s.denominator, s.denominator_exponent);
    vm32 numerator = vm32_or(vf32_ge(vf32_abs(near->numerator), least), vf32_eq(s.numerator, zero));
    numerator = vm32_and(numerator, vf32_ge(vf32_set1(NEAR_LARGEST_NG), s.numerator_exponent));
    vm32 denominator = vm32_or(vf32_ge(near->denominator, least), vf32_eq(s.denominator, zero));
    denominator = vm32_and(denominator, vf32_ge(vf32_set1(NEAR_LARGEST), s.denominator_exponent));
    vm32 keys = vm32_and(vf32_eq(s.special, zero), vf32_gt(vf32_set1(0x1p+30f), s.denominator));
    return !vm32_any(vm32_not(vm32_and(keys, vm32_and(numerator, denominator))));
}

#endif
