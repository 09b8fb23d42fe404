/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_MACHINE_CONTROL_GROUP_H
#define AFT_BENCH_MACHINE_CONTROL_GROUP_H

#include <cstdint>
#include <optional>

#include "bench/machine/tree.h"

namespace bench {

/* What the control groups of this process allow, the least of all up to the root; nothing where there is no limit.
 * Throws Unreadable. */
std::optional<double> cpu_limit(const Tree &tree);
std::optional<std::uint64_t> memory_limit(const Tree &tree);

} // namespace bench

#endif
