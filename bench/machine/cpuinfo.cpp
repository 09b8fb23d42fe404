/* SPDX-License-Identifier: MIT */
#include "bench/machine/cpuinfo.h"

#include <algorithm>

#include "bench/machine/arm_cores.h"

namespace bench {

namespace {

constexpr char path[] = "/proc/cpuinfo";

} // namespace

Cpuinfo::Cpuinfo(const Tree &tree) {
    try {
        cpus = tree.records(path);
    } catch (const Unreadable &reason) {
        failure = reason.what();
    }
}

bool Cpuinfo::has(const std::string &name) const {
    return std::any_of(cpus.begin(), cpus.end(), [&name](const auto &cpu) { return cpu.count(name) > 0; });
}

std::string Cpuinfo::field(const std::string &name) const {
    if (cpus.empty())
        throw Unreadable(failure);
    for (const Tree::Record &cpu : cpus) {
        const auto found = cpu.find(name);
        if (found != cpu.end() && !found->second.empty())
            return found->second;
    }
    throw Unreadable(std::string(path) + ": does not say '" + name + "'");
}

std::uint64_t Cpuinfo::integer(const std::string &name) const {
    return parse_integer(field(name), std::string(path) + ", " + name);
}

std::vector<std::string> Cpuinfo::features() const {
    std::vector<std::string> words = words_of(field(is_arm() ? "Features" : "flags"));
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

std::string Cpuinfo::arm_model() const {
    std::vector<std::string> kinds;
    for (const Tree::Record &cpu : cpus) {
        const auto implementer = cpu.find("CPU implementer"), part = cpu.find("CPU part");
        if (implementer == cpu.end() || part == cpu.end())
            continue;
        const std::string kind = arm_core_name(parse_integer(implementer->second, "/proc/cpuinfo, CPU implementer"),
                                               parse_integer(part->second, "/proc/cpuinfo, CPU part"));
        if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
            kinds.push_back(kind);
    }
    if (kinds.empty())
        field("CPU part"); /* says what is missing */
    std::string text;
    for (const std::string &kind : kinds)
        text += (text.empty() ? "" : " + ") + kind;
    return text;
}

std::string Cpuinfo::arm_vendor() const { return arm_implementer_name(integer("CPU implementer")); }

} // namespace bench
