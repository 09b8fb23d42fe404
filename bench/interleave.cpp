/* SPDX-License-Identifier: MIT */
#include "bench/interleave.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace bench {

namespace {

/* Long enough for the clock and for a cache to be warm again. */
constexpr double shortest_burst = 0.005;
constexpr std::size_t fewest_rounds = 5, most_rounds = 99;
/* A clock takes milliseconds to settle, and a fraction of one to rise again. */
constexpr double settling = 0.016, before_it_rises = 0.0002;
constexpr std::size_t clock_rounds = 9;

double now(Clock clock) {
    std::timespec time{};
    clock_gettime(clock == Clock::thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/* A pass, and how often it runs in a burst. */
class Timed {
  public:
    Timed(const Pass &pass, Clock clock) : pass(pass), clock(clock) {
        pass.run();
        single = burst();
    }

    double seconds_of_one() const { return single; }
    void fill(double seconds) { runs = static_cast<std::size_t>(std::ceil(seconds / single)); }

    /* Seconds of one run in a burst. */
    double burst() const {
        const double begin = now(clock);
        for (std::size_t run = 0; run < runs; run++)
            pass.run();
        return (now(clock) - begin) / static_cast<double>(runs);
    }

  private:
    const Pass &pass;
    Clock clock;
    double single = 0;
    std::size_t runs = 1;
};

double quantile(const std::vector<double> &sorted, double share) {
    const double position = share * static_cast<double>(sorted.size() - 1);
    const std::size_t below = static_cast<std::size_t>(position), above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

} // namespace

std::vector<Round> interleave(const Pass &subject, const std::vector<Pass> &yardsticks, double seconds, Clock clock) {
    std::vector<Timed> timed{Timed(subject, clock)};
    for (const Pass &yardstick : yardsticks)
        timed.emplace_back(yardstick, clock);
    double burst = shortest_burst;
    for (const Timed &one : timed)
        burst = std::max(burst, one.seconds_of_one());
    for (Timed &one : timed)
        one.fill(burst);

    std::vector<Round> rounds;
    for (const double begin = now(Clock::wall);
         rounds.size() < fewest_rounds || (now(Clock::wall) - begin < seconds && rounds.size() < most_rounds);) {
        Round round{0, std::vector<double>(yardsticks.size())};
        for (std::size_t i = 0; i < yardsticks.size(); i++)
            round.yardsticks[i] = timed[i + 1].burst() / 2;
        round.subject = timed[0].burst();
        for (std::size_t i = 0; i < yardsticks.size(); i++)
            round.yardsticks[i] += timed[i + 1].burst() / 2;
        rounds.push_back(round);
    }
    return rounds;
}

double rate_behind(const Pass &subject, const Pass &yardstick) {
    Timed settled(subject, Clock::thread), alone(yardstick, Clock::thread), behind(yardstick, Clock::thread);
    settled.fill(settling);
    alone.fill(settling);
    behind.fill(before_it_rises);
    std::vector<double> rates;
    for (std::size_t round = 0; round < clock_rounds; round++) {
        const double seconds_alone = alone.burst();
        settled.burst();
        rates.push_back(seconds_alone / behind.burst());
    }
    std::sort(rates.begin(), rates.end());
    return quantile(rates, 0.5);
}

Measured summarize(const std::vector<Round> &rounds, const std::function<double(const Round &)> &value) {
    std::vector<double> values;
    for (const Round &round : rounds)
        values.push_back(value(round));
    std::sort(values.begin(), values.end());
    return {quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75)};
}

} // namespace bench
