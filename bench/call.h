/* SPDX-License-Identifier: MIT */
/* A problem with its output and workspace: what is checked, and what is timed. */
#ifndef AFT_BENCH_CALL_H
#define AFT_BENCH_CALL_H

#include <chrono>
#include <limits>

#include "bench/buffer.h"
#include "bench/case.h"
#include "bench/library.h"

namespace bench {

class Call {
  public:
    /* For the instruction set that is active now; the case keeps its tensors, and must be loaded. */
    Call(const Case &task, Rows rows, const aft_parallel *parallel)
        : y(task.elements(), std::numeric_limits<float>::quiet_NaN()), problem(task.problem(rows, y.data())),
          parallel(parallel) {
        std::size_t bytes = 0;
        expect_ok(aft_workspace_bytes(&problem, parallel, &bytes), "aft_workspace_bytes");
        workspace = Buffer<unsigned char>(bytes);
    }

    void forward() const {
        expect_ok(aft_forward(&problem, workspace.data(), workspace.size(), parallel), "aft_forward");
    }

    double seconds() const {
        const auto begin = std::chrono::steady_clock::now();
        forward();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }

    const Buffer<float> y;

  private:
    const aft_problem problem;
    const aft_parallel *parallel;
    Buffer<unsigned char> workspace;
};

} // namespace bench

#endif
