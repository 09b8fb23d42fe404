/* SPDX-License-Identifier: MIT */
/* The instruction sets of this build, ascending. The build defines AFT_HAVE_<isa> for each it compiles. */
#ifndef AFT_DISPATCH_ISA_LIST_H
#define AFT_DISPATCH_ISA_LIST_H

#ifdef AFT_HAVE_avx2
#define AFT_ROW_AVX2(X) X(avx2)
#else
#define AFT_ROW_AVX2(X)
#endif
#ifdef AFT_HAVE_avx512
#define AFT_ROW_AVX512(X) X(avx512)
#else
#define AFT_ROW_AVX512(X)
#endif
#ifdef AFT_HAVE_neon
#define AFT_ROW_NEON(X) X(neon)
#else
#define AFT_ROW_NEON(X)
#endif

/* X(isa) for each; scalar is always there. */
#define AFT_ISA_LIST(X) X(scalar) AFT_ROW_AVX2(X) AFT_ROW_AVX512(X) AFT_ROW_NEON(X)

#endif
