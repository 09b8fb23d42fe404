/* SPDX-License-Identifier: MIT */
#include "bench/case.h"

#include <algorithm>

#include "bench/real_tensors.h"

namespace bench {

namespace {

/* Keys that differ from `row` by less than `window`, among the first `visible`. */
std::size_t keys_in_window(std::size_t row, std::size_t window, std::size_t visible) {
    const std::size_t begin = row + 1 > window ? row + 1 - window : 0;
    const std::size_t end = std::min(row + window, visible);
    return end > begin ? end - begin : 0;
}

/* exp(-push) * exp(-push) is 2^-115: far below what the factored form keeps, whatever the real values add. */
constexpr float push = 40;

float push_of(std::size_t key) { return key % 2 == 0 ? push : -push; }

/* A dense bias of this many positions would not fit into memory everywhere. */
constexpr std::size_t longest_dense_bias = 8192;

} // namespace

const char *kernel_name(Kernel kernel) {
    return kernel == Kernel::simple ? "simple" : kernel == Kernel::full ? "full" : "local";
}

std::string Case::kernel_text() const {
    const char *form_text = form == Form::prepared ? " prepared" : form == Form::opposed ? " opposed" : "";
    return std::string(kernel_name(kernel)) + form_text + (causal ? " causal" : "");
}

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

std::string Case::trained() const { return std::string(causal ? "causal/" : "masked/") + kernel_name(kernel); }

void Case::load() {
    if (q.size() > 0)
        return;
    const auto source = [this](const char *tensor) { return RealMatrix(trained() + "_" + tensor); };
    const auto extended = [this, source](const char *tensor) {
        return source(tensor).extended(shape.batch, shape.time, shape.channels);
    };
    q = extended("q");
    k = extended("k");
    v = extended("v");
    if (kernel != Kernel::simple)
        w = stores_band() ? source("w").band(shape.time, shape.window) : source("w").bias(shape.time);
    if (form == Form::opposed)
        oppose();
    bias = stored_bias();
    if (form == Form::prepared)
        prepare();
}

/* Of a dense bias. */
void Case::oppose() {
    for (std::size_t i = 0; i < k.size(); i++)
        k[i] += push_of(i / shape.channels % shape.time);
    for (std::size_t i = 0; i < w.size(); i++)
        w[i] -= push_of(i % shape.time);
}

void Case::prepare() {
    const aft_shape whole = {shape.batch, 1, shape.time, shape.time, shape.channels, 0, causal, nullptr};
    std::size_t bytes = 0;
    expect_ok(aft_prepared_bytes(&whole, &bias, &bytes), "aft_prepared_bytes");
    prepared_memory = Buffer<unsigned char>(bytes);
    const aft_bias stored = bias;
    expect_ok(aft_prepare(&whole, &stored, prepared_memory.data(), bytes, &bias), "aft_prepare");
}

aft_bias Case::stored_bias() const {
    aft_bias stored{};
    if (kernel == Kernel::simple)
        return stored;
    stored.kind = kernel == Kernel::full ? AFT_BIAS_FULL : stores_band() ? AFT_BIAS_BAND : AFT_BIAS_LOCAL;
    stored.data = w.data();
    stored.row_stride = stores_band() ? 2 * shape.window - 1 : shape.time;
    stored.window = kernel == Kernel::local ? shape.window : 0;
    return stored;
}

void Case::release() {
    for (Buffer<float> *tensor : {&q, &k, &v, &w})
        *tensor = Buffer<float>();
    prepared_memory = Buffer<unsigned char>();
    references.clear();
}

aft_problem Case::problem(Rows rows, float *y) const {
    const std::size_t row_stride = shape.channels, batch_stride = shape.time * shape.channels;
    const std::size_t first = rows.first * row_stride;
    aft_problem problem{};
    problem.shape = {shape.batch, 1, rows.count, shape.time, shape.channels, rows.first, causal, nullptr};
    problem.bias = bias;
    problem.bias.first_row = rows.first;
    problem.q = {q.data() + first, batch_stride, batch_stride, row_stride};
    problem.k = {k.data(), batch_stride, batch_stride, row_stride};
    problem.v = {v.data(), batch_stride, batch_stride, row_stride};
    problem.y = {y + first, batch_stride, batch_stride, row_stride};
    return problem;
}

/* Pairs of a row and a visible key, of local within the window; every batch has the same. */
double Case::biased_pairs(Rows rows) const {
    std::size_t pairs = 0;
    for (std::size_t t = rows.first; t < rows.first + rows.count; t++)
        pairs += kernel == Kernel::local ? keys_in_window(t, shape.window, visible_keys(t)) : visible_keys(t);
    return static_cast<double>(pairs);
}

Work Case::work(Rows rows) const {
    const double columns = static_cast<double>(shape.batch * shape.channels);
    const double outputs = static_cast<double>(rows.count) * columns;
    const double keys = static_cast<double>(visible_keys(rows.first + rows.count - 1)) * columns;
    const double pairs = kernel == Kernel::simple ? 0 : biased_pairs(rows);
    const double products = kernel == Kernel::simple ? keys : pairs * columns;
    const double weights = form == Form::prepared ? 0 : pairs;
    return {outputs, 4 * products, outputs + keys + weights, (2 * outputs + 2 * keys + pairs) * sizeof(float)};
}

Rows Case::rows_within(double flops) const {
    const double rows = static_cast<double>(shape.time) * flops / work(all_rows()).flops;
    return rows >= static_cast<double>(shape.time)
               ? all_rows()
               : middle_rows(std::min(shape.time, std::max<std::size_t>(1, static_cast<std::size_t>(rows) / 16) * 16));
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
            for (const Form form : {Form::plain, Form::prepared})
                for (const bool causal : {false, true})
                    if ((listed.quick || !quick) && (listed.quadratic || kernel != Kernel::full) &&
                        (form == Form::plain || kernel == Kernel::full))
                        cases.push_back({kernel, causal, listed.shape, form});
    return cases;
}

} // namespace bench
