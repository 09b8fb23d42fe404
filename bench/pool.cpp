/* SPDX-License-Identifier: MIT */
#include "bench/pool.h"

namespace bench {

namespace {

void run_for_library(void *context, std::size_t tasks, void (*task)(void *, std::size_t, std::size_t), void *argument) {
    static_cast<Pool *>(context)->run(
        tasks, [task, argument](std::size_t index, std::size_t worker) { task(argument, index, worker); });
}

} // namespace

Pool::Pool(std::size_t width) : handle{run_for_library, this, width} {
    for (std::size_t worker = 1; worker < width; worker++)
        threads.emplace_back([this, worker] { serve(worker); });
}

Pool::~Pool() {
    {
        const std::lock_guard<std::mutex> lock(mutex);
        stopping = true;
    }
    started.notify_all();
    for (std::thread &thread : threads)
        thread.join();
}

void Pool::run(std::size_t tasks, const std::function<void(std::size_t, std::size_t)> &task) {
    {
        const std::lock_guard<std::mutex> lock(mutex);
        job = &task;
        job_tasks = tasks;
        next_task = 0;
        busy = threads.size();
        round++;
    }
    started.notify_all();
    take_tasks(0);
    std::unique_lock<std::mutex> lock(mutex);
    finished.wait(lock, [this] { return busy == 0; });
}

void Pool::serve(std::size_t worker) {
    std::size_t served = 0;
    for (;;) {
        {
            std::unique_lock<std::mutex> lock(mutex);
            started.wait(lock, [this, served] { return stopping || round != served; });
            if (stopping)
                return;
            served = round;
        }
        take_tasks(worker);
        {
            const std::lock_guard<std::mutex> lock(mutex);
            busy--;
        }
        finished.notify_one();
    }
}

void Pool::take_tasks(std::size_t worker) {
    for (std::size_t index; (index = next_task++) < job_tasks;)
        (*job)(index, worker);
}

} // namespace bench
