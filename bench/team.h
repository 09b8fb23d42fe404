/* SPDX-License-Identifier: MIT */
/* Threads of OpenMP that compute together: the library's, or a ceiling's. */
#ifndef AFT_BENCH_TEAM_H
#define AFT_BENCH_TEAM_H

#include <cstddef>

#include "include/aft_openmp.h"

namespace bench {

class Team {
  public:
    explicit Team(std::size_t width) : handle(aft_openmp(static_cast<int>(width))) {}

    std::size_t width() const { return handle.width; }

    /* NULL for a width of one: everything on the calling thread. */
    const aft_parallel *parallel() const { return width() > 1 ? &handle : nullptr; }

    /* Calls work(part) on each thread, with part < width. */
    template <typename Work> void each(const Work &work) const {
        const std::size_t parts = width();
#pragma omp parallel for num_threads(static_cast <int>(parts)) schedule(static)
        for (std::size_t part = 0; part < parts; part++)
            work(part);
    }

  private:
    aft_parallel handle;
};

} // namespace bench

#endif
