/* SPDX-License-Identifier: MIT */
/* What has been measured of one cell, and what follows from it. */
#ifndef AFT_BENCH_RECORD_H
#define AFT_BENCH_RECORD_H

#include <optional>
#include <string>
#include <vector>

#include "bench/cell.h"

namespace bench {

struct Summary {
    double median_ns;       /* of the medians of the processes */
    double low_ns, high_ns; /* between which the true median lies */
    double confidence;      /* with this probability */
    bool noisy;             /* even against the ceilings beside it, or of too few processes */
    const char *binds;      /* "fma", "exp" or "stream": the ceiling that leaves the least time */
    double share;           /* of that ceiling's time in the kernel's */
};

struct Record {
    Cell cell;
    std::string failure;
    std::optional<double> max_error;
    std::string isa_ran;
    std::vector<double> samples_ns;
    std::vector<std::size_t> process;     /* of each sample */
    std::vector<double> fma, exp, stream; /* ceilings beside each sample */

    explicit Record(const Cell &cell) : cell(cell) {}

    /* Nothing without samples. */
    std::optional<Summary> summary() const;

  private:
    /* Times, or with a yardstick's rates the work that it would have done in them. */
    std::vector<double> process_medians(const std::vector<double> *yardstick) const;
};

double median(std::vector<double> values);

} // namespace bench

#endif
