/* SPDX-License-Identifier: MIT */
#include "bench/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench {

namespace {

constexpr std::size_t sampled_channels_most = 64, sampled_channels_least = 8;
/* Terms a row may cost: twelve rows of a long sequence stay well below a second. */
constexpr std::size_t terms_per_row = std::size_t{1} << 20;

} // namespace

ReferenceRow reference_row(const float *q, const float *k, const float *v, std::size_t channels, std::size_t keys,
                           const std::function<double(std::size_t)> &bias) {
    std::vector<double> w(keys);
    for (std::size_t j = 0; j < keys; j++)
        w[j] = bias(j);

    const std::size_t samples = std::clamp(terms_per_row / keys, sampled_channels_least, sampled_channels_most);
    ReferenceRow row;
    for (const std::size_t c : spread(channels, samples)) {
        double largest = -std::numeric_limits<double>::infinity();
        for (std::size_t j = 0; j < keys; j++)
            largest = std::max(largest, k[j * channels + c] + w[j]);
        double numerator = 0, magnitude = 0, denominator = 0;
        for (std::size_t j = 0; j < keys; j++) {
            const double weight = std::exp(k[j * channels + c] + w[j] - largest);
            const double value = v[j * channels + c];
            numerator += weight * value;
            magnitude += weight * std::abs(value);
            denominator += weight;
        }
        const double gate = 1 / (1 + std::exp(-static_cast<double>(q[c])));
        row.push_back({c, gate * numerator / denominator, gate * magnitude / denominator});
    }
    return row;
}

std::vector<std::size_t> spread(std::size_t size, std::size_t count) {
    count = std::min(size, count);
    std::vector<std::size_t> indices(count);
    for (std::size_t i = 0; i < count; i++)
        indices[i] = count > 1 ? i * (size - 1) / (count - 1) : 0;
    return indices;
}

double error_in_units(double result, const ReferenceValue &expected, std::size_t keys) {
    const double error = std::abs(result - expected.y) - static_cast<double>(keys) * 0x1p-136;
    if (error <= 0)
        return 0;
    const double units = error / (0x1p-24 * expected.condition);
    return std::isnan(units) ? std::numeric_limits<double>::infinity() : units;
}

} // namespace bench
