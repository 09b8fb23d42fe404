/* SPDX-License-Identifier: MIT */
/*
 * The tensors of tests/data: one layer of each kind from two models trained on real text, of which the causal problems
 * use the causal one. They are repeated up to the shape wanted: position j is position j mod 200 there, channel c is
 * channel c mod 64, bias (t, j) is bias (t mod 200, j mod 200), which keeps the diagonal structure; batch b begins b
 * positions later, so that no two are equal. Every value is thus a real one, and so is its neighbourhood. The weights and
 * inputs of the whole layers repeat in the same way.
 */
#ifndef AFT_BENCH_REAL_TENSORS_H
#define AFT_BENCH_REAL_TENSORS_H

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/buffer.h"
#include "tests/npy.h"

namespace bench {

/* Where the tensors are; said once, before the first is read. */
void read_tensors_from(const std::string &folder);

/* A matrix of floats from there, repeated without end in both directions; a vector is a row. */
class RealMatrix {
  public:
    /* As "causal/full_w". Throws std::runtime_error where the file is missing or damaged. */
    explicit RealMatrix(const std::string &name);
    ~RealMatrix() { npy_free(&array); }
    RealMatrix(const RealMatrix &) = delete;
    RealMatrix &operator=(const RealMatrix &) = delete;

    float operator()(std::size_t row, std::size_t column) const {
        return begin()[row * columns() % array.count + column % columns()];
    }

    std::size_t columns() const { return array.shape[array.dimensions - 1]; }

    const float *begin() const { return static_cast<const float *>(array.data); }
    const float *end() const { return begin() + array.count; }

    /* [batch][time][channels] */
    Buffer<float> extended(std::size_t batch, std::size_t time, std::size_t channels) const;

    /* [time][time] */
    Buffer<float> bias(std::size_t time) const { return extended(1, time, time); }

    /* [time][2 * window - 1], around the diagonal; 0 where there is no key. */
    Buffer<float> band(std::size_t time, std::size_t window) const;

  private:
    npy_array array{};
};

/* Of all tensors that a case may have: two runs with the same one have timed the same numbers. FNV-1a, 64 bits. */
std::uint64_t tensors_hash();

} // namespace bench

#endif
