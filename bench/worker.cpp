/* SPDX-License-Identifier: MIT */
#include "bench/worker.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <omp.h>

#include "bench/call.h"
#include "bench/ceilings.h"
#include "bench/check.h"
#include "bench/team.h"

namespace bench {

namespace {

/* A call is warm when two bursts agree; on a machine that never comes to rest the last burst counts. */
constexpr double burst_seconds = 0.005, agreement = 0.03;
constexpr int most_bursts = 8;
/* Of a ceiling beside a sample. Right behind a kernel of wide vectors the clock is low and takes milliseconds to rise: with
 * one burst of FMAs half the cells on AVX-512 look noisy, with these one of 28. */
constexpr int fma_bursts = 4, other_bursts = 2;

struct CeilingRates {
    double fma, exp, stream;
};

class TimedCell {
  public:
    explicit TimedCell(const Cell &cell) : cell(cell), team(cell.threads) {}

    /* Checks the result, and settles how many calls fill a sample. Returns what is wrong, or nothing. */
    std::string prepare(double sample_seconds) {
        try {
            const Call call = make_call();
            const double cold = call.seconds();
            const Verdict verdict = check(*cell.task, cell.rows, call.y);
            worst_error = verdict.worst_error;
            if (verdict.failure.empty())
                calls = std::max<std::int64_t>(1, std::llround(sample_seconds / warm_seconds(call, cold)));
            return verdict.failure;
        } catch (const std::runtime_error &error) {
            return error.what();
        }
    }

    std::int64_t calls_a_sample() const { return calls; }

    void run(benchmark::State &state) const {
        const Call call = make_call();
        const CeilingRates before = ceilings(call);
        /* The workspace is new, and the ceilings have taken the caches. Scalar code waits for neither. */
        if (cell.probe->lanes > 1)
            call.forward();
        for (auto _ : state)
            call.forward();
        const CeilingRates after = ceilings(call);
        state.counters["fma"] = std::max(before.fma, after.fma);
        state.counters["exp"] = std::max(before.exp, after.exp);
        state.counters["stream"] = std::max(before.stream, after.stream);
        state.counters["max_error_u"] = worst_error;
        state.SetLabel(aft_isa_name());
    }

  private:
    Call make_call() const {
        expect_ok(aft_use_isa(cell.probe->isa), "aft_use_isa");
        return Call(*cell.task, cell.rows, team.parallel());
    }

    /* Of one call, once it is warm; `seconds` is what the first took. */
    static double warm_seconds(const Call &call, double seconds) {
        for (int burst = 0; burst < most_bursts; burst++) {
            const double count = std::ceil(burst_seconds / seconds), before = seconds;
            seconds = 0;
            for (double done = 0; done < count; done++)
                seconds += call.seconds() / count;
            if (std::abs(seconds - before) <= agreement * before)
                break;
        }
        return seconds;
    }

    CeilingRates ceilings(const Call &call) const {
        return {best_rate(fma_pass(team, *cell.probe), fma_bursts),
                best_rate(exp_pass(team, *cell.probe, *cell.task), other_bursts),
                best_rate(stream_pass(team, *cell.probe, *cell.task, call.y), other_bursts)};
    }

    const Cell cell;
    const Team team;
    double worst_error = 0; /* in units of u * condition */
    std::int64_t calls = 0;
};

/* Google Benchmark adds to a name what it knows of the timing; here a name is a cell's. */
class CellReporter : public benchmark::JSONReporter {
  public:
    void ReportRuns(const std::vector<Run> &runs) override {
        std::vector<Run> samples;
        for (Run run : runs) {
            benchmark::BenchmarkName name;
            name.function_name = run.run_name.function_name;
            run.run_name = name;
            if (run.run_type == Run::RT_Iteration)
                samples.push_back(run);
        }
        benchmark::JSONReporter::ReportRuns(samples);
    }
};

} // namespace

void run_cells(const std::vector<Cell> &cells, double sample_seconds, std::ostream &json) {
    std::deque<TimedCell> timed; /* a deque, since each must stay where it is */
    std::string unloaded;
    try {
        cells.front().task->load();
    } catch (const std::runtime_error &error) {
        unloaded = error.what();
    }
    for (const Cell &cell : cells) {
        TimedCell &one = timed.emplace_back(cell);
        const std::string failure = unloaded.empty() ? one.prepare(sample_seconds) : unloaded;
        if (failure.empty())
            benchmark::RegisterBenchmark(cell.name().c_str(), [&one](benchmark::State &state) {
                one.run(state);
            })->Iterations(one.calls_a_sample());
        else
            benchmark::RegisterBenchmark(cell.name().c_str(),
                                         [failure](benchmark::State &state) { state.SkipWithError(failure.c_str()); });
    }
    benchmark::AddCustomContext(bound_to_cores,
                                omp_get_num_places() > 0 && omp_get_proc_bind() != omp_proc_bind_false ? "yes" : "no");
    CellReporter reporter;
    reporter.SetOutputStream(&json);
    reporter.SetErrorStream(&json);
    benchmark::RunSpecifiedBenchmarks(&reporter, ".");
    benchmark::ClearRegisteredBenchmarks();
    cells.front().task->release();
}

} // namespace bench
