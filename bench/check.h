/* SPDX-License-Identifier: MIT */
/* Is an output right? Sampled rows of it against the reference, before anything is timed. */
#ifndef AFT_BENCH_CHECK_H
#define AFT_BENCH_CHECK_H

#include <string>

#include "bench/case.h"

namespace bench {

struct Verdict {
    double worst_error;  /* in units of u * condition */
    std::string failure; /* empty where all is right, else the first element that is wrong */
};

/* y is the output of the case on these rows. */
Verdict check(Case &task, Rows rows, const Buffer<float> &y);

/* Of all rows; throws std::runtime_error where one is wrong. */
void expect_right(Case &task, const Buffer<float> &y);

} // namespace bench

#endif
