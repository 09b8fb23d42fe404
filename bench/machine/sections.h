/* SPDX-License-Identifier: MIT */
/* The objects of bench/results.schema.json that describe a machine; each adds to `unreadable`. */
#ifndef AFT_BENCH_MACHINE_SECTIONS_H
#define AFT_BENCH_MACHINE_SECTIONS_H

#include "bench/machine/cpuinfo.h"
#include "bench/machine/section.h"
#include "bench/machine/tree.h"

namespace bench {

ordered_json describe_cpu(const Tree &tree, const Cpuinfo &info, ordered_json &unreadable);
ordered_json describe_topology(const Tree &tree, ordered_json &unreadable);
ordered_json describe_clock(const Tree &tree, ordered_json &unreadable);
ordered_json describe_system(const Tree &tree, const Cpuinfo &info, ordered_json &unreadable);

} // namespace bench

#endif
