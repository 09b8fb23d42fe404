/* SPDX-License-Identifier: MIT */
/*
 * Vectors of FP32 lanes. The build names one ISA's header in AFT_VEC_HEADER; each defines the same types and
 * operations, and every operation gives the same bits on every ISA:
 *
 *   VF32_ISA                               the name of the ISA
 *   vf32, VF32_LANES                       a vector; its lanes
 *   VF32_TILE_ROWS, VF32_TILE_VECTORS      of the register tile (tile.h): rows, at most 14, and vectors of channels, 1 or 2
 *   vm32                                   a mask, one truth value a lane
 *   vf32_set1, _load, _store               nothing needs to be aligned
 *   vf32_load_n, _store_n(..., n)          the first n lanes; the others load as 0; no other byte is touched
 *
 *   vf32_add, _sub, _mul, _div             IEEE, to nearest
 *   vf32_fma(a, b, c)                      a * b + c, rounded once
 *   vf32_max, _min(a, b)                   a > b ? a : b, a < b ? a : b; so b where either is NaN
 *   vf32_round, _abs                       to the nearest integer, ties to even; |x|
 *   vf32_gt, _ge, _eq(a, b)                comparisons, false for NaN
 *   vf32_ne(a, b)                          true for NaN
 *   vf32_select(m, a, b)                   m ? a : b
 *   vm32_and, _or, _not, _any              on masks
 *   vf32_pow2(n)                           2^n for an integer n in -126 .. 127
 *   vf32_ldexp(x, n)                       x * 2^n for any integer n; rounded once unless |x| < 2^-102
 *   vf32_scale_above(x, n, lowest)         x * 2^n for an integer n <= 127, +0 where n < lowest (lowest >= -126)
 *   vf32_scale(x, n)                       x * 2^n for an integer n in -126 .. 127, where x and the result are normal
 *   vf32_exponent(x)                       the e of x = s * 2^e, 1 <= |s| < 2, of a normal x; below -126 or above 127
 *                                          or NaN of any other
 *   vf32_frexp(x, &e)                      s, with x = s * 2^e and 1 <= |s| < 2; x finite and not 0
 *   vf32_reduce_max(x)                     the largest lane
 *   vf32_done()                            the last of a task: no register is left in a state that slows the host's code
 *
 *   VF32_SLEEF_EXP_FINZ, _PLAIN            the names of SLEEF's exp of this vector, if it has one (vec_exp.h)
 */
#ifndef AFT_KERNELS_VEC_H
#define AFT_KERNELS_VEC_H

#include <stddef.h>
#include <stdint.h>

#define AFT_INLINE static inline __attribute__((always_inline))

/* By the name in the header itself, so that no build can pass one ISA's kernels off as another's:
 * AFT_ISA_SYMBOL(aft_table_) is aft_table_avx2, AFT_ISA_STRING "avx2". */
#define AFT_PASTE_(a, b) a##b
#define AFT_PASTE(a, b) AFT_PASTE_(a, b)
#define AFT_STRING_(a) #a
#define AFT_STRING(a) AFT_STRING_(a)
#define AFT_ISA_SYMBOL(prefix) AFT_PASTE(prefix, VF32_ISA)
#define AFT_ISA_STRING AFT_STRING(VF32_ISA)

#include AFT_VEC_HEADER

AFT_INLINE vf32 vf32_zero(void) { return vf32_set1(0.0f); }

/* 2^n for an integer n <= 127 of any size below; 0 where n < lowest (lowest >= -126). */
AFT_INLINE vf32 vf32_pow2_above(vf32 n, float lowest) { return vf32_scale_above(vf32_set1(1.0f), n, lowest); }

#endif
