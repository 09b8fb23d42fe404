/* SPDX-License-Identifier: MIT */
/* A thread pool that implements aft_parallel. */
#ifndef AFT_BENCH_POOL_H
#define AFT_BENCH_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/library.h"

namespace bench {

class Pool {
  public:
    explicit Pool(std::size_t width);
    ~Pool();
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;

    std::size_t width() const { return threads.size() + 1; }

    /* NULL for a width of one: everything on the calling thread. */
    const aft_parallel *parallel() const { return width() > 1 ? &handle : nullptr; }

    /* Calls task(index, worker) once for each index < tasks, and returns when all are done. Worker 0 is the caller. */
    void run(std::size_t tasks, const std::function<void(std::size_t index, std::size_t worker)> &task);

  private:
    void serve(std::size_t worker);
    void take_tasks(std::size_t worker);

    aft_parallel handle;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::condition_variable started, finished;
    const std::function<void(std::size_t, std::size_t)> *job = nullptr;
    std::size_t job_tasks = 0;
    std::atomic<std::size_t> next_task{0};
    std::size_t round = 0, busy = 0;
    bool stopping = false;
};

} // namespace bench

#endif
