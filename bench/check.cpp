/* SPDX-License-Identifier: MIT */
#include "bench/check.h"

#include <algorithm>

#include "bench/terminal.h"

namespace bench {

namespace {

constexpr std::size_t sampled_rows = 12;

} // namespace

Verdict check(Case &task, Rows rows, const Buffer<float> &y) {
    Verdict verdict{};
    const Shape &shape = task.shape;
    const std::vector<std::size_t> offsets = spread(rows.count, sampled_rows),
                                   batches = spread(shape.batch, sampled_rows);
    for (std::size_t i = 0; i < offsets.size(); i++) {
        const std::size_t t = rows.first + offsets[i], b = batches[i % batches.size()];
        for (const ReferenceValue &expected : task.reference(b, t)) {
            const float result = y[(b * shape.time + t) * shape.channels + expected.channel];
            const double error = error_in_units(result, expected, shape.time);
            verdict.worst_error = std::max(verdict.worst_error, error);
            if (error > error_limit && verdict.failure.empty())
                verdict.failure = format("batch %zu row %zu channel %zu: %.9g instead of %.9g (%.3g u, limit %g)", b, t,
                                         expected.channel, static_cast<double>(result), expected.y, error, error_limit);
        }
    }
    return verdict;
}

void expect_right(Case &task, const Buffer<float> &y) {
    const Verdict verdict = check(task, task.all_rows(), y);
    if (!verdict.failure.empty())
        throw std::runtime_error(task.name() + ": " + verdict.failure);
}

} // namespace bench
