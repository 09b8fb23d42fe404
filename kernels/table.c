/* SPDX-License-Identifier: MIT */
/*
 * The kernels of one instruction set. Compiled once for each: the build names its vector header in AFT_VEC_HEADER. All
 * kernels of an ISA are one translation unit, so that its object exports nothing but this table.
 */
#include "kernels/aggregate_rows.c"
#include "kernels/pack_bias.c"
#include "kernels/pack_keys.c"
#include "kernels/scan_rows.c"
#include "kernels/stream_keys.c"
#include "kernels/stream_rows.c"

extern const aft_table AFT_ISA_SYMBOL(aft_table_);
const aft_table AFT_ISA_SYMBOL(aft_table_) = {
    .name = AFT_ISA_STRING,
    .lanes = VF32_LANES,
#define AFT_KERNEL(kernel) .kernel = kernel,
#include "dispatch/kernels.def"
#undef AFT_KERNEL
};
