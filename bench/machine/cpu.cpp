/* SPDX-License-Identifier: MIT */
#include "bench/machine/sections.h"

#include "bench/machine/live.h"
#include "bench/terminal.h"

namespace bench {

namespace {

/* Under an emulator the file is the host's, so the running machine is asked itself. The file is there since Linux 6.1. */
std::string architecture(const Tree &tree) {
    return tree.is_live() ? live_architecture() : tree.line("/proc/sys/kernel/arch");
}

/* Variant and revision as MIDR_EL1 has them, the variant in the upper four bits: r3p1 is 0x31. */
std::uint64_t arm_stepping(const Cpuinfo &info) {
    return info.integer("CPU variant") << 4 | info.integer("CPU revision");
}

std::string xcr0(const Tree &tree, const Cpuinfo &info) {
    if (info.is_arm())
        throw Unreadable("only x86 has XCR0");
    tree.expect_live();
    return format("0x%llx", static_cast<unsigned long long>(live_xcr0()));
}

} // namespace

ordered_json describe_cpu(const Tree &tree, const Cpuinfo &info, ordered_json &unreadable) {
    const bool arm = info.is_arm();
    const auto microcode = [&] {
        if (arm)
            throw Unreadable("Arm cores have no microcode that a system could name");
        return info.field("microcode");
    };
    Section cpu("cpu", unreadable);
    cpu.add("model", [&] { return arm ? info.arm_model() : info.field("model name"); });
    cpu.add("vendor", [&] { return arm ? info.arm_vendor() : info.field("vendor_id"); });
    cpu.add(
        "architecture", [&] { return architecture(tree); }, "unknown");
    cpu.add("family", [&] { return info.integer(arm ? "CPU architecture" : "cpu family"); });
    cpu.add("model_number", [&] { return info.integer(arm ? "CPU part" : "model"); });
    cpu.add("stepping", [&] { return arm ? arm_stepping(info) : info.integer("stepping"); });
    cpu.add("microcode", microcode);
    cpu.add("features", [&] { return info.features(); });
    cpu.add("xcr0", [&] { return xcr0(tree, info); });
    return cpu.facts;
}

} // namespace bench
