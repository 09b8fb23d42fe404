/* SPDX-License-Identifier: MIT */
/* Advanced SIMD of AArch64. */
#ifndef __aarch64__
#error "vec_neon.h needs an AArch64 compiler"
#endif

#include <arm_neon.h>
#include <string.h>

#define VF32_ISA neon
#define VF32_LANES 4
/* 14 rows x (numerator, denominator) + 2 panel vectors + 1 weight = 31 of 32 registers. */
#define VF32_TILE_ROWS 14
#define VF32_TILE_VECTORS 1

typedef float32x4_t vf32;
typedef uint32x4_t vm32; /* all bits of a lane set or clear */

AFT_INLINE void vf32_done(void) {}

AFT_INLINE vf32 vf32_set1(float x) { return vdupq_n_f32(x); }
AFT_INLINE vf32 vf32_load(const float *p) { return vld1q_f32(p); }
AFT_INLINE void vf32_store(float *p, vf32 x) { vst1q_f32(p, x); }

AFT_INLINE vf32 vf32_load_n(const float *p, size_t n) {
    float lanes[VF32_LANES] = {0.0f};
    memcpy(lanes, p, n * sizeof(float));
    return vld1q_f32(lanes);
}
AFT_INLINE void vf32_store_n(float *p, vf32 x, size_t n) {
    float lanes[VF32_LANES];
    vst1q_f32(lanes, x);
    memcpy(p, lanes, n * sizeof(float));
}

AFT_INLINE vf32 vf32_add(vf32 a, vf32 b) { return vaddq_f32(a, b); }
AFT_INLINE vf32 vf32_sub(vf32 a, vf32 b) { return vsubq_f32(a, b); }
AFT_INLINE vf32 vf32_mul(vf32 a, vf32 b) { return vmulq_f32(a, b); }
AFT_INLINE vf32 vf32_div(vf32 a, vf32 b) { return vdivq_f32(a, b); }
AFT_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c) { return vfmaq_f32(c, a, b); }
/* Not vmaxq_f32: it answers NaN where either is. */
AFT_INLINE vf32 vf32_max(vf32 a, vf32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
AFT_INLINE vf32 vf32_min(vf32 a, vf32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
AFT_INLINE vf32 vf32_round(vf32 x) { return vrndnq_f32(x); }
AFT_INLINE vf32 vf32_abs(vf32 x) { return vabsq_f32(x); }

AFT_INLINE vm32 vf32_gt(vf32 a, vf32 b) { return vcgtq_f32(a, b); }
AFT_INLINE vm32 vf32_ge(vf32 a, vf32 b) { return vcgeq_f32(a, b); }
AFT_INLINE vm32 vf32_eq(vf32 a, vf32 b) { return vceqq_f32(a, b); }
AFT_INLINE vm32 vf32_ne(vf32 a, vf32 b) { return vmvnq_u32(vceqq_f32(a, b)); }
AFT_INLINE vf32 vf32_select(vm32 m, vf32 a, vf32 b) { return vbslq_f32(m, a, b); }
AFT_INLINE vm32 vm32_and(vm32 a, vm32 b) { return vandq_u32(a, b); }
AFT_INLINE vm32 vm32_or(vm32 a, vm32 b) { return vorrq_u32(a, b); }
AFT_INLINE vm32 vm32_not(vm32 a) { return vmvnq_u32(a); }
AFT_INLINE int vm32_any(vm32 a) { return vmaxvq_u32(a) != 0; }

AFT_INLINE vf32 vf32_pow2(vf32 n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}

#include "kernels/vec/vec_scale.h"

AFT_INLINE vf32 vf32_exponent(vf32 x) {
    return vf32_sub(vcvtq_f32_u32(vshrq_n_u32(vreinterpretq_u32_f32(vf32_abs(x)), 23)), vf32_set1(127.0f));
}

AFT_INLINE vf32 vf32_frexp(vf32 x, vf32 *exponent) {
    vm32 subnormal = vcgtq_f32(vdupq_n_f32(0x1p-126f), vabsq_f32(x));
    uint32x4_t bits = vreinterpretq_u32_f32(vbslq_f32(subnormal, vmulq_n_f32(x, 0x1p+32f), x));
    uint32x4_t biased = vandq_u32(vshrq_n_u32(bits, 23), vdupq_n_u32(0xff));
    vf32 offset = vbslq_f32(subnormal, vdupq_n_f32(127.0f + 32.0f), vdupq_n_f32(127.0f));
    *exponent = vsubq_f32(vcvtq_f32_u32(biased), offset);
    return vreinterpretq_f32_u32(vorrq_u32(vandq_u32(bits, vdupq_n_u32(0x807fffffu)), vdupq_n_u32(0x3f800000u)));
}

AFT_INLINE float vf32_reduce_max(vf32 x) { return vmaxvq_f32(x); }

#define VF32_SLEEF_EXP_FINZ Sleef_finz_expf4_u10advsimd
#define VF32_SLEEF_EXP_PLAIN Sleef_expf4_u10advsimd
