/* SPDX-License-Identifier: MIT */
/* What this machine reaches at the moment, with all threads of the pool: the ceilings that a kernel is held against. */
#ifndef AFT_BENCH_CEILINGS_H
#define AFT_BENCH_CEILINGS_H

#include "bench/case.h"
#include "bench/library.h"
#include "bench/pool.h"

namespace bench {

/* Flops per second of a loop of FMAs over registers alone, of one instruction set. */
double fma_ceiling(Pool &pool, const aft_probe &probe);

/* Bytes per second of a loop that reads q, k and v of the case and writes as much to y, on one instruction set. */
double stream_ceiling(Pool &pool, const aft_probe &probe, const Case &task, const Buffer<float> &y);

} // namespace bench

#endif
