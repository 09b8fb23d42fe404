/* SPDX-License-Identifier: MIT */
/* y[i] = q[i] * k[i] + v[i]: reads three arrays and writes one, as AFT-simple must, and does nothing else. One function
 * an instruction set, bench_stream_<isa>. */
#ifndef AFT_BENCH_STREAM_H
#define AFT_BENCH_STREAM_H

#include <stddef.h>

#include "dispatch/isa_list.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void bench_stream(size_t count, const float *q, const float *k, const float *v, float *y);

#define AFT_ISA_ROW(isa) bench_stream bench_stream_##isa;
AFT_ISA_LIST(AFT_ISA_ROW)
#undef AFT_ISA_ROW

#ifdef __cplusplus
}
#endif

#endif
