/* SPDX-License-Identifier: MIT */
/* A layer with as many hidden units as inputs, and its parts: two products, and an aggregation between them. */
#ifndef AFT_BENCH_LAYER_H
#define AFT_BENCH_LAYER_H

#include <optional>
#include <string>
#include <vector>

#include "bench/call.h"
#include "bench/product.h"
#include "bench/speed_measures.h"

namespace bench {

/* A linear map beside its product, which has no bias. */
struct LinearMap {
    Product product;
    Buffer<float> weight; /* [output][input] */
    Buffer<float> bias;

    /* Trained maps one behind the other, named as "causal/full_layer/to_q", each with so many outputs. Weights repeat, and
     * are divided by how often an input does: so the outputs are the trained ones. */
    LinearMap(std::size_t rows, std::size_t inputs, std::size_t outputs, const std::vector<std::string> &names);

    /* Of the outputs from this one on. */
    aft_linear from(std::size_t output) const;
    float result(std::size_t row, std::size_t output) const;
};

/* The layer of a trained model that a case's tensors are from. */
class Layer {
  public:
    /* Chooses the instruction set. Throws std::runtime_error where a part is wrong, or the layer is not its parts, and
     * Unavailable where there is no sgemm to make them with. */
    Layer(const aft_probe &probe, const What &what);
    Layer(const Layer &) = delete;
    Layer &operator=(const Layer &) = delete;

    const LinearMap &map(LayerProduct product) const { return product == LayerProduct::qkv ? qkv : project; }

    Pass whole() const;
    Pass pass(LayerProduct product) const;
    Pass parts(const Sgemm &sgemm) const;

  private:
    void run_parts();
    void prepare();
    void forward() const;
    void run(std::size_t phase) const;
    void expect_parts(const char *way) const;

    Case task; /* with the q, k and v that the parts make of x */
    const LinearMap qkv, project;
    const Buffer<float> y;
    Buffer<unsigned char> memory, workspace;
    aft_sequences sequences{};
    std::optional<Call> call;
    std::size_t phases = 0;
};

} // namespace bench

#endif
