/* SPDX-License-Identifier: MIT */
/* What the machine is: objects of bench/results.schema.json. */
#ifndef AFT_BENCH_MACHINE_DESCRIBE_H
#define AFT_BENCH_MACHINE_DESCRIBE_H

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "bench/machine/tree.h"

namespace bench {

using nlohmann::ordered_json;

struct Machine {
    ordered_json cpu, topology, clock, system;
    ordered_json unreadable; /* why a fact is null, by its path */
};

/* The running machine's clock is measured, which takes a tenth of a second. */
Machine describe_machine(const Tree &tree);

/* The running one, as it was at the first call. */
const Machine &this_machine();

/* A field of /proc/meminfo, as "MemAvailable". Throws Unreadable. */
std::uint64_t memory_bytes(const Tree &tree, const std::string &field);

/* Machine and build as `aft_bench --machine` prints them. */
std::string machine_text(const Machine &machine);

} // namespace bench

#endif
