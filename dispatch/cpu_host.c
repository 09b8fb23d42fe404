/* SPDX-License-Identifier: MIT */
/* The host's own knowledge of the CPU in place of detection: AFT_CPU_FEATURES names its function (aft.h). */
#include "dispatch/cpu.h"

#ifdef AFT_CPU_FEATURES

#include <aft.h>

bool aft_cpu_runs(const char *isa) {
    const unsigned features = AFT_CPU_FEATURES();
    return aft_same_name(isa, "scalar") || (aft_same_name(isa, "avx2") && (features & AFT_CPU_AVX2)) ||
           (aft_same_name(isa, "avx512") && (features & AFT_CPU_AVX512)) ||
           (aft_same_name(isa, "neon") && (features & AFT_CPU_NEON));
}

#endif
