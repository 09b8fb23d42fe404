/* SPDX-License-Identifier: MIT */
/*
 * The tensors are those of tests/data: one layer of each kind from two models trained on real text, of which the causal
 * problems use the causal one. They are repeated up to the shape wanted: position j is position j mod 200 there,
 * channel c is channel c mod 64, bias (t, j) is bias (t mod 200, j mod 200), which keeps the diagonal structure; batch
 * b begins b positions later, so that no two are equal. Every value is thus a real one, and so is its neighbourhood.
 */
#include "bench/case.h"

#include <algorithm>
#include <stdexcept>

#include "tests/npy.h"

namespace bench {

namespace {

const char *kernel_name(Kernel kernel) {
    return kernel == Kernel::simple ? "simple" : kernel == Kernel::full ? "full" : "local";
}

/* A matrix of floats from tests/data. */
class Matrix {
  public:
    Matrix(Kernel kernel, bool causal, const char *tensor) {
        const std::string path = std::string(AFT_BENCH_ROOT "/tests/data/") + (causal ? "causal/" : "masked/") +
                                 kernel_name(kernel) + "_" + tensor + ".npy";
        char error[512];
        if (!npy_read(path.c_str(), &array, error, sizeof error))
            throw std::runtime_error(error);
        if (array.type != NPY_F4 || array.dimensions != 2 || array.count == 0) {
            npy_free(&array);
            throw std::runtime_error(path + ": not a matrix of float32; restore the file from the repository");
        }
    }
    ~Matrix() { npy_free(&array); }
    Matrix(const Matrix &) = delete;
    Matrix &operator=(const Matrix &) = delete;

    /* Repeated without end in both directions. */
    float operator()(std::size_t row, std::size_t column) const {
        return static_cast<const float *>(array.data)[row % array.shape[0] * array.shape[1] + column % array.shape[1]];
    }

