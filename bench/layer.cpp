/* SPDX-License-Identifier: MIT */
#include "bench/layer.h"

#include <cmath>
#include <initializer_list>

#include "bench/check.h"
#include "bench/real_tensors.h"
#include "bench/terminal.h"

namespace bench {

namespace {

/* Where the tensors of the trained layer are, as "causal/full_layer/". */
std::string folder_of(const Case &task) { return task.trained() + "_layer/"; }

std::vector<std::string> maps_of(const Case &task, std::initializer_list<const char *> maps) {
    std::vector<std::string> names;
    for (const char *map : maps)
        names.push_back(folder_of(task) + map);
    return names;
}

/* How far layer and parts may lie apart, as a share of the largest output. Both round q, k and v, in another order. */
constexpr double tolerance = 1e-5;

} // namespace

LinearMap::LinearMap(std::size_t rows, std::size_t inputs, std::size_t outputs, const std::vector<std::string> &names)
    : product(rows, names.size() * outputs, inputs), weight(product.columns * inputs), bias(product.columns) {
    std::size_t row = 0;
    for (const std::string &name : names) {
        const RealMatrix weights(name + "_weight"), biases(name + "_bias");
        const auto repeats = static_cast<float>(inputs) / static_cast<float>(weights.columns());
        for (std::size_t o = 0; o < outputs; o++, row++) {
            bias[row] = biases(0, o);
            for (std::size_t i = 0; i < inputs; i++)
                weight[row * inputs + i] = product.b[i * product.columns + row] = weights(o, i) / repeats;
        }
    }
}

aft_linear LinearMap::from(std::size_t output) const {
    return {weight.data() + output * product.depth, bias.data() + output};
}

float LinearMap::result(std::size_t row, std::size_t output) const {
    return product.c[row * product.columns + output] + bias[output];
}

Layer::Layer(const aft_probe &probe, const What &what)
    : task(what.kernel, what.causal, what.shape, what.form),
      qkv(what.shape.time, what.shape.channels, what.shape.channels, maps_of(task, {"to_q", "to_k", "to_v"})),
      project(what.shape.time, what.shape.channels, what.shape.channels, maps_of(task, {"project"})),
      y(task.elements(), std::numeric_limits<float>::quiet_NaN()) {
    aft_use_isa(probe.isa);
    task.load();
    run_parts();
    prepare();
    for (std::size_t phase = 0; phase < phases; phase++)
        run(phase);
    expect_parts("phase by phase");
    forward();
    expect_parts("as a whole");
}

void Layer::run_parts() {
    const Sgemm &sgemm = find_sgemms().front();
    const std::size_t units = task.shape.channels;
    const auto x = RealMatrix(folder_of(task) + "x").extended(task.shape.batch, task.shape.time, units);
    std::copy_n(x.data(), x.size(), qkv.product.a.data());
    qkv.product.check(sgemm);
    const Buffer<float> *const tensors[] = {&task.query(), &task.key(), &task.value()};
    for (std::size_t tensor = 0; tensor < 3; tensor++)
        for (std::size_t i = 0; i < task.elements(); i++)
            (*tensors[tensor])[i] = qkv.result(i / units, tensor * units + i % units);

    call.emplace(task, task.all_rows(), nullptr);
    call->forward();
    expect_right(task, call->y);
    std::copy_n(call->y.data(), task.elements(), project.product.a.data());
    project.product.check(sgemm);
}

void Layer::prepare() {
    const std::size_t units = task.shape.channels, time = task.shape.time;
    aft_layer layer{};
    layer.dim = layer.channels = units;
    layer.heads = 1;
    layer.max_length = time;
    layer.causal = task.causal;
    layer.bias = task.stored_bias();
    layer.to_q = qkv.from(0);
    layer.to_k = qkv.from(units);
    layer.to_v = qkv.from(2 * units);
    layer.project = project.from(0);
    std::size_t bytes = 0;
    expect_ok(aft_layer_bytes(&layer, &bytes), "aft_layer_bytes");
    memory = Buffer<unsigned char>(bytes);
    expect_ok(aft_layer_prepare(&layer, memory.data(), bytes), "aft_layer_prepare");

    sequences.batch = task.shape.batch;
    sequences.length = time;
    sequences.x = qkv.product.a.data();
    sequences.y = y.data();
    sequences.x_batch_stride = sequences.y_batch_stride = time * units;
    sequences.x_time_stride = sequences.y_time_stride = units;
    expect_ok(aft_layer_workspace_bytes(memory.data(), &sequences, nullptr, &bytes), "aft_layer_workspace_bytes");
    workspace = Buffer<unsigned char>(bytes);
    expect_ok(aft_layer_phases(memory.data(), &sequences, &phases), "aft_layer_phases");
}

void Layer::forward() const {
    expect_ok(aft_layer_forward(memory.data(), &sequences, workspace.data(), workspace.size(), nullptr),
              "aft_layer_forward");
}

void Layer::run(std::size_t phase) const {
    std::size_t tasks = 0;
    expect_ok(aft_layer_tasks(memory.data(), &sequences, phase, &tasks), "aft_layer_tasks");
    for (std::size_t task = 0; task < tasks; task++)
        expect_ok(aft_layer_run(memory.data(), &sequences, workspace.data(), workspace.size(), phase, task, 0),
                  "aft_layer_run");
}

void Layer::expect_parts(const char *way) const {
    const std::size_t units = task.shape.channels;
    double largest = 0, apart = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < y.size(); i++) {
        const double expected = project.result(i / units, i % units), distance = std::abs(y[i] - expected);
        largest = std::max(largest, std::abs(expected));
        if (distance > apart || std::isnan(distance)) {
            apart = std::isnan(distance) ? INFINITY : distance;
            where = i;
        }
    }
    if (!(apart <= tolerance * largest))
        throw std::runtime_error(format("the layer, %s: row %zu output %zu is %.9g, of its parts %.9g", way,
                                        where / units, where % units, double{y[where]},
                                        double{project.result(where / units, where % units)}));
    std::fill_n(y.data(), y.size(), std::numeric_limits<float>::quiet_NaN());
}

Pass Layer::whole() const {
    return {1, [this] { forward(); }};
}

Pass Layer::pass(LayerProduct product) const {
    const std::size_t phase = product == LayerProduct::qkv ? 0 : phases - 1;
    return {map(product).product.flops(), [this, phase] { run(phase); }};
}

Pass Layer::parts(const Sgemm &sgemm) const {
    qkv.product.check(sgemm);
    project.product.check(sgemm);
    return {1, [this, &sgemm] {
                qkv.product.multiply(sgemm);
                call->forward();
                project.product.multiply(sgemm);
            }};
}

} // namespace bench
