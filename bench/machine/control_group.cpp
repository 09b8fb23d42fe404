/* SPDX-License-Identifier: MIT */
/* Version 2: Documentation/admin-guide/cgroup-v2.rst of Linux; version 1: cgroup-v1/memory.rst and
 * scheduler/sched-bwc.rst. A system may have both. */
#include "bench/machine/control_group.h"

#include <algorithm>
#include <sstream>

namespace bench {

namespace {

enum class Version { one, two };

struct Folder {
    Version version;
    std::string path; /* ends with a slash */
};

/* Folders of this group and those above it. A container may see a path that its /sys lacks; then the root counts, which
 * is the container's. */
void add_folders(std::vector<Folder> &folders, Version version, const std::string &mount, std::string group) {
    if (group.find("/..") != std::string::npos) /* beyond what this process may see */
        group.clear();
    for (;;) {
        if (group.empty() || group.back() != '/')
            folders.push_back({version, mount + group + "/"});
        if (group.empty())
            return;
        group.resize(group.rfind('/'));
    }
}

/* A line is "4:cpu,cpuacct:/group" for version 1, "0::/group" for version 2. */
std::vector<Folder> folders_of(const Tree &tree, const std::string &controller) {
    const std::string mount = "/sys/fs/cgroup", own = "/proc/self/cgroup";
    const std::string unified = tree.has(mount + "/unified") ? mount + "/unified" : mount;
    std::vector<Folder> folders;
    std::istringstream lines(tree.text(own));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos || line.compare(second + 1, 1, "/") != 0)
            throw Unreadable(own + ": '" + line.substr(0, 40) + "' names no control group");
        const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
        if (controllers.empty())
            add_folders(folders, Version::two, unified, group);
        else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos)
            add_folders(folders, Version::one, mount + "/" + controller, group);
    }
    return folders;
}

std::optional<double> cpu_limit_two(const Tree &tree, const std::string &path) {
    const std::vector<std::string> words = words_of(tree.line(path));
    if (words.size() != 2)
        throw Unreadable(path + ": must be a quota and a period");
    if (words[0] == "max")
        return std::nullopt;
    return parse_real(words[0], path) / std::max(parse_real(words[1], path), 1.0);
}

std::optional<double> cpu_limit_one(const Tree &tree, const std::string &folder) {
    const std::string quota = folder + "cpu.cfs_quota_us";
    if (tree.line(quota) == "-1")
        return std::nullopt;
    const auto period = static_cast<double>(tree.integer(folder + "cpu.cfs_period_us"));
    return static_cast<double>(tree.integer(quota)) / std::max(period, 1.0);
}

std::optional<std::uint64_t> memory_limit_of(const Tree &tree, const std::string &path) {
    if (tree.line(path) == "max")
        return std::nullopt;
    /* Version 1 has no word for no limit, but the largest number of whole pages. */
    constexpr std::uint64_t unlimited = std::uint64_t{1} << 62;
    const std::uint64_t bytes = tree.integer(path);
    return bytes >= unlimited ? std::nullopt : std::optional(bytes);
}

template <typename Value> void lower(std::optional<Value> &least, const std::optional<Value> &limit) {
    if (limit && (!least || *limit < *least))
        least = limit;
}

} // namespace

std::optional<double> cpu_limit(const Tree &tree) {
    std::optional<double> least;
    for (const auto &[version, folder] : folders_of(tree, "cpu")) {
        if (version == Version::two && tree.has(folder + "cpu.max"))
            lower(least, cpu_limit_two(tree, folder + "cpu.max"));
        if (version == Version::one && tree.has(folder + "cpu.cfs_quota_us"))
            lower(least, cpu_limit_one(tree, folder));
    }
    return least;
}

std::optional<std::uint64_t> memory_limit(const Tree &tree) {
    std::optional<std::uint64_t> least;
    for (const auto &[version, folder] : folders_of(tree, "memory")) {
        const std::string path = folder + (version == Version::two ? "memory.max" : "memory.limit_in_bytes");
        if (tree.has(path))
            lower(least, memory_limit_of(tree, path));
    }
    return least;
}

} // namespace bench
