/* SPDX-License-Identifier: MIT */
/*
 * The kernels of one instruction set. Compiled once for each: the build names its vector header in
 * AFT_VEC_HEADER. All
 * kernels of an ISA are one translation unit, so that its object exports nothing but this table.
 */
#include "kernels/aggregate_rows.c"
#include "kernels/pack_bias.c"
#include "kernels/pack_keys.c"
#include "kernels/product_rows.c"
#include "kernels/scan_rows.c"
#include "kernels/stream_keys.c"
#include "kernels/stream_rows.c"

AFT_INTERNAL const aft_table *AFT_ISA_SYMBOL(aft_table_)(void);

const aft_table *AFT_ISA_SYMBOL(aft_table_)(void) {
    static const aft_table table = {
        .name = AFT_ISA_STRING,
        .lanes = VF32_LANES, /* and the kernels, in the order in which the structure lists them */
#define AFT_KERNEL(kernel) kernel,
#include "dispatch/kernels.def"
#undef AFT_KERNEL
        product_rows,
    };
    return &table;
}
