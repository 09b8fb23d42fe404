/* SPDX-License-Identifier: MIT */
/* The table on the terminal and, of the same numbers, the JSON file. */
#ifndef AFT_BENCH_REPORT_H
#define AFT_BENCH_REPORT_H

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/cell.h"
#include "bench/machine.h"
#include "bench/results_file.h"

namespace bench {

class Report : public benchmark::BenchmarkReporter {
  public:
    Report(Facts facts, std::string results_folder, double longest_call);

    void add(Cell &cell) { cells[cell.name()] = &cell; }

    /* Shows that this cell is at work, where there is a terminal to show it on. */
    void announce(const Cell &cell) const;

    std::size_t cell_count() const { return cells.size(); }
    std::size_t failures() const { return failed; }

    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;
    void Finalize() override;

  private:
    void print_failure(const Cell &cell);
    void print_row(const Cell &cell, const std::vector<Run> &runs);
    void print_legend() const;
    std::string row_head(const Cell &cell);
    void write(const Cell &cell, std::vector<Run> runs);

    const Facts facts;
    const std::string results_folder;
    const double longest_call;
    const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    std::map<std::string, Cell *> cells;     /* by name */
    std::map<std::string, double> scalar_ns; /* median time per element of scalar, by the name of the case */
    std::vector<std::string> slices;
    std::string last_case;
    std::size_t done = 0, failed = 0;
    std::optional<ResultsFile> file;
    benchmark::JSONReporter json;
};

} // namespace bench

#endif
