/* SPDX-License-Identifier: MIT */
/* AVX2 and FMA. */
#if !defined(AFT_ONE_FILE) && (!defined(__AVX2__) || !defined(__FMA__))
#error "vec_avx2.h needs -mavx2 -mfma"
#endif

#include <immintrin.h>

#define VF32_ISA avx2
#define VF32_LANES 8
/* 6 rows x (numerator, denominator) + 2 panel vectors + 1 weight = 15 of 16 registers. */
#define VF32_TILE_ROWS 6
#define VF32_TILE_VECTORS 1

typedef __m256 vf32;
typedef __m256 vm32; /* all bits of a lane set or clear */

AFT_INLINE void vf32_done(void) { _mm256_zeroupper(); }

AFT_INLINE vf32 vf32_set1(float x) { return _mm256_set1_ps(x); }
AFT_INLINE vf32 vf32_load(const float *p) { return _mm256_loadu_ps(p); }
AFT_INLINE void vf32_store(float *p, vf32 x) { _mm256_storeu_ps(p, x); }

AFT_INLINE __m256i vf32_first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
AFT_INLINE vf32 vf32_load_n(const float *p, size_t n) { return _mm256_maskload_ps(p, vf32_first_lanes(n)); }
AFT_INLINE void vf32_store_n(float *p, vf32 x, size_t n) { _mm256_maskstore_ps(p, vf32_first_lanes(n), x); }

AFT_INLINE vf32 vf32_add(vf32 a, vf32 b) { return _mm256_add_ps(a, b); }
AFT_INLINE vf32 vf32_sub(vf32 a, vf32 b) { return _mm256_sub_ps(a, b); }
AFT_INLINE vf32 vf32_mul(vf32 a, vf32 b) { return _mm256_mul_ps(a, b); }
AFT_INLINE vf32 vf32_div(vf32 a, vf32 b) { return _mm256_div_ps(a, b); }
AFT_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c) { return _mm256_fmadd_ps(a, b, c); }
AFT_INLINE vf32 vf32_max(vf32 a, vf32 b) { return _mm256_max_ps(a, b); }
AFT_INLINE vf32 vf32_min(vf32 a, vf32 b) { return _mm256_min_ps(a, b); }
AFT_INLINE vf32 vf32_round(vf32 x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
AFT_INLINE vf32 vf32_abs(vf32 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

AFT_INLINE vm32 vf32_gt(vf32 a, vf32 b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
AFT_INLINE vm32 vf32_ge(vf32 a, vf32 b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
AFT_INLINE vm32 vf32_eq(vf32 a, vf32 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
AFT_INLINE vm32 vf32_ne(vf32 a, vf32 b) { return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ); }
AFT_INLINE vf32 vf32_select(vm32 m, vf32 a, vf32 b) { return _mm256_blendv_ps(b, a, m); }
AFT_INLINE vm32 vm32_and(vm32 a, vm32 b) { return _mm256_and_ps(a, b); }
AFT_INLINE vm32 vm32_or(vm32 a, vm32 b) { return _mm256_or_ps(a, b); }
AFT_INLINE vm32 vm32_not(vm32 a) { return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))); }
AFT_INLINE int vm32_any(vm32 a) { return _mm256_movemask_ps(a) != 0; }

AFT_INLINE vf32 vf32_pow2(vf32 n) {
    __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

#include "kernels/vec/vec_scale.h"

AFT_INLINE vf32 vf32_exponent(vf32 x) {
    __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(vf32_abs(x)), 23);
    return vf32_sub(_mm256_cvtepi32_ps(biased), vf32_set1(127.0f));
}

AFT_INLINE vf32 vf32_frexp(vf32 x, vf32 *exponent) {
    vm32 subnormal = vf32_gt(vf32_set1(0x1p-126f), vf32_abs(x));
    __m256i bits = _mm256_castps_si256(vf32_select(subnormal, vf32_mul(x, vf32_set1(0x1p+32f)), x));
    __m256i biased = _mm256_and_si256(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(0xff));
    vf32 offset = vf32_select(subnormal, vf32_set1(127.0f + 32.0f), vf32_set1(127.0f));
    *exponent = vf32_sub(_mm256_cvtepi32_ps(biased), offset);
    __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32((int)0x807fffffu));
    return _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3f800000)));
}

AFT_INLINE float vf32_reduce_max(vf32 x) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

#define VF32_SLEEF_EXP_FINZ Sleef_finz_expf8_u10avx2
#define VF32_SLEEF_EXP_PLAIN Sleef_expf8_u10avx2
