/* SPDX-License-Identifier: MIT */
/* One cell of the table: a case on one instruction set and number of threads. */
#ifndef AFT_BENCH_CELL_H
#define AFT_BENCH_CELL_H

#include <string>
#include <vector>

#include "bench/case.h"
#include "bench/library.h"
#include "bench/machine.h"
#include "bench/options.h"

namespace bench {

struct Cell {
    Case *task;
    const aft_probe *probe;
    std::size_t threads;
    Rows rows; /* that a call computes: fewer than all where scalar code would take too long */

    /* "full,causal/T=1024,d=512/avx2/threads=1" */
    std::string name() const;
};

/* What a change of which makes results incomparable: to be raised by whoever changes cases, rows or tensors. */
constexpr int workload_version = 1;

/* The cells that the options choose of these cases, in the order of the table. Throws std::invalid_argument where that is
 * none. */
std::vector<Cell> chosen_cells(std::vector<Case> &cases, const IsaLevels &isas, const Options &options);

} // namespace bench

#endif
