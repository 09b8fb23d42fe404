/* SPDX-License-Identifier: MIT */
#include "bench/machine/sections.h"

#include "bench/machine/control_group.h"
#include "bench/machine/live.h"
#include "bench/machine/surroundings.h"

namespace bench {

namespace {

template <typename Value> ordered_json or_null(const std::optional<Value> &value) {
    return value ? ordered_json(*value) : ordered_json();
}

std::string kernel(const Tree &tree) {
    const std::string name = tree.line("/proc/sys/kernel/ostype");
    return name + " " + tree.line("/proc/sys/kernel/osrelease");
}

/* The chosen one of "always [madvise] never". */
std::string huge_pages(const Tree &tree) {
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled", text = tree.line(path);
    const std::size_t begin = text.find('['), end = text.find(']', begin);
    if (begin == std::string::npos || end == std::string::npos)
        throw Unreadable(path + ": '" + text.substr(0, 40) + "' has no choice in brackets");
    return text.substr(begin + 1, end - begin - 1);
}

std::uint64_t page_bytes(const Tree &tree) {
    tree.expect_live();
    return live_page_bytes();
}

} // namespace

std::uint64_t memory_bytes(const Tree &tree, const std::string &field) {
    const std::string path = "/proc/meminfo", where = path + ", " + field, text = tree.field(path, field);
    const std::vector<std::string> words = words_of(text);
    if (words.size() != 2 || words[1] != "kB")
        throw Unreadable(where + ": '" + text + "' is no number of kB");
    return parse_integer(words[0], where) << 10;
}

ordered_json describe_system(const Tree &tree, const Cpuinfo &info, ordered_json &unreadable) {
    const std::string load = "/proc/loadavg";
    Section system("system", unreadable);
    system.add("kernel", [&] { return kernel(tree); });
    system.add("hypervisor", [&] { return or_null(find_hypervisor(tree, info)); });
    system.add("container", [&] { return or_null(find_container(tree)); });
    system.add("cpu_limit", [&] { return or_null(cpu_limit(tree)); });
    system.add("memory_limit_bytes", [&] { return or_null(memory_limit(tree)); });
    system.add("memory_bytes", [&] { return memory_bytes(tree, "MemTotal"); });
    system.add("page_bytes", [&] { return page_bytes(tree); });
    system.add("huge_pages", [&] { return huge_pages(tree); });
    system.add("load", [&] { return parse_real(words_of(tree.line(load)).front(), load); });
    return system.facts;
}

} // namespace bench
