/* SPDX-License-Identifier: MIT */
#include "bench/machine/cpus.h"

#include <algorithm>
#include <iterator>

#include "bench/machine/live.h"

namespace bench {

CpuList online_cpus(const Tree &tree) { return tree.cpus("/sys/devices/system/cpu/online"); }

CpuList usable_cpus(const Tree &tree) {
    const std::string status = "/proc/self/status", name = "Cpus_allowed_list";
    const CpuList online = online_cpus(tree), allowed = parse_cpus(tree.field(status, name), status + ", " + name);
    CpuList usable;
    std::set_intersection(online.begin(), online.end(), allowed.begin(), allowed.end(),
                          std::inserter(usable, usable.end()));
    if (usable.empty())
        throw Unreadable(status + ": none of the CPUs " + text_of(allowed) + " that it allows is online");
    return usable;
}

unsigned own_cpu(const Tree &tree) { return tree.is_live() ? live_cpu() : *usable_cpus(tree).begin(); }

std::string cpu_file(unsigned cpu, const std::string &file) {
    return "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/" + file;
}

} // namespace bench
