/* SPDX-License-Identifier: MIT */
/* One cell of the table: a case on one instruction set. It is checked once, then timed as often as Google Benchmark
 * asks. */
#ifndef AFT_BENCH_CELL_H
#define AFT_BENCH_CELL_H

#include <string>

#include <benchmark/benchmark.h>

#include "bench/case.h"
#include "bench/library.h"
#include "bench/team.h"

namespace bench {

/* What all cells share. Only the tensors of one case are held at a time. */
struct Workbench {
    const Team &team;
    double longest_call; /* seconds; a call that would take longer runs on fewer query rows */
    Case *held = nullptr;

    void hold(Case &task);
};

class Cell {
  public:
    Case &task;
    const aft_probe &probe;

    Cell(Case &task, const aft_probe &probe, Workbench &workbench) : task(task), probe(probe), workbench(workbench) {}

    std::string name() const { return task.name() + "/" + probe.isa; }
    bool memory_bound() const { return task.kernel == Kernel::simple; }

    /* The body of the benchmark. */
    void run(benchmark::State &state);

    /* Known once it has run. */
    const std::string &failure() const { return failed_because; }
    Rows timed_rows() const { return rows; }
    bool started() const { return checked; }

  private:
    Rows choose_rows() const;
    void check();
    double ceiling(const Buffer<float> &y) const;

    Workbench &workbench;
    bool checked = false;
    Rows rows{};
    double worst_error = 0; /* in units of u * condition */
    std::string failed_because;
};

} // namespace bench

#endif
