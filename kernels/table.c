/* SPDX-License-Identifier: MIT */
/*
 * The kernels of one instruction set. Compiled once for each: the build defines AFT_ISA (its name) and AFT_VEC_HEADER
 * (its vector header). All kernels of an ISA are one translation unit, so that its object exports nothing but this
 * table.
 */
#include "kernels/aggregate_rows.c"
#include "kernels/pack_keys.c"
#include "kernels/stream_keys.c"
#include "kernels/stream_rows.c"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define STRING_(a) #a
#define STRING(a) STRING_(a)

extern const aft_table PASTE(aft_table_, AFT_ISA);
const aft_table PASTE(aft_table_, AFT_ISA) = {
    .name = STRING(AFT_ISA),
    .lanes = VF32_LANES,
#define AFT_KERNEL(kernel) .kernel = kernel,
#include "dispatch/kernels.def"
#undef AFT_KERNEL
};
