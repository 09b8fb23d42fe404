/* SPDX-License-Identifier: MIT */
/* SLEEF's exp, which is called. Included by vec_exp.h. */
#ifndef AFT_KERNELS_EXP_SLEEF_H
#define AFT_KERNELS_EXP_SLEEF_H

#ifndef VF32_SLEEF_EXP_FINZ /* SLEEF has none for this vector */
#include "kernels/vec/exp_builtin.h"
#else

#include <sleef.h>

#define VF32_EXP_PROVIDER "sleef"
enum { VF32_EXP_IS_CALLED = 1 }; /* out of line */

/* SLEEF 3 marks the functions that give the same bits on every CPU with finz_; from version 4 on all do, without the
 * mark. */
#ifdef AFT_SLEEF_NAMES_PLAIN
AFT_INLINE vf32 vf32_exp(vf32 x) { return VF32_SLEEF_EXP_PLAIN(x); }
#else
AFT_INLINE vf32 vf32_exp(vf32 x) { return VF32_SLEEF_EXP_FINZ(x); }
#endif

#endif

#endif
