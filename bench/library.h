/* SPDX-License-Identifier: MIT */
/* The library as a bench may see it. */
#ifndef AFT_BENCH_LIBRARY_H
#define AFT_BENCH_LIBRARY_H

#include <stdexcept>
#include <string>

#include "include/aft.h"

extern "C" {
#include "kernels/probe.h"
}

namespace bench {

inline void expect_ok(aft_status status, const char *function) {
    if (status != AFT_OK)
        throw std::runtime_error(std::string(function) + ": " + aft_status_string(status));
}

} // namespace bench

#endif
