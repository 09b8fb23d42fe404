/* SPDX-License-Identifier: MIT */
#include "bench/ceilings.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/stream.h"

namespace bench {

namespace {

/* Long enough for the clock, short enough to stay within the time slice of a busy machine. */
constexpr std::chrono::duration<double> burst_length = std::chrono::milliseconds(1);
constexpr int bursts = 4;
/* Some 20 microseconds on a wide machine. */
constexpr std::size_t fma_rounds = 4096;
/* 16 KiB with the results. */
constexpr std::size_t exps = 2048;

bench_stream *find_stream(const std::string &isa) {
#define AFT_ISA_ROW(name) {#name, bench_stream_##name},
    static const std::map<std::string, bench_stream *> streams = {AFT_ISA_LIST(AFT_ISA_ROW)};
#undef AFT_ISA_ROW
    return streams.at(isa);
}

} // namespace

Pass fma_pass(const Team &team, const aft_probe &probe) {
    float sink = 0;
    const double flops = probe.fma_loop(fma_rounds, &sink) * static_cast<double>(team.width());
    return {flops, [&team, &probe] {
                team.each([&probe](std::size_t) {
                    float result = 0;
                    probe.fma_loop(fma_rounds, &result);
                    benchmark::DoNotOptimize(result);
                });
            }};
}

Pass stream_pass(const Team &team, const aft_probe &probe, const Case &task, const Buffer<float> &y) {
    bench_stream *const stream = find_stream(probe.isa);
    return {task.bytes(task.all_rows()), [&team, &task, &y, stream] {
                const std::size_t parts = team.width();
                team.each([&task, &y, parts, stream](std::size_t part) {
                    const std::size_t begin = task.elements() * part / parts;
                    const std::size_t end = task.elements() * (part + 1) / parts;
                    stream(end - begin, task.query().data() + begin, task.key().data() + begin,
                           task.value().data() + begin, y.data() + begin);
                });
                benchmark::ClobberMemory();
            }};
}

Pass exp_pass(const aft_probe &probe, const Case &task) {
    const std::size_t count = std::min(exps, task.key().size());
    const auto results = std::make_shared<Buffer<float>>(count);
    return {static_cast<double>(count), [&probe, &task, count, results] {
                probe.exp(count, task.key().data(), results->data());
                benchmark::ClobberMemory();
            }};
}

double best_rate(const Pass &pass) {
    double best = 0;
    for (int burst = 0; burst < bursts; burst++) {
        double done = 0;
        std::chrono::duration<double> elapsed{};
        for (const auto begin = std::chrono::steady_clock::now(); elapsed < burst_length;
             elapsed = std::chrono::steady_clock::now() - begin) {
            pass.run();
            done += pass.work;
        }
        best = std::max(best, done / elapsed.count());
    }
    return best;
}

} // namespace bench
