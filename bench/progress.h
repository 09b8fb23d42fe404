/* SPDX-License-Identifier: MIT */
/* How far a run is, and how long it has to go: one line that a terminal overwrites, or one line a pass where there is
 * none. */
#ifndef AFT_BENCH_PROGRESS_H
#define AFT_BENCH_PROGRESS_H

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bench {

class Progress {
  public:
    Progress(std::size_t jobs, std::size_t passes) : passes(passes), seconds(jobs) {}

    void begin(std::size_t pass, const std::string &text);
    void end(std::size_t job);
    void clear() const;

  private:
    std::string time_left() const;

    using Clock = std::chrono::steady_clock;
    const std::size_t passes;
    std::vector<std::optional<double>> seconds; /* that each job took last */
    std::size_t pass = 0, done = 0;
    Clock::time_point job_begin = Clock::now();
};

} // namespace bench

#endif
