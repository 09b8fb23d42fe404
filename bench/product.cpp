/* SPDX-License-Identifier: MIT */
#include "bench/product.h"

#include <cmath>
#include <stdexcept>

#include "bench/reference.h"
#include "bench/terminal.h"

namespace bench {

void Product::check(const Sgemm &sgemm) const {
    std::fill_n(c.data(), c.size(), std::nanf(""));
    multiply(sgemm);
    for (const std::size_t i : spread(c.size(), 16)) {
        double sum = 0, magnitude = 0;
        for (std::size_t j = 0; j < depth; j++) {
            const double term = static_cast<double>(a[i / columns * depth + j]) * b[j * columns + i % columns];
            sum += term;
            magnitude += std::abs(term);
        }
        if (!(std::abs(c[i] - sum) <= 1e-5 * magnitude))
            throw std::runtime_error(sgemm.library + "'s sgemm is wrong: " +
                                     format("element %zu is %.9g instead of %.9g", i, double{c[i]}, sum));
    }
}

std::vector<Pass> Product::passes(const std::vector<Sgemm> &sgemms) const {
    std::vector<Pass> passes;
    for (const Sgemm &sgemm : sgemms) {
        check(sgemm);
        passes.push_back({1, [this, &sgemm] { multiply(sgemm); }});
    }
    return passes;
}

} // namespace bench
