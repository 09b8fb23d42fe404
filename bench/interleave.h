/* SPDX-License-Identifier: MIT */
/*
 * Times things against each other on a machine that others use too: in each round every yardstick, then the subject,
 * then every yardstick again, for about the same time each. What one round yields is a ratio, in which a drift of the
 * machine cancels; of the rounds the median counts.
 */
#ifndef AFT_BENCH_INTERLEAVE_H
#define AFT_BENCH_INTERLEAVE_H

#include <functional>
#include <vector>

#include "bench/ceilings.h"

namespace bench {

/* The CPU time of the calling thread, to which others on the machine add little; but where several threads work, only
 * the time on the wall counts. */
enum class Clock { thread, wall };

/* Seconds of one run of each. */
struct Round {
    double subject;
    std::vector<double> yardsticks; /* mean of before and after */
};

/* As many rounds as fit into `seconds`, but a few at least. */
std::vector<Round> interleave(const Pass &subject, const std::vector<Pass> &yardsticks, double seconds,
                              Clock clock = Clock::thread);

/* The rate of the yardstick right behind the subject, over its rate alone: less than 1 where the CPU lowers its clock for
 * the subject. The median of a few rounds. */
double rate_behind(const Pass &subject, const Pass &yardstick);

/* Half of the rounds lie between low and high. */
struct Measured {
    double median, low, high;
};

Measured summarize(const std::vector<Round> &rounds, const std::function<double(const Round &)> &value);

} // namespace bench

#endif
