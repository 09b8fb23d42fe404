/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_MACHINE_CPUS_H
#define AFT_BENCH_MACHINE_CPUS_H

#include <string>

#include "bench/machine/tree.h"

namespace bench {

CpuList online_cpus(const Tree &tree);

/* That this process may run on. The affinity alone may name CPUs that are offline. */
CpuList usable_cpus(const Tree &tree);

/* The CPU that this process runs on; of a recorded tree the first usable one. */
unsigned own_cpu(const Tree &tree);

/* The path of a CPU's file. */
std::string cpu_file(unsigned cpu, const std::string &file);

} // namespace bench

#endif
