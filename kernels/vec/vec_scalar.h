/* SPDX-License-Identifier: MIT */
/* One lane, in plain C for any CPU: no FMA hardware and no libm is assumed. */
#include <float.h>
#include <string.h>

/* 16: only what is narrower than float is widened, and there is nothing. */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "vec_scalar.h needs float arithmetic in float (on x86-32: -msse2 -mfpmath=sse)"
#endif

#define VF32_ISA scalar
#define VF32_LANES 1
#define VF32_TILE_ROWS 4
#define VF32_TILE_VECTORS 1

typedef float vf32;
typedef uint32_t vm32; /* 0 or 1 */

AFT_INLINE void vf32_done(void) {}

AFT_INLINE uint32_t vf32_bits(vf32 x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
AFT_INLINE vf32 vf32_from_bits(uint32_t bits) {
    vf32 x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

AFT_INLINE vf32 vf32_set1(float x) { return x; }
AFT_INLINE vf32 vf32_load(const float *p) { return *p; }
AFT_INLINE void vf32_store(float *p, vf32 x) { *p = x; }
AFT_INLINE vf32 vf32_load_n(const float *p, size_t n) { return n ? *p : 0.0f; }
AFT_INLINE void vf32_store_n(float *p, vf32 x, size_t n) {
    if (n)
        *p = x;
}

AFT_INLINE vf32 vf32_add(vf32 a, vf32 b) { return a + b; }
AFT_INLINE vf32 vf32_sub(vf32 a, vf32 b) { return a - b; }
AFT_INLINE vf32 vf32_mul(vf32 a, vf32 b) { return a * b; }
AFT_INLINE vf32 vf32_div(vf32 a, vf32 b) { return a / b; }

#ifdef __FP_FAST_FMAF
AFT_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c) { return __builtin_fmaf(a, b, c); }
#else
/* The product of two floats is exact in double. Their sum with c is rounded to odd (Boldo and Melquiond, "Emulation of
 * FMA and correctly rounded sums", IEEE Trans. Computers 57(4), 2008), so that rounding it again to float rounds once:
 * 53 >= 24 + 2 bits. */
AFT_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c) {
    double product = (double)a * (double)b, addend = (double)c;
    double sum = product + addend;
    double part = sum - product;
    double error = (product - (sum - part)) + (addend - part); /* exact (Knuth's two-sum) */
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((error > 0.0 || error < 0.0) && !(bits & 1)) { /* inexact; NaN where the sum is not finite */
        bits = (error > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
        memcpy(&sum, &bits, sizeof sum);
    }
    return (float)sum;
}
#endif

AFT_INLINE vf32 vf32_max(vf32 a, vf32 b) { return a > b ? a : b; }
AFT_INLINE vf32 vf32_min(vf32 a, vf32 b) { return a < b ? a : b; }
AFT_INLINE vf32 vf32_abs(vf32 x) { return vf32_from_bits(vf32_bits(x) & 0x7fffffffu); }

AFT_INLINE vf32 vf32_round(vf32 x) {
    const float no_fraction = 0x1p+23f; /* from here on a float has no bits below one: adding it rounds to an integer */
    float magnitude = vf32_abs(x);
    float rounded = magnitude < no_fraction ? (magnitude + no_fraction) - no_fraction : magnitude;
    return vf32_from_bits(vf32_bits(rounded) | (vf32_bits(x) & 0x80000000u));
}

AFT_INLINE vm32 vf32_gt(vf32 a, vf32 b) { return a > b; }
AFT_INLINE vm32 vf32_ge(vf32 a, vf32 b) { return a >= b; }
AFT_INLINE vm32 vf32_eq(vf32 a, vf32 b) { return a == b; }
AFT_INLINE vm32 vf32_ne(vf32 a, vf32 b) { return !vf32_eq(a, b); }
AFT_INLINE vf32 vf32_select(vm32 m, vf32 a, vf32 b) { return m ? a : b; }
AFT_INLINE vm32 vm32_and(vm32 a, vm32 b) { return a & b; }
AFT_INLINE vm32 vm32_or(vm32 a, vm32 b) { return a | b; }
AFT_INLINE vm32 vm32_not(vm32 a) { return a ^ 1u; }
AFT_INLINE int vm32_any(vm32 a) { return a != 0; }

/* n + 127 in the last bits of a float: of another n than 2^n can have, a number all the same, where a conversion to an
 * integer is undefined. */
AFT_INLINE vf32 vf32_pow2(vf32 n) { return vf32_from_bits(vf32_bits(n + (0x1p+23f + 127.0f)) << 23); }

#include "kernels/vec/vec_scale.h"

AFT_INLINE vf32 vf32_exponent(vf32 x) { return (float)(int32_t)(vf32_bits(vf32_abs(x)) >> 23) - 127.0f; }

AFT_INLINE vf32 vf32_frexp(vf32 x, vf32 *exponent) {
    int subnormal = vf32_abs(x) < 0x1p-126f;
    uint32_t bits = vf32_bits(subnormal ? x * 0x1p+32f : x);
    *exponent = (float)(int32_t)(bits >> 23 & 0xffu) - (subnormal ? 127.0f + 32.0f : 127.0f);
    return vf32_from_bits((bits & 0x807fffffu) | 0x3f800000u);
}

AFT_INLINE float vf32_reduce_max(vf32 x) { return x; }
