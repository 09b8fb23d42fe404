/* SPDX-License-Identifier: MIT */
/* `--table`: each row of the speed table with its bound and what was measured. */
#ifndef AFT_BENCH_SPEED_TABLE_H
#define AFT_BENCH_SPEED_TABLE_H

#include "bench/machine.h"
#include "bench/options.h"

namespace bench {

/* The exit status: 0 where every row that could be measured is met, 1 where one falls short or is wrong. Throws
 * std::invalid_argument where the options choose no row. */
int print_speed_table(const Options &options, const IsaLevels &isas, Facts facts);

} // namespace bench

#endif
