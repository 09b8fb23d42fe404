/* SPDX-License-Identifier: MIT */
/* What a reader must know of the machine and the build to make sense of a measurement. */
#ifndef AFT_BENCH_MACHINE_H
#define AFT_BENCH_MACHINE_H

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

/* Name and value, in the order to show them. */
std::vector<std::pair<std::string, std::string>> machine_facts(const IsaLevels &isas);

} // namespace bench

#endif
