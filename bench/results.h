/* SPDX-License-Identifier: MIT */
/* The files of a run: results.json, as results.schema.json says, and the samples in Google Benchmark's own format. */
#ifndef AFT_BENCH_RESULTS_H
#define AFT_BENCH_RESULTS_H

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/ceilings.h"
#include "bench/machine.h"
#include "bench/options.h"
#include "bench/real_tensors.h"
#include "bench/record.h"

namespace bench {

/* All that a run has found, at any moment of it. */
struct Findings {
    std::uint64_t tensors = tensors_hash();
    std::time_t begin = std::time(nullptr);
    double seconds = 0;
    bool complete = false;
    std::vector<Ceiling> ceilings; /* one a measurement */
    std::vector<Record> records;
    nlohmann::ordered_json benchmark_context = nlohmann::ordered_json::object(); /* of the first process */
    nlohmann::ordered_json benchmarks = nlohmann::ordered_json::array();         /* an entry a sample */
};

std::string results_json(const Findings &findings, const Options &options, const IsaLevels &isas);
std::string google_benchmark_json(const Findings &findings);

/* What a process has written in Google Benchmark's format: its samples become part of the findings. `failure` is how the
 * process failed, or empty; then each of its cells without a sample failed for that reason. */
void add_samples(Findings &findings, const std::vector<std::size_t> &records, std::size_t process,
                 const std::string &output, const std::string &failure);

} // namespace bench

#endif
