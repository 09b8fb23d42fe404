/* SPDX-License-Identifier: MIT */
#include "dispatch/cpu.h"

#if defined(__aarch64__) && !defined(AFT_CPU_FEATURES)

/* Advanced SIMD and FMA are part of the base architecture that every AArch64 compiler assumes. */
bool aft_cpu_runs(const char *isa) { return aft_same_name(isa, "scalar") || aft_same_name(isa, "neon"); }

#endif
