/* SPDX-License-Identifier: MIT */
#include "bench/machine/live.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "bench/machine/tree.h"

namespace bench {

std::string live_architecture() {
    utsname names{};
    if (uname(&names) != 0)
        throw Unreadable(std::string("uname: ") + std::strerror(errno));
    return names.machine;
}

unsigned live_cpu() {
    const int cpu = sched_getcpu();
    if (cpu < 0)
        throw Unreadable(std::string("sched_getcpu: ") + std::strerror(errno));
    return static_cast<unsigned>(cpu);
}

std::uint64_t live_page_bytes() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

#if defined(__x86_64__) || defined(__i386__)

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A (CPUID) and volume 1, 13.3 (XCR0). */
std::uint64_t live_xcr0() {
    constexpr unsigned leaf1_osxsave = 1u << 27;
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & leaf1_osxsave))
        throw Unreadable("the operating system has not enabled XSAVE, so there is no XCR0");
    std::uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<std::uint64_t>(high) << 32 | low;
}

/* Leaf 0x40000000 is kept free for hypervisors: they put their name into EBX, ECX and EDX. */
std::string live_hypervisor() {
    unsigned leaf, words[3];
    __cpuid(0x40000000, leaf, words[0], words[1], words[2]);
    char text[sizeof words + 1] = {};
    std::memcpy(text, words, sizeof words);
    static constexpr struct {
        const char *signature, *name;
    } known[] = {
        {"KVMKVMKVM", "KVM"},       {"Linux KVM Hv", "KVM"},        {"Microsoft Hv", "Hyper-V"},
        {"VMwareVMware", "VMware"}, {"XenVMMXenVMM", "Xen"},        {"TCGTCGTCGTCG", "QEMU without KVM"},
        {"bhyve bhyve ", "bhyve"},  {"VBoxVBoxVBox", "VirtualBox"}, {"ACRNACRNACRN", "ACRN"},
    };
    for (const auto &one : known)
        if (std::strcmp(text, one.signature) == 0)
            return one.name;
    std::string name = text;
    name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }), name.end());
    return name;
}

#else

std::uint64_t live_xcr0() { throw Unreadable("only x86 has XCR0"); }

std::string live_hypervisor() { return ""; }

#endif

namespace {

/* Each addition waits for the one before. The compiler may not merge them, and a CPU that adds constants while it renames
 * registers cannot so add a register. */
inline void add_both(std::uint64_t &x, std::uint64_t &y) {
    x += y;
    __asm__ volatile("" : "+r"(x), "+r"(y));
    y += x;
    __asm__ volatile("" : "+r"(x), "+r"(y));
}

} // namespace

double live_mhz() {
    constexpr std::size_t additions = 1 << 21, unroll = 8, rounds = 64;
    std::uint64_t x = 1, y = 1;
    double best = 0;
    for (std::size_t round = 0; round < rounds; round++) {
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < additions / unroll; i++) {
            add_both(x, y);
            add_both(x, y);
            add_both(x, y);
            add_both(x, y);
        }
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        best = std::max(best, 1e-6 * static_cast<double>(additions) / seconds.count());
    }
    return best;
}

} // namespace bench
