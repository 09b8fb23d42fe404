/* SPDX-License-Identifier: MIT */
/* A matrix product as other libraries compute it: what those within libaft are held against. */
#ifndef AFT_BENCH_PRODUCT_H
#define AFT_BENCH_PRODUCT_H

#include "bench/buffer.h"
#include "bench/ceilings.h"
#include "bench/sgemm.h"

namespace bench {

struct Product {
    std::size_t rows, columns, depth;
    Buffer<float> a, b, c; /* c[rows][columns] = a[rows][depth] * b[depth][columns] */

    Product(std::size_t rows, std::size_t columns, std::size_t depth)
        : rows(rows), columns(columns), depth(depth), a(rows * depth), b(depth * columns), c(rows * columns) {}

    double flops() const { return 2.0 * static_cast<double>(rows * columns) * static_cast<double>(depth); }

    void multiply(const Sgemm &sgemm) const { sgemm.multiply(rows, columns, depth, a.data(), b.data(), c.data()); }

    /* Multiplies; throws std::runtime_error where c is wrong. */
    void check(const Sgemm &sgemm) const;

    /* One a library, checked. */
    std::vector<Pass> passes(const std::vector<Sgemm> &sgemms) const;
};

} // namespace bench

#endif
