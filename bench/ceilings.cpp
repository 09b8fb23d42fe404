/* SPDX-License-Identifier: MIT */
#include "bench/ceilings.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "bench/stream.h"

namespace bench {

namespace {

/* Long enough for the clock, short enough to stay within the time slice of a busy machine. */
constexpr std::chrono::duration<double> burst_length = std::chrono::milliseconds(1);
/* Long against the time in which a team gathers: some 50 microseconds on a wide machine. */
constexpr std::size_t fma_rounds = 10240, exp_rounds = 32;
/* One of those through memory takes a tenth of a second. */
constexpr int stream_bursts = 2;
/* 16 KiB with the results. */
constexpr std::size_t exps = 2048;

bench_stream *find_stream(const std::string &isa) {
#define AFT_ISA_ROW(name) {#name, bench_stream_##name},
    static const std::map<std::string, bench_stream *> streams = {AFT_ISA_LIST(AFT_ISA_ROW)};
#undef AFT_ISA_ROW
    return streams.at(isa);
}

/* The arrays of a stream. */
struct Arrays {
    const float *q, *k, *v;
    float *y;

    Arrays from(std::size_t begin) const { return {q + begin, k + begin, v + begin, y + begin}; }
};

/* The elements of one thread. */
struct Share {
    std::size_t begin, end;

    Share(std::size_t count, std::size_t part, std::size_t parts)
        : begin(count * part / parts), end(count * (part + 1) / parts) {}
};

/* Each thread has its share of the arrays, and passes `times` times over it. */
Pass stream_pass(const Team &team, const aft_probe &probe, std::size_t count, const Arrays &arrays, std::size_t times) {
    bench_stream *const stream = find_stream(probe.isa);
    const std::size_t parts = team.width();
    return {static_cast<double>(4 * sizeof(float) * count * times), [=, &team] {
                team.each([=](std::size_t part) {
                    const Share share(count, part, parts);
                    const Arrays own = arrays.from(share.begin);
                    for (std::size_t time = 0; time < times; time++) {
                        stream(share.end - share.begin, own.q, own.k, own.v, own.y);
                        benchmark::ClobberMemory();
                    }
                });
            }};
}

/* Passes over small arrays take a fraction of a microsecond. */
std::size_t passes_over(std::size_t bytes) { return std::max<std::size_t>(1, (256 << 10) / bytes); }

struct Level {
    const char *name;
    std::size_t bytes; /* of all threads' arrays; 0 where the machine has no such level */
};

/* Half a cache; of what is shared by all, far more than what lies in front of it. */
std::vector<Level> levels(std::size_t threads) {
    constexpr std::size_t enough = std::size_t{1} << 30;
    const std::size_t l1 = cache_bytes(1, 32 << 10), l2 = cache_bytes(2, 0), l3 = cache_bytes(3, 0);
    const std::size_t last = std::max({l1, l2, l3}), memory = available_memory() / 4;
    const std::size_t in_l3 = std::min(16 * l2 * threads, l3 / 2);
    const std::size_t beyond = std::min({4 * last * (l3 > 0 ? 1 : threads), enough, memory});
    return {{"L1", l1 / 2 * threads},
            {"L2", l2 / 2 * threads},
            {"L3", in_l3 > l2 * threads ? in_l3 : 0},
            {"memory", beyond > last ? beyond : 0}};
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
    const Arrays arrays{task.query().data(), task.key().data(), task.value().data(), y.data()};
    return stream_pass(team, probe, task.elements(), arrays,
                       passes_over(4 * sizeof(float) * task.elements() / team.width()));
}

Pass exp_pass(const Team &team, const aft_probe &probe, const Case &task) {
    const std::size_t count = std::min(exps, task.key().size());
    const auto results = std::make_shared<Buffer<float>>(count * team.width());
    return {static_cast<double>(count * exp_rounds * team.width()), [&team, &probe, &task, count, results] {
                team.each([&](std::size_t part) {
                    for (std::size_t round = 0; round < exp_rounds; round++) {
                        probe.exp(count, task.key().data(), results->data() + part * count);
                        benchmark::ClobberMemory();
                    }
                });
            }};
}

double best_rate(const Pass &pass, int bursts) {
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

std::vector<Ceiling> measure_ceilings(const std::vector<const aft_probe *> &probes, std::size_t threads) {
    const Team team(threads);
    Case keys(Kernel::simple, false, {1, 64, 64, 0}, Form::plain);
    keys.load();
    std::vector<Ceiling> ceilings;
    for (const aft_probe *probe : probes) {
        ceilings.push_back({"fma", "flop/s", probe->isa, threads, 0, best_rate(fma_pass(team, *probe))});
        ceilings.push_back({"exp", "exp/s", probe->isa, threads, 0, best_rate(exp_pass(team, *probe, keys))});
    }
    for (const Level &level : levels(threads)) {
        const std::size_t count = level.bytes / (4 * sizeof(float));
        if (count == 0)
            continue;
        /* Some lines apart, since arrays a multiple of a page apart would hinder each other. */
        const std::size_t apart = count + 80;
        const Buffer<float> memory = Buffer<float>::untouched(4 * apart);
        float *const q = memory.data();
        team.each([=](std::size_t part) {
            const Share share(count, part, threads);
            for (std::size_t array = 0; array < 4; array++)
                std::fill(q + array * apart + share.begin, q + array * apart + share.end, 1.0F);
        });
        for (const aft_probe *probe : probes) {
            const Pass pass = stream_pass(team, *probe, count, {q, q + apart, q + 2 * apart, q + 3 * apart},
                                          passes_over(level.bytes / threads));
            pass.run();
            ceilings.push_back(
                {level.name, "byte/s", probe->isa, threads, level.bytes, best_rate(pass, stream_bursts)});
        }
    }
    return ceilings;
}

} // namespace bench
