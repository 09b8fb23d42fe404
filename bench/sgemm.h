/* SPDX-License-Identifier: MIT */
/* The sgemm of other libraries, where this machine has them: loaded when asked for, so that nothing links to them. */
#ifndef AFT_BENCH_SGEMM_H
#define AFT_BENCH_SGEMM_H

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

struct Sgemm {
    std::string library;
    /* c[m][n] = a[m][k] * b[k][n], row by row, on one thread. */
    std::function<void(std::size_t m, std::size_t n, std::size_t k, const float *a, const float *b, float *c)> multiply;
};

/* Of OpenBLAS, BLIS and oneDNN those that are there. Throws Unavailable, naming what installs them, where none is. */
const std::vector<Sgemm> &find_sgemms();

} // namespace bench

#endif
