/* SPDX-License-Identifier: MIT */
/* How fast libaft is to be, row by row: the bound of each, and what measures it. */
#ifndef AFT_BENCH_SPEED_ROWS_H
#define AFT_BENCH_SPEED_ROWS_H

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/interleave.h"
#include "bench/library.h"
#include "bench/machine.h"

namespace bench {

struct Setting {
    const IsaLevels &isas;
    const aft_probe &probe; /* the instruction set of every row that names none */
    double seconds;         /* for the rounds of a row */
};

struct Finding {
    Measured value;
    std::string note;
    std::optional<double> rate_behind{}; /* of a ceiling; see interleave.h */
};

/* Throws Unavailable where this build or machine has nothing to measure, std::runtime_error where a result is wrong. */
using Measure = std::function<Finding(const Setting &)>;

enum class Sense { at_least, at_most };

struct SpeedRow {
    std::string text, unit;
    Sense sense;
    double bound;
    Measure measure;
    std::string provider; /* of exp, if the row is about one */

    bool met(double value) const { return sense == Sense::at_least ? value >= bound : value <= bound; }
};

std::vector<SpeedRow> speed_rows();

} // namespace bench

#endif
