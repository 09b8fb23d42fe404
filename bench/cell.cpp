/* SPDX-License-Identifier: MIT */
#include "bench/cell.h"

#include <algorithm>
#include <stdexcept>

#include "bench/call.h"
#include "bench/ceilings.h"
#include "bench/check.h"

namespace bench {

namespace {

/* Rows of the smallest slice; larger ones are a multiple of it. */
constexpr std::size_t slice_rows = 16;

} // namespace

void Workbench::hold(Case &task) {
    if (held != nullptr && held != &task)
        held->release();
    held = &task;
    task.load();
}

/* All rows, if a call is short enough; else as many as it has time for, from the middle of the sequence, where a causal
 * row sees the average number of keys. The keys are prepared whole all the same, so a call is let run at least twice as
 * long as that takes. Found by slices that grow fourfold, the last two interpolated. */
Rows Cell::choose_rows() const {
    const auto seconds = [this](std::size_t count) {
        return Call(task, task.middle_rows(count), workbench.team.parallel()).seconds();
    };
    const auto real = [](std::size_t count) { return static_cast<double>(count); };
    const std::size_t time = task.shape.time;
    std::size_t count = std::min(slice_rows, time);
    double elapsed = seconds(count);
    const double limit = std::max(workbench.longest_call, 2 * elapsed);
    while (elapsed * real(time) / real(count) > limit) {
        const std::size_t more = std::min(4 * count, time);
        const double longer = seconds(more);
        if (longer > limit) {
            const double fitting = real(count) + real(more - count) * (limit - elapsed) / (longer - elapsed);
            return task.middle_rows(static_cast<std::size_t>(fitting) / slice_rows * slice_rows);
        }
        count = more;
        elapsed = longer;
    }
    return task.all_rows();
}

void Cell::check() {
    rows = choose_rows();
    const Call call(task, rows, workbench.team.parallel());
    call.forward();
    const Verdict verdict = bench::check(task, rows, call.y);
    worst_error = verdict.worst_error;
    failed_because = verdict.failure;
}

double Cell::ceiling(const Buffer<float> &y) const {
    return best_rate(memory_bound() ? stream_pass(workbench.team, probe, task, y) : fma_pass(workbench.team, probe));
}

void Cell::run(benchmark::State &state) {
    workbench.hold(task);
    aft_use_isa(probe.isa);
    if (!checked) {
        try {
            check();
        } catch (const std::runtime_error &error) {
            failed_because = error.what();
        }
        checked = true;
    }
    if (!failed_because.empty()) {
        state.SkipWithError(failed_because.c_str());
        return;
    }

    const Call call(task, rows, workbench.team.parallel());
    const double before = ceiling(call.y);
    for (auto _ : state)
        call.forward();
    const double after = ceiling(call.y);

    const std::size_t elements = task.shape.batch * rows.count * task.shape.channels;
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
    const auto rate = benchmark::Counter::kIsIterationInvariantRate;
    if (memory_bound())
        state.counters["bytes_per_second"] = benchmark::Counter(task.bytes(rows), rate);
    else
        state.counters["flops_per_second"] = benchmark::Counter(task.flops(rows), rate);
    state.counters["ceiling_per_second"] = std::max(before, after);
    state.counters["max_error_u"] = worst_error;
    state.counters["query_rows"] = static_cast<double>(rows.count);
}

} // namespace bench
