/* SPDX-License-Identifier: MIT AND BSL-1.0 */
/*
 * exp, as the kernels use it: exp(x) = p * 2^n with an integer n, so that subtracting a maximum is subtracting an
 * integer: exact.
 *
 * n = rint(x * log2 e), r = x - n * ln 2 by two FMAs, p = exp(r). The first FMA is exact: LN2_HIGH has 21 bits and n at
 * most 21, so the difference, below 0.5, is a multiple of the last bit of x or of LN2_HIGH; the second rounds to 2^-26.
 * With |x| <= 2^20 the rounding of log2 e and of the product moves n * ln 2 by less than 0.08: |r| <= 0.43, and p lies
 * in [0.65, 1.54].
 *
 * Two providers of exp(r), of which the build names the header in AFT_EXP_HEADER, with the same bits on every float: SLEEF's ISA-suffixed deterministic function (1.0 ULP),
 * called; or the algorithm of SLEEF's expf_u10 (Shibata and Petrogalli, "SLEEF: A Portable Vectorized Library of C
 * Standard Mathematical Functions", IEEE TPDS 31(6), 2020; Boost licence, see NOTICE) over this layer's operations. The
 * scalar level always takes the second: SLEEF's scalar FMA function needs a CPU with FMA.
 */
#ifndef AFT_KERNELS_VEC_EXP_H
#define AFT_KERNELS_VEC_EXP_H

#include "kernels/vec/vec.h"

#define LOGIT_LIMIT 0x1p+20f        /* larger logits saturate */
#define EXPONENT_HIDDEN (-0x1p+23f) /* n of a key that does not count: sums of two are exact, and below the floor */
#define EXPONENT_FLOOR (-0x1p+22f)  /* below every sum of exponents of finite logits: where a maximum begins */

/* Logits near 0. For them exp(x), taken whole, has the bits of p * 2^n: to reduce the reduced argument again changes
 * nothing. From -21 to 7.5 the floats of which that is not true are -0x1.8f4bb2p+3 (-12.478), -0x1.8f503ap+3 and, from
 * 0x1.a56ef8p+2 (6.585) on, some with n = 10; test_exp looks at each in between. */
#define NEAR_LEAST_LOGIT (-12.46875f)
#define NEAR_LARGEST_LOGIT 6.0f
/* Exponents near 0: those of near logits, and of sums with them. */
#define NEAR_LEAST (-28.0f)
#define NEAR_LARGEST 9.0f

#define LOG2_E 0x1.715476p+0f
#define LN2_HIGH 0x1.62e43p-1f
#define LN2_LOW (-0x1.05c61p-29f)

/* The integer n of exp(x) = p * 2^n, for |x| <= LOGIT_LIMIT. */
AFT_INLINE vf32 vf32_exp_exponent(vf32 x) { return vf32_round(vf32_mul(x, vf32_set1(LOG2_E))); }

/* The polynomial of exp(s) and the split of ln 2 are SLEEF's (sleefsimdsp.c, xexpf). */
AFT_INLINE vf32 vf32_exp_polynomial(vf32 s) {
    vf32 u = vf32_set1(0.000198527617612853646278381f);
    u = vf32_fma(u, s, vf32_set1(0.00139304355252534151077271f));
    u = vf32_fma(u, s, vf32_set1(0.00833336077630519866943359f));
    u = vf32_fma(u, s, vf32_set1(0.0416664853692054748535156f));
    u = vf32_fma(u, s, vf32_set1(0.166666671633720397949219f));
    u = vf32_fma(u, s, vf32_set1(0.5f));
    return vf32_add(vf32_set1(1.0f), vf32_fma(vf32_mul(s, s), u, s));
}

AFT_INLINE vf32 vf32_exp_builtin(vf32 x) {
    vf32 n = vf32_exp_exponent(x);
    vf32 s = vf32_fma(n, vf32_set1(-0.693145751953125f), x);
    s = vf32_fma(n, vf32_set1(-1.428606765330187045e-06f), s);
    vf32 u = vf32_exp_polynomial(s);
    u = vf32_ldexp(u, n);
    u = vf32_select(vf32_gt(vf32_set1(-104.0f), x), vf32_zero(), u);
    return vf32_select(vf32_gt(x, vf32_set1(100.0f)), vf32_set1(__builtin_inff()), u);
}

#include AFT_EXP_HEADER

/* The reduced argument r of p = exp(r). */
AFT_INLINE vf32 vf32_exp_argument(vf32 x, vf32 n) {
    return vf32_fma(n, vf32_set1(-LN2_LOW), vf32_fma(n, vf32_set1(-LN2_HIGH), x));
}

/* Both, for any x, which saturates; a NaN counts as -LOGIT_LIMIT. */
AFT_INLINE vf32 vf32_exp_reduce(vf32 x, vf32 *n) {
    x = vf32_min(vf32_max(x, vf32_set1(-LOGIT_LIMIT)), vf32_set1(LOGIT_LIMIT));
    *n = vf32_exp_exponent(x);
    return vf32_exp_argument(x, *n);
}

/* exp(x), whole, of a logit near 0; anything, of any other, but NaN of NaN. */
AFT_INLINE vf32 vf32_exp_near(vf32 x) {
    if (VF32_EXP_IS_CALLED)
        return vf32_exp(x);
    vf32 n = vf32_exp_exponent(x);
    return vf32_scale(vf32_exp_polynomial(vf32_exp_argument(x, n)), n);
}

AFT_INLINE vf32 vf32_exp_parts(vf32 x, vf32 *n) { return vf32_exp(vf32_exp_reduce(x, n)); }

#endif
