/* SPDX-License-Identifier: MIT */
#include "bench/speed_rows.h"

#include <algorithm>

#include "bench/speed_measures.h"
#include "bench/terminal.h"

namespace bench {

namespace {

constexpr std::size_t simple_channels = 256;

/* AFT-simple whose q, k and v together have this many bytes. */
What simple_of(std::size_t bytes) {
    return {Kernel::simple, {1, bytes / (3 * sizeof(float) * simple_channels), simple_channels, 0}};
}

What full_of(std::size_t time, std::size_t channels, Form form = Form::plain) {
    return {Kernel::full, {1, time, channels, 0}, false, form};
}

What local_of(std::size_t time, std::size_t channels, std::size_t window) {
    return {Kernel::local, {1, time, channels, window}};
}

What causal(What what) {
    what.causal = true;
    return what;
}

SpeedRow at_least(double bound, const char *unit, const std::string &text, const Measure &measure,
                  const char *provider = "") {
    return {text, unit, Sense::at_least, bound, measure, provider};
}

SpeedRow at_most(double bound, const char *unit, const std::string &text, const Measure &measure) {
    return {text, unit, Sense::at_most, bound, measure, ""};
}

void add_full(std::vector<SpeedRow> &rows) {
    static constexpr struct {
        std::size_t time, channels;
        double prepared, plain, sgemm;
    } shapes[] = {
        {1024, 64, 0.78, 0.60, 0.95},
        {1024, 512, 0.82, 0.77, 1},
        {4096, 512, 0.82, 0.78, 1},
        {197, 384, 0.60, 0.53, 1},
    };
    const auto text = [](const auto &shape) { return format("full (%zu,%zu)", shape.time, shape.channels); };
    const auto plain = [](const auto &shape) { return full_of(shape.time, shape.channels); };
    const auto prepared = [](const auto &shape) { return full_of(shape.time, shape.channels, Form::prepared); };
    for (const auto &shape : shapes)
        rows.push_back(at_least(shape.prepared, "of peak", text(shape) + ", prepared", share_of_peak(prepared(shape))));
    for (const auto &shape : shapes)
        rows.push_back(at_least(shape.plain, "of peak", text(shape), share_of_peak(plain(shape))));
    for (const auto &shape : shapes)
        rows.push_back(
            at_least(shape.sgemm, "x sgemm", text(shape) + ", prepared", speed_against_sgemm(prepared(shape))));
}

void add_layers(std::vector<SpeedRow> &rows) {
    const What full = full_of(1024, 512, Form::prepared),
               local{Kernel::local, {1, 1024, 512, 32}, false, Form::prepared},
               simple{Kernel::simple, {1, 1024, 512, 0}};
    constexpr LayerProduct qkv = LayerProduct::qkv, project = LayerProduct::project;
    const std::vector<SpeedRow> layers = {
        at_least(1 / 1.05, "x sgemm", "layer (1024,512), q, k and v", layer_speed_against_sgemm(full, qkv)),
        at_least(1 / 1.05, "x sgemm", "layer (1024,512), project", layer_speed_against_sgemm(full, project)),
        at_least(0.7, "of peak", "layer (1024,512), q, k and v", layer_share_of_peak(full, qkv)),
        at_least(0.8, "of peak", "layer (1024,512), q, k and v, AVX2", on_isa("avx2", layer_share_of_peak(full, qkv))),
        at_most(1.1, "x parts", "layer full (1024,512)", layer_over_parts(full)),
        at_most(1.1, "x parts", "layer full causal (1024,512)", layer_over_parts(causal(full))),
        at_most(1.1, "x parts", "layer local (1024,512) s=32", layer_over_parts(local)),
        at_most(1.1, "x parts", "layer simple (1024,512)", layer_over_parts(simple)),
    };
    rows.insert(rows.end(), layers.begin(), layers.end());
}

/* Where the inputs lie: within half of L2; far beyond it and within L3; beyond L3, or large enough. */
void add_simple(std::vector<SpeedRow> &rows) {
    static constexpr struct {
        const char *provider;
        double in_l2, in_l3, beyond;
    } providers[] = {{"sleef", 0.70, 0.57, 0.65}, {"builtin", 0.70, 0.90, 0.80}};
    const std::size_t l2 = cache_bytes(2, 1 << 20), l3 = cache_bytes(3, 32 << 20), enough = 512 << 20;
    const What small = simple_of(l2 / 2), medium = simple_of(std::min(16 * l2, l3 / 2)),
               large = simple_of(std::min(4 * l3, enough));
    const auto text = [](const char *where, const What &what, const char *provider) {
        return format("simple (%zu,%zu) %s, %s exp", what.shape.time, what.shape.channels, where, provider);
    };
    for (const auto &[provider, in_l2, in_l3, beyond] : providers) {
        rows.push_back(at_least(in_l2, "of exps", text("in L2", small, provider), share_of_exp(small), provider));
        rows.push_back(
            at_least(in_l3, "of stream", text("in L3", medium, provider), share_of_stream(medium), provider));
        rows.push_back(
            at_least(beyond, "of stream", text("beyond", large, provider), share_of_stream(large), provider));
    }
}

void add_others(std::vector<SpeedRow> &rows) {
    const What simple{Kernel::simple, {1, 4096, 256, 0}}, local = local_of(4096, 256, 32);
    const What full = full_of(1024, 512), prepared = full_of(1024, 512, Form::prepared);
    const What opposed = full_of(1024, 512, Form::opposed), brief{Kernel::full, {32, 10, 64, 0}};
    const std::vector<SpeedRow> others = {
        at_least(0.33, "of peak", "local (4096,256) s=32", share_of_peak(local)),
        at_least(0.66, "of peak", "local (4096,256) s=256", share_of_peak(local_of(4096, 256, 256))),
        at_most(4.3, "x T=16384", "local (65536,64) s=32", time_over(local_of(65536, 64, 32), local_of(16384, 64, 32))),
        at_most(1.25, "x its time", "simple causal (4096,256)", time_over(causal(simple), simple)),
        at_most(1.25, "x its time", "local causal (4096,256) s=32", time_over(causal(local), local)),
        at_most(0.6, "x its time", "full causal (1024,512)", time_over(causal(full), full)),
        at_most(10, "x its time", "full (1024,512), worst inputs", time_over(opposed, full)),
        at_least(0.85, "of peak", "full (1024,512), prepared, AVX2", on_isa("avx2", share_of_peak(prepared))),
        at_least(1.85, "x one", "full (1024,512), two threads", speed_of_two_threads(full)),
        at_most(2, "us a call", "full B=32 (10,64)", microseconds_above(brief, full_of(1024, 64))),
    };
    rows.insert(rows.end(), others.begin(), others.end());
}

} // namespace

std::vector<SpeedRow> speed_rows() {
    std::vector<SpeedRow> rows;
    add_full(rows);
    add_others(rows);
    add_layers(rows);
    add_simple(rows);
    return rows;
}

} // namespace bench
