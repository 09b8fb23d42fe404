/* SPDX-License-Identifier: MIT */
#include "bench/progress.h"

#include <cstdio>

#include "bench/terminal.h"

namespace bench {

/* What is left of this pass, and the passes to come; a job that has not run yet counts as the mean of the others. */
std::string Progress::time_left() const {
    double sum = 0;
    std::size_t known = 0;
    for (const std::optional<double> &one : seconds)
        if (one) {
            sum += *one;
            known++;
        }
    if (known == 0)
        return "";
    const std::size_t total = seconds.size(), to_go = total * (passes - pass) - done;
    const int left = static_cast<int>(sum / static_cast<double>(known) * static_cast<double>(to_go));
    return format(", %d:%02d left", left / 60, left % 60);
}

void Progress::begin(std::size_t at_pass, const std::string &text) {
    const bool first = at_pass != pass || (at_pass == 0 && done == 0);
    if (at_pass != pass)
        done = 0;
    pass = at_pass;
    job_begin = Clock::now();
    const std::string where = format("pass %zu of %zu", pass + 1, passes);
    if (shows_progress())
        show_progress(format("%s, %zu of %zu%s: %s ...", where.c_str(), done + 1, seconds.size(), time_left().c_str(),
                             text.c_str()));
    else if (first)
        std::fprintf(stderr, "%s%s\n", where.c_str(), time_left().c_str());
}

void Progress::end(std::size_t job) {
    seconds[job] = std::chrono::duration<double>(Clock::now() - job_begin).count();
    done++;
}

void Progress::clear() const { clear_progress(); }

} // namespace bench
