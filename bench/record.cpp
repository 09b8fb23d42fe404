/* SPDX-License-Identifier: MIT */
#include "bench/record.h"

#include <algorithm>
#include <map>

namespace bench {

namespace {

constexpr double wanted_confidence = 0.95;
/* Of the width of the times, or of times in units of the clock or of the memory's speed at that moment if that is less: a
 * clock that drifts is no noise of the cell, nor is a yardstick that was disturbed. Of fewer than five processes no
 * interval is sure enough to be called quiet. */
constexpr double noisy_from = 0.05, least_confidence = 0.9;

/* Distribution-free: the true median lies between the k-th value from below and the k-th from above unless fewer than k
 * of n fall on one side of it, and on which side a value falls is the toss of a coin. */
struct Interval {
    double low, high, confidence;
};

Interval median_interval(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    double outside = 0; /* probability that fewer than k lie below */
    double tosses = 1;  /* probability of k - 1 below */
    for (std::size_t i = 0; i < n; i++)
        tosses /= 2;
    std::size_t k = 1;
    outside = tosses;
    for (; 2 * (k + 1) <= n; k++) {
        const double next = tosses * static_cast<double>(n - k + 1) / static_cast<double>(k);
        if (1 - 2 * (outside + next) < wanted_confidence)
            break;
        tosses = next;
        outside += next;
    }
    return {values[k - 1], values[n - k], std::max(0.0, 1 - 2 * outside)};
}

/* Half the interval over the median. */
double width(const std::vector<double> &values) {
    const Interval interval = median_interval(values);
    return (interval.high - interval.low) / 2 / median(values);
}

} // namespace

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

std::vector<double> Record::process_medians(const std::vector<double> *yardstick) const {
    std::map<std::size_t, std::vector<double>> by_process;
    for (std::size_t i = 0; i < samples_ns.size(); i++)
        by_process[process[i]].push_back(yardstick == nullptr ? samples_ns[i] : samples_ns[i] * (*yardstick)[i]);
    std::vector<double> medians;
    for (const auto &[number, samples] : by_process)
        medians.push_back(median(samples));
    return medians;
}

std::optional<Summary> Record::summary() const {
    if (samples_ns.empty())
        return std::nullopt;
    const Work work = cell.task->work(cell.rows);
    struct Bound {
        const char *name;
        double work;
        const std::vector<double> &rates;
    };
    const Bound bounds[] = {{"fma", work.flops, fma}, {"exp", work.exps, exp}, {"stream", work.bytes, stream}};
    const Bound *binds = bounds;
    double share = 0;
    for (const Bound &bound : bounds) {
        std::vector<double> shares;
        for (std::size_t i = 0; i < samples_ns.size(); i++)
            shares.push_back(1e9 * bound.work / bound.rates[i] / samples_ns[i]);
        if (median(shares) > share) {
            share = median(shares);
            binds = &bound;
        }
    }

    const std::vector<double> times = process_medians(nullptr);
    const std::vector<double> works = process_medians(&binds->rates == &stream ? &stream : &fma);
    const auto [low, high, confidence] = median_interval(times);
    const bool noisy = confidence < least_confidence || std::min(width(times), width(works)) > noisy_from;
    return Summary{median(times), low, high, confidence, noisy, binds->name, share};
}

} // namespace bench
