/* SPDX-License-Identifier: MIT */
#include "bench/machine/sections.h"

#include <algorithm>
#include <set>

#include "bench/machine/cpus.h"

namespace bench {

namespace {

/* The hardware threads of each core. Before Linux 5.3 the list had a name that fits less well. */
std::set<CpuList> cores(const Tree &tree) {
    std::set<CpuList> found;
    for (const unsigned cpu : online_cpus(tree)) {
        const std::string list = cpu_file(cpu, "topology/core_cpus_list");
        found.insert(tree.cpus(tree.has(list) ? list : cpu_file(cpu, "topology/thread_siblings_list")));
    }
    return found;
}

/* Of the core that has most: those of one CPU may differ. */
std::size_t threads_per_core(const Tree &tree) {
    std::size_t most = 0;
    for (const CpuList &core : cores(tree))
        most = std::max(most, core.size());
    return most;
}

/* There is a file since Linux 4.19. */
bool smt(const Tree &tree) {
    const std::string file = "/sys/devices/system/cpu/smt/active";
    return tree.has(file) ? tree.flag(file) : threads_per_core(tree) > 1;
}

std::size_t sockets(const Tree &tree) {
    std::set<std::uint64_t> packages;
    for (const unsigned cpu : online_cpus(tree))
        packages.insert(tree.integer(cpu_file(cpu, "topology/physical_package_id")));
    return packages.size();
}

std::uint64_t cache_size(const Tree &tree, const std::string &path) {
    std::string text = tree.line(path);
    const std::size_t shift = text.back() == 'K' ? 10 : text.back() == 'M' ? 20 : 0;
    if (shift > 0)
        text.pop_back();
    return parse_integer(text, path) << shift;
}

std::string cache_type(const Tree &tree, const std::string &path) {
    const std::string type = tree.line(path);
    if (type != "Data" && type != "Instruction" && type != "Unified")
        throw Unreadable(path + ": '" + type + "' is no type of cache");
    return type == "Data" ? "data" : type == "Instruction" ? "instruction" : "unified";
}

/* Null where this one detail is missing, as on some Arm systems. */
template <typename Read> ordered_json if_present(const Tree &tree, const std::string &path, Read read) {
    return tree.has(path) ? ordered_json(read(path)) : ordered_json();
}

ordered_json caches(const Tree &tree) {
    const unsigned cpu = own_cpu(tree);
    ordered_json found = ordered_json::array();
    for (unsigned index = 0; tree.has(cpu_file(cpu, "cache/index" + std::to_string(index))); index++) {
        const std::string folder = cpu_file(cpu, "cache/index" + std::to_string(index) + "/");
        found.push_back({
            {"level", tree.integer(folder + "level")},
            {"type", cache_type(tree, folder + "type")},
            {"bytes", cache_size(tree, folder + "size")},
            {"shared_by", if_present(tree, folder + "shared_cpu_list",
                                     [&](const std::string &path) { return tree.cpus(path).size(); })},
            {"line_bytes", if_present(tree, folder + "coherency_line_size",
                                      [&](const std::string &path) { return tree.integer(path); })},
        });
    }
    if (found.empty())
        throw Unreadable(cpu_file(cpu, "cache") + ": the system describes no cache");
    return found;
}

} // namespace

ordered_json describe_topology(const Tree &tree, ordered_json &unreadable) {
    Section topology("topology", unreadable);
    topology.add("cpus_online", [&] { return online_cpus(tree).size(); });
    topology.add("cpus_usable", [&] { return usable_cpus(tree).size(); });
    topology.add("affinity", [&] { return text_of(usable_cpus(tree)); });
    topology.add("sockets", [&] { return sockets(tree); });
    topology.add("cores", [&] { return cores(tree).size(); });
    topology.add("threads_per_core", [&] { return threads_per_core(tree); });
    topology.add("smt", [&] { return smt(tree); });
    topology.add("numa_nodes", [&] { return tree.cpus("/sys/devices/system/node/online").size(); });
    topology.add("caches", [&] { return caches(tree); });
    return topology.facts;
}

} // namespace bench
