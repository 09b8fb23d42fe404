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

#include "kernels/state.h"

#define LARGEST_FLOAT 0x1.fffffep+127f

/* The exponential of a gate: exp(-q) = exp(reduced) * 2^n. */
AFT_INLINE vf32 gate_reduce(vf32 q, vf32 *n) { return vf32_exp_reduce(vf32_sub(vf32_zero(), q), n); }

AFT_INLINE vf32 gate_apply(vf32 numerator, vf32 denominator, vf32 shift, vf32 q, vf32 p, vf32 n) {
    vf32 m = vf32_max(n, vf32_zero());
    vf32 one = vf32_scale_above(denominator, vf32_sub(vf32_zero(), m), LOWEST_OF_STATE);
    vf32 e = vf32_scale_above(p, vf32_sub(n, m), LOWEST_OF_STATE);
    vf32 quotient = vf32_div(numerator, vf32_fma(denominator, e, one));
    vf32 y = vf32_ldexp(quotient, vf32_sub(shift, m));
    y = vf32_min(vf32_max(y, vf32_set1(-LARGEST_FLOAT)), vf32_set1(LARGEST_FLOAT));
    return vf32_select(vf32_eq(q, q), y, vf32_set1(QUIET_NAN));
}

AFT_INLINE vf32 gate(vf32 numerator, vf32 denominator, vf32 shift, vf32 q) {
    vf32 n, reduced = gate_reduce(q, &n);
    return gate_apply(numerator, denominator, shift, q, vf32_exp(reduced), n);
}

/* The output of a row that sees all the keys of a state: 0 where there is none, and what is special where any is. */
AFT_INLINE vf32 finish_state(state s, vf32 q) {
    const vf32 zero = vf32_zero(), nan = vf32_set1(QUIET_NAN);
    vm32 plain = vf32_eq(s.special, zero), any_key = vf32_gt(s.denominator, zero);
    vf32 y = gate(s.numerator, vf32_select(any_key, s.denominator, vf32_set1(1.0f)),
                  vf32_sub(s.numerator_exponent, s.denominator_exponent), q);
    y = vf32_select(any_key, y, zero);
    /* An infinity passes any gate that is not closed; NaN fails every comparison. */
    vm32 infinite = vm32_and(vf32_eq(s.special, s.special), vf32_gt(q, vf32_set1(-__builtin_inff())));
    return vf32_select(plain, y, vf32_select(infinite, s.special, nan));
}

#endif
