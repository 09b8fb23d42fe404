/* SPDX-License-Identifier: MIT */
/* What /proc and /sys may say, however garbled: a description of the machine, in which what cannot be told has a reason.
 * An input is a list of files: each ends in a byte whose value, modulo their number, says which file it is. */
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "bench/machine/control_group.h"
#include "bench/machine/describe.h"
#include "bench/machine/sections.h"

namespace {

constexpr std::uint8_t end_of_file = 0x80; /* and above: no character of these files */

const char *const files[] = {
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/loadavg",
    "/proc/self/status",
    "/proc/self/cgroup",
    "/proc/sys/kernel/arch",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/smt/active",
    "/sys/devices/system/node/online",
    "/sys/devices/system/cpu/cpu0/topology/core_cpus_list",
    "/sys/devices/system/cpu/cpu0/topology/physical_package_id",
    "/sys/devices/system/cpu/cpu0/cache/index0/size",
    "/sys/devices/system/cpu/cpu0/cache/index0/type",
    "/sys/devices/system/cpu/cpu0/cache/index0/level",
    "/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list",
    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
    "/sys/devices/system/cpu/cpufreq/boost",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/memory.max",
    "/sys/class/dmi/id/sys_vendor",
};

std::string root;

void remove_root() { std::filesystem::remove_all(root); }

template <typename Limit> void expect_readable_or_reason(Limit limit) {
    try {
        limit();
    } catch (const bench::Unreadable &reason) {
        if (std::string(reason.what()).empty())
            std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    root = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    root += "/aft_fuzz_machine_XXXXXX";
    if (!mkdtemp(root.data()))
        std::abort();
    return std::atexit(remove_root);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *bytes, std::size_t count) {
    remove_root();
    std::filesystem::create_directory(root);
    std::string text;
    for (std::size_t i = 0; i < count; i++) {
        if (bytes[i] < end_of_file) {
            text += static_cast<char>(bytes[i]);
            continue;
        }
        const std::string path = root + files[bytes[i] % (sizeof files / sizeof files[0])];
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::binary) << text;
        text.clear();
    }
    const bench::Tree tree(root);
    const bench::Cpuinfo info(tree);
    bench::ordered_json unreadable = bench::ordered_json::object();
    std::string all = bench::describe_cpu(tree, info, unreadable).dump() +
                      bench::describe_topology(tree, unreadable).dump() +
                      bench::describe_clock(tree, unreadable).dump() +
                      bench::describe_system(tree, info, unreadable).dump() + unreadable.dump();
    expect_readable_or_reason([&] { bench::cpu_limit(tree); });
    expect_readable_or_reason([&] { bench::memory_limit(tree); });
    for (const char c : all)
        if (c < ' ' || c > '~') /* a garbled file must not garble the results */
            std::abort();
    return 0;
}
