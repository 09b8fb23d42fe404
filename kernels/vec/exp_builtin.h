/* SPDX-License-Identifier: MIT */
/* The exp of vec_exp.h itself, inlined. Included by it. */
#ifndef AFT_KERNELS_EXP_BUILTIN_H
#define AFT_KERNELS_EXP_BUILTIN_H

#define VF32_EXP_PROVIDER "builtin"
enum { VF32_EXP_IS_CALLED = 0 };

AFT_INLINE vf32 vf32_exp(vf32 x) { return vf32_exp_builtin(x); }

#endif
