/* SPDX-License-Identifier: MIT */
#include "dispatch/cpu.h"

#if defined(__aarch64__) && !defined(AFT_CPU_FEATURES)

/* Advanced SIMD and FMA are part of the base architecture that every AArch64 compiler assumes, for scalar code too; and
 * a CPU has Advanced SIMD if and only if it has floating point (Arm ARM, ID_AA64PFR0_EL1). So HWCAP is not asked: there is
 * no level below that would run without. */
bool aft_cpu_runs(const char *isa) { return aft_same_name(isa, "scalar") || aft_same_name(isa, "neon"); }

#endif
