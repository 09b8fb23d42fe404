/* SPDX-License-Identifier: MIT */
/* The results of a run for a reader at the terminal. */
#ifndef AFT_BENCH_CELL_TABLE_H
#define AFT_BENCH_CELL_TABLE_H

#include <string>

#include "bench/results.h"

namespace bench {

void print_machine(const Facts &facts);
void print_table(const Findings &findings);
void print_end(const Findings &findings, const std::string &folder);

} // namespace bench

#endif
