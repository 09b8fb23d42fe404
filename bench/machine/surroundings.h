/* SPDX-License-Identifier: MIT */
/* What the system runs in. */
#ifndef AFT_BENCH_MACHINE_SURROUNDINGS_H
#define AFT_BENCH_MACHINE_SURROUNDINGS_H

#include <optional>
#include <string>

#include "bench/machine/cpuinfo.h"
#include "bench/machine/tree.h"

namespace bench {

/* As "KVM, QEMU Standard PC (Q35 + ICH9, 2009)"; nothing where none is seen. */
std::optional<std::string> find_hypervisor(const Tree &tree, const Cpuinfo &info);

/* As "docker"; nothing where none is seen. */
std::optional<std::string> find_container(const Tree &tree);

} // namespace bench

#endif
