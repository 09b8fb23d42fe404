/* SPDX-License-Identifier: MIT */
/* What a reader must know of the machine and the build to make sense of a measurement. */
#ifndef AFT_BENCH_MACHINE_H
#define AFT_BENCH_MACHINE_H

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/library.h"

namespace bench {

/* The instruction sets of this build, ascending. */
struct IsaLevels {
    std::vector<const aft_probe *> available;
    std::vector<std::string>
        skipped; /* this CPU lacks them, its system does not enable them, or AFT_ISA excludes them */
};

IsaLevels find_isas();

/* Why an instruction set is skipped. */
constexpr char skipped_reason[] = "not on this CPU, not enabled by its system, or above AFT_ISA";

/* What a machine lacks for a measurement: to be shown, but no failure. */
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/* Bytes of the data cache of this level; `otherwise` where the system does not tell. */
std::size_t cache_bytes(int level, std::size_t otherwise);

/* Bytes that can be had without swapping. */
std::size_t available_memory();

/* Name and value, in the order to show them. */
using Facts = std::vector<std::pair<std::string, std::string>>;

Facts machine_facts(const IsaLevels &isas);

} // namespace bench

#endif
