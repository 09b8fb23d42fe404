/* SPDX-License-Identifier: MIT */
#include "dispatch/cpu.h"

#ifdef __aarch64__

#include <string.h>

/* Advanced SIMD and FMA are part of the base architecture that every AArch64 compiler assumes. */
bool aft_cpu_runs(const char *isa) { return strcmp(isa, "scalar") == 0 || strcmp(isa, "neon") == 0; }

#endif
