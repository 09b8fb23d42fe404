/* SPDX-License-Identifier: MIT */
/* AVX-512 F, VL, DQ and BW. */
#if !defined(AFT_ONE_FILE) &&                                                                                          \
    (!defined(__AVX512F__) || !defined(__AVX512VL__) || !defined(__AVX512DQ__) || !defined(__AVX512BW__))
#error "vec_avx512.h needs -mavx512f -mavx512vl -mavx512dq -mavx512bw"
#endif

#include <immintrin.h>

#define VF32_ISA avx512
#define VF32_LANES 16
/* 6 rows x 2 vectors of channels x (numerator, denominator) + 4 panel vectors + 1 weight = 29 of 32 registers; 24 chains
 * hide 4 cycles x 2 ports. */
#define VF32_TILE_ROWS 6
#define VF32_TILE_VECTORS 2

typedef __m512 vf32;
typedef __mmask16 vm32;

AFT_INLINE void vf32_done(void) { _mm256_zeroupper(); }

AFT_INLINE vf32 vf32_set1(float x) { return _mm512_set1_ps(x); }
AFT_INLINE vf32 vf32_load(const float *p) { return _mm512_loadu_ps(p); }
AFT_INLINE void vf32_store(float *p, vf32 x) { _mm512_storeu_ps(p, x); }

AFT_INLINE __mmask16 vf32_first_lanes(size_t n) { return (__mmask16)((1u << n) - 1u); }
AFT_INLINE vf32 vf32_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps(vf32_first_lanes(n), p); }
AFT_INLINE void vf32_store_n(float *p, vf32 x, size_t n) { _mm512_mask_storeu_ps(p, vf32_first_lanes(n), x); }

AFT_INLINE vf32 vf32_add(vf32 a, vf32 b) { return _mm512_add_ps(a, b); }
AFT_INLINE vf32 vf32_sub(vf32 a, vf32 b) { return _mm512_sub_ps(a, b); }
AFT_INLINE vf32 vf32_mul(vf32 a, vf32 b) { return _mm512_mul_ps(a, b); }
AFT_INLINE vf32 vf32_div(vf32 a, vf32 b) { return _mm512_div_ps(a, b); }
AFT_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c) { return _mm512_fmadd_ps(a, b, c); }
AFT_INLINE vf32 vf32_max(vf32 a, vf32 b) { return _mm512_max_ps(a, b); }
AFT_INLINE vf32 vf32_min(vf32 a, vf32 b) { return _mm512_min_ps(a, b); }
AFT_INLINE vf32 vf32_round(vf32 x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
AFT_INLINE vf32 vf32_abs(vf32 x) { return _mm512_abs_ps(x); }

AFT_INLINE vm32 vf32_gt(vf32 a, vf32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
AFT_INLINE vm32 vf32_ge(vf32 a, vf32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
AFT_INLINE vm32 vf32_eq(vf32 a, vf32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
AFT_INLINE vm32 vf32_ne(vf32 a, vf32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
AFT_INLINE vf32 vf32_select(vm32 m, vf32 a, vf32 b) { return _mm512_mask_blend_ps(m, b, a); }
AFT_INLINE vm32 vm32_and(vm32 a, vm32 b) { return (vm32)(a & b); }
AFT_INLINE vm32 vm32_or(vm32 a, vm32 b) { return (vm32)(a | b); }
AFT_INLINE vm32 vm32_not(vm32 a) { return _knot_mask16(a); }
AFT_INLINE int vm32_any(vm32 a) { return a != 0; }

AFT_INLINE vf32 vf32_pow2(vf32 n) { return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n); }

AFT_INLINE vf32 vf32_ldexp(vf32 x, vf32 n) { return _mm512_scalef_ps(x, n); }
AFT_INLINE vf32 vf32_scale(vf32 x, vf32 n) { return _mm512_scalef_ps(x, n); }

AFT_INLINE vf32 vf32_scale_above(vf32 x, vf32 n, float lowest) {
    return _mm512_maskz_scalef_ps(vf32_ge(n, vf32_set1(lowest)), x, n);
}

AFT_INLINE vf32 vf32_exponent(vf32 x) { return _mm512_getexp_ps(x); }

AFT_INLINE vf32 vf32_frexp(vf32 x, vf32 *exponent) {
    *exponent = _mm512_getexp_ps(x);
    return _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
}

AFT_INLINE float vf32_reduce_max(vf32 x) { return _mm512_reduce_max_ps(x); }

#define VF32_SLEEF_EXP_FINZ Sleef_finz_expf16_u10avx512f
#define VF32_SLEEF_EXP_PLAIN Sleef_expf16_u10avx512f