  private:
    npy_array array{};
};

Buffer<float> extend(const Matrix &source, Shape shape) {
    Buffer<float> tensor(shape.batch * shape.time * shape.channels);
    float *element = tensor.data();
    for (std::size_t b = 0; b < shape.batch; b++)
        for (std::size_t t = 0; t < shape.time; t++)
            for (std::size_t c = 0; c < shape.channels; c++)
                *element++ = source(b + t, c);
    return tensor;
}

/* Keys that differ from `row` by less than `window`, among the first `visible`. */
std::size_t keys_in_window(std::size_t row, std::size_t window, std::size_t visible) {
    const std::size_t begin = row + 1 > window ? row + 1 - window : 0;
    const std::size_t end = std::min(row + window, visible);
    return end > begin ? end - begin : 0;
}

/* A dense bias of this many positions would not fit into memory everywhere. */
constexpr std::size_t longest_dense_bias = 8192;

} // namespace

std::string Case::kernel_text() const { return std::string(kernel_name(kernel)) + (causal ? " causal" : ""); }

std::string Case::shape_text() const {
    std::string text = shape.batch > 1 ? "B=" + std::to_string(shape.batch) + " " : "";
    text += "T=" + std::to_string(shape.time) + " d=" + std::to_string(shape.channels);
    if (kernel == Kernel::local)
        text += " s=" + std::to_string(shape.window) + (stores_band() ? " band" : "");
    return text;
}

std::string Case::name() const {
    std::string name = kernel_text() + "/" + shape_text();
    std::replace(name.begin(), name.end(), ' ', ',');
    return name;
}

bool Case::stores_band() const { return kernel == Kernel::local && shape.time > longest_dense_bias; }

void Case::load() {
    if (q.size() > 0)
        return;
    q = extend(Matrix(kernel, causal, "q"), shape);
    k = extend(Matrix(kernel, causal, "k"), shape);
    v = extend(Matrix(kernel, causal, "v"), shape);
    if (kernel == Kernel::simple)
        return;
    const Matrix source(kernel, causal, "w");
    const std::size_t columns = stores_band() ? 2 * shape.window - 1 : shape.time;
    w = Buffer<float>(shape.time * columns);
    for (std::size_t t = 0; t < shape.time; t++)
        for (std::size_t i = 0; i < columns; i++) {
            const std::size_t key = stores_band() ? t + i + 1 - shape.window : i;
            w[t * columns + i] = stores_band() && key >= shape.time ? 0 : source(t, key);
        }
}

void Case::release() {
    for (Buffer<float> *tensor : {&q, &k, &v, &w})
        *tensor = Buffer<float>();
    references.clear();
}

aft_problem Case::problem(Rows rows, float *y) const {
    const std::size_t row_stride = shape.channels, batch_stride = shape.time * shape.channels;
    const std::size_t first = rows.first * row_stride;
    aft_problem problem{};
    problem.shape = {shape.batch, 1, rows.count, shape.time, shape.channels, rows.first, causal, nullptr};
    problem.bias.data = w.data();
    problem.bias.first_row = rows.first;
    if (kernel == Kernel::full)
        problem.bias.kind = AFT_BIAS_FULL;
    else if (kernel == Kernel::local)
        problem.bias.kind = stores_band() ? AFT_BIAS_BAND : AFT_BIAS_LOCAL;
    if (kernel != Kernel::simple)
        problem.bias.row_stride = stores_band() ? 2 * shape.window - 1 : shape.time;
    if (kernel == Kernel::local)
        problem.bias.window = shape.window;
    problem.q = {q.data() + first, batch_stride, batch_stride, row_stride};
    problem.k = {k.data(), batch_stride, batch_stride, row_stride};
    problem.v = {v.data(), batch_stride, batch_stride, row_stride};
    problem.y = {y + first, batch_stride, batch_stride, row_stride};
    return problem;
}

double Case::flops(Rows rows) const {
    std::size_t pairs = 0;
    for (std::size_t t = rows.first; t < rows.first + rows.count; t++)
        pairs += kernel == Kernel::local ? keys_in_window(t, shape.window, visible_keys(t)) : visible_keys(t);
    return 4 * static_cast<double>(pairs * shape.batch * shape.channels);
}

double Case::bytes(Rows rows) const {
    const std::size_t keys = visible_keys(rows.first + rows.count - 1);
    return static_cast<double>((2 * rows.count + 2 * keys) * shape.batch * shape.channels * sizeof(float));
}

float Case::bias_at(std::size_t row, std::size_t key) const {
    const std::size_t distance = row > key ? row - key : key - row;
    if (kernel == Kernel::simple || (kernel == Kernel::local && distance >= shape.window))
        return 0;
    if (stores_band())
        return w[row * (2 * shape.window - 1) + key + shape.window - 1 - row];
    return w[row * shape.time + key];
}

const ReferenceRow &Case::reference(std::size_t batch, std::size_t row) {
    const auto known = references.find({batch, row});
    if (known != references.end())
        return known->second;
    const std::size_t begin = batch * shape.time * shape.channels;
    return references[{batch, row}] = reference_row(q.data() + begin + row * shape.channels, k.data() + begin,
                                                    v.data() + begin, shape.channels, visible_keys(row),
                                                    [this, row](std::size_t key) { return bias_at(row, key); });
}

std::vector<Case> all_cases(bool quick) {
    struct Listed {
        Shape shape;
        bool quick, quadratic;
    };
    /* From the publications: vision; enwik8; CIFAR-10; two reported by users; two long ones, which show that the time
     * of local grows with T * s. */
    static const Listed shapes[] = {
        {{1, 197, 192, 32}, true, true},   {{1, 197, 384, 32}, false, true},   {{1, 1024, 512, 32}, true, true},
        {{1, 4096, 256, 32}, false, true}, {{1, 3072, 256, 256}, false, true}, {{32, 10, 64, 4}, true, true},
        {{8, 500, 256, 32}, false, true},  {{1, 16384, 64, 32}, true, false},  {{1, 65536, 64, 32}, false, false},
    };
    std::vector<Case> cases;
    for (const Listed &listed : shapes)
        for (const Kernel kernel : {Kernel::simple, Kernel::full, Kernel::local})
            for (const bool causal : {false, true})
                if ((listed.quick || !quick) && (listed.quadratic || kernel != Kernel::full))
                    cases.push_back({kernel, causal, listed.shape});
    return cases;
}

} // namespace bench
