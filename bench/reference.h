/* SPDX-License-Identifier: MIT */
/* The formula in double precision, for the rows that are sampled. */
#ifndef AFT_BENCH_REFERENCE_H
#define AFT_BENCH_REFERENCE_H

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

struct ReferenceValue {
    std::size_t channel;
    double y;
    double condition; /* sigmoid(q) * sum_j p_j |v_j|, p the weights: what an error is measured against */
};

using ReferenceRow = std::vector<ReferenceValue>;

/* Rows of q, k and v are `channels` long and follow each other; `keys` of them are visible; bias(j) is the bias of key
 * j. */
ReferenceRow reference_row(const float *q, const float *k, const float *v, std::size_t channels, std::size_t keys,
                           const std::function<double(std::size_t)> &bias);

/* `count` indices from 0 to size - 1, both included, evenly apart. */
std::vector<std::size_t> spread(std::size_t size, std::size_t count);

/* The error that the library promises, in units of u * condition (see aft.h). */
constexpr double error_limit = 24;

/* The error of one result in units of u * condition, less what aft.h allows for subnormal values; NaN counts as
 * infinite. */
double error_in_units(double result, const ReferenceValue &expected, std::size_t keys);

} // namespace bench

#endif
