/* SPDX-License-Identifier: MIT */
/*
 * y = sigmoid(q) * N / D * 2^shift.
 *
 * With exp(-q) = p * 2^n and m = max(n, 0), y = N / (D * 2^-m + D * p * 2^(n - m)) * 2^(shift - m): nothing overflows
 * (D * (1 + exp(-q)) would at q = -90, and answer 0 where 0.0082 is right), and past p there are but two roundings, of
 * the divisor's FMA and of the division. |y| <= max |v| holds for the exact result, so a y that rounds beyond FLT_MAX is
 * brought back to it.
 */
#ifndef AFT_KERNELS_FINISH_H
#define AFT_KERNELS_FINISH_H

#include "kernels/near.h"

enum { GATES = AFT_ROW_BLOCK };

/* Up to GATES vectors of q, and exp(-q) = p * 2^n. */
typedef struct gates {
    _Alignas(64) float q[GATES * VF32_LANES], p[GATES * VF32_LANES], n[GATES * VF32_LANES];
} gates;

AFT_INLINE void gates_take(gates *g, size_t i, vf32 q) {
    vf32 n, reduced = vf32_exp_reduce(vf32_sub(vf32_zero(), q), &n);
    vf32_store(g->q + i * VF32_LANES, q);
    vf32_store(g->p + i * VF32_LANES, reduced);
    vf32_store(g->n + i * VF32_LANES, n);
}

/* Once all are taken. The exponentials come in a loop of their own, so that a call to the provider finds few registers
 * to save. */
AFT_INLINE void gates_open(gates *g, size_t count) {
    for (size_t i = 0; i < count * VF32_LANES; i += VF32_LANES)
        vf32_store(g->p + i, vf32_exp(vf32_load(g->p + i)));
}

/* y of gate i. */
AFT_INLINE vf32 gates_pass(const gates *g, size_t i, vf32 numerator, vf32 denominator, vf32 shift) {
    vf32 q = vf32_load(g->q + i * VF32_LANES), n = vf32_load(g->n + i * VF32_LANES);
    vf32 m = vf32_max(n, vf32_zero());
    vf32 one = vf32_scale_above(denominator, vf32_sub(vf32_zero(), m), LOWEST_OF_STATE);
    vf32 e = vf32_scale_above(vf32_load(g->p + i * VF32_LANES), vf32_sub(n, m), LOWEST_OF_STATE);
    vf32 quotient = vf32_div(numerator, vf32_fma(denominator, e, one));
    vf32 y = vf32_ldexp(quotient, vf32_sub(shift, m));
    y = vf32_min(vf32_max(y, vf32_set1(-LARGEST_FLOAT)), vf32_set1(LARGEST_FLOAT));
    return vf32_select(vf32_eq(q, q), y, vf32_set1(QUIET_NAN));
}

AFT_INLINE vf32 gates_pass_plain(const gates *g, size_t i, state s) {
    return gates_pass(g, i, s.numerator, s.denominator, vf32_sub(s.numerator_exponent, s.denominator_exponent));
}

/* The output of a row that sees all the keys of a state: 0 where there is none, and what is special where any is. */
AFT_INLINE vf32 gates_pass_state(const gates *g, size_t i, state s) {
    const vf32 zero = vf32_zero(), nan = vf32_set1(QUIET_NAN);
    vm32 plain = vf32_eq(s.special, zero), any_key = vf32_gt(s.denominator, zero);
    s.denominator = vf32_select(any_key, s.denominator, vf32_set1(1.0f));
    vf32 y = vf32_select(any_key, gates_pass_plain(g, i, s), zero);
    /* An infinity passes any gate that is not closed; NaN fails every comparison. */
    vf32 q = vf32_load(g->q + i * VF32_LANES);
    vm32 infinite = vm32_and(vf32_eq(s.special, s.special), vf32_gt(q, vf32_set1(-__builtin_inff())));
    return vf32_select(plain, y, vf32_select(infinite, s.special, nan));
}

/*
 * The fast path: behind a near state, y = N / (D + D * exp(-q)) needs no care where exp(-q) is of ordinary size. No step
 * leaves the normal floats, so nothing is scaled, dropped or brought back, and the bits are the same. Whether a gate is
 * near, too:
 */
AFT_INLINE vm32 near_gate(vf32 q) {
    return vm32_and(vf32_ge(q, vf32_set1(-NEAR_LARGEST_LOGIT)), vf32_ge(vf32_set1(-NEAR_LEAST_LOGIT), q));
}

/* exp(-q). It is taken just before its use, where no register is in use that a call to the provider must save, and beside
 * the division of the gate before. */
AFT_INLINE vf32 near_gate_open(vf32 q) { return vf32_exp_near(vf32_sub(vf32_zero(), q)); }

/* y, of exp(-q). */
AFT_INLINE vf32 near_gate_pass(vf32 e, near_state s) {
    return vf32_div(s.numerator, vf32_fma(s.denominator, e, s.denominator));
}

#endif
