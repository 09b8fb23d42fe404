/* SPDX-License-Identifier: MIT */
/* What no file tells, but instructions and system calls of the running machine. */
#ifndef AFT_BENCH_MACHINE_LIVE_H
#define AFT_BENCH_MACHINE_LIVE_H

#include <cstdint>
#include <string>

namespace bench {

/* uname -m */
std::string live_architecture();

/* The CPU that runs this thread now. */
unsigned live_cpu();

std::uint64_t live_page_bytes();

/* x86 alone: the register states that the operating system enabled. Throws Unreadable where it enabled none. */
std::uint64_t live_xcr0();

/* x86 alone: the hypervisor's name for itself; empty where it has none. */
std::string live_hypervisor();

/* Of a chain of dependent additions of registers, one a cycle, once the clock has risen. Takes a tenth of a second. */
double live_mhz();

} // namespace bench

#endif
