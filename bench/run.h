/* SPDX-License-Identifier: MIT */
/* A whole run: every chosen cell in several processes, by turns, with what has been measured kept as it goes. */
#ifndef AFT_BENCH_RUN_H
#define AFT_BENCH_RUN_H

#include "bench/cell.h"
#include "bench/options.h"

namespace bench {

/* Exit status: 0 all right, 1 a cell failed, 128 + signal where the run was interrupted; what was measured until then is
 * kept. */
int run_all(const std::vector<Cell> &cells, const Options &options, const IsaLevels &isas);

/* The same in one process, as its part of a run: prints the JSON of the options' case, or of the ceilings. */
void run_part(const std::vector<Cell> &cells, const Options &options);

} // namespace bench

#endif
