/* SPDX-License-Identifier: MIT */
/* A case with a call that has been found right: what a row of the speed table measures. */
#ifndef AFT_BENCH_SUBJECT_H
#define AFT_BENCH_SUBJECT_H

#include <optional>

#include "bench/call.h"
#include "bench/check.h"
#include "bench/machine.h"
#include "bench/speed_measures.h"
#include "bench/terminal.h"

namespace bench {

class Subject {
  public:
    Case task;

    Subject(const aft_probe &probe, const What &what, const aft_parallel *parallel = nullptr)
        : task(what.kernel, what.causal, what.shape, what.form) {
        expect_memory(4 * task.elements() * sizeof(float));
        aft_use_isa(probe.isa);
        task.load();
        call.emplace(task, task.all_rows(), parallel);
        call->forward();
        expect_right(task, call->y);
    }
    Subject(const Subject &) = delete;
    Subject &operator=(const Subject &) = delete;

    double flops() const { return task.flops(task.all_rows()); }
    double bytes() const { return task.work(task.all_rows()).bytes; }
    const Buffer<float> &y() const { return call->y; }

    Pass pass(double work) const {
        return {work, [this] { call->forward(); }};
    }

  private:
    static void expect_memory(std::size_t bytes) {
        const std::size_t available = available_memory();
        if (bytes > available)
            throw Unavailable(
                format("its tensors take %zu MiB, and %zu MiB of memory are available", bytes >> 20, available >> 20));
    }

    std::optional<Call> call;
};

} // namespace bench

#endif
