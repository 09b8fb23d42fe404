/* SPDX-License-Identifier: MIT */
/* What each process of a run does: it checks the cells of one case, then times them under Google Benchmark. */
#ifndef AFT_BENCH_WORKER_H
#define AFT_BENCH_WORKER_H

#include <iosfwd>
#include <vector>

#include "bench/cell.h"

namespace bench {

/* In the context of that JSON: whether threads are bound to cores, "yes" or "no". */
constexpr char bound_to_cores[] = "aft_bound_to_cores";

/* All of one case. Writes Google Benchmark's JSON: an entry a sample, with the ceilings right beside it as counters, the
 * error as max_error_u, and the instruction set that ran as label; a cell whose result is wrong is an error and is not
 * timed. Google Benchmark must have been initialized. */
void run_cells(const std::vector<Cell> &cells, double sample_seconds, std::ostream &json);

} // namespace bench

#endif
