/* SPDX-License-Identifier: MIT */
/* Scaling by powers of two, for vectors whose instruction set has no instruction for it. Included by their headers. */
#ifndef AFT_KERNELS_VEC_SCALE_H
#define AFT_KERNELS_VEC_SCALE_H

/* In two steps, either of which a float can hold. */
AFT_INLINE vf32 vf32_ldexp(vf32 x, vf32 n) {
    n = vf32_min(vf32_max(n, vf32_set1(-252.0f)), vf32_set1(252.0f));
    vf32 half = vf32_round(vf32_mul(n, vf32_set1(0.5f)));
    return vf32_mul(vf32_mul(x, vf32_pow2(half)), vf32_pow2(vf32_sub(n, half)));
}

AFT_INLINE vf32 vf32_scale_above(vf32 x, vf32 n, float lowest) {
    vf32 bound = vf32_set1(lowest);
    return vf32_select(vf32_ge(n, bound), vf32_mul(x, vf32_pow2(vf32_max(n, bound))), vf32_set1(0.0f));
}

AFT_INLINE vf32 vf32_scale(vf32 x, vf32 n) { return vf32_mul(x, vf32_pow2(n)); }

#endif
