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

/* The table's functions: a kernel, and then vf32_done. A compiler need not see to that: gcc does from -O2 on, not at
 * -O1 and -Os. */
#define AFT_KERNEL(kernel)                                                                                             \
    static void AFT_ISA_SYMBOL(aft_run_##kernel##_)(const aft_plan *plan, size_t set, size_t task, float *scratch) {   \
        kernel(plan, set, task, scratch);                                                                              \
        vf32_done();                                                                                                   \
    }
#include "dispatch/kernels.def"
#undef AFT_KERNEL

static void AFT_ISA_SYMBOL(aft_run_product_rows_)(const aft_product *product, size_t task) {
    product_rows(product, task);
    vf32_done();
}

AFT_INTERNAL const aft_table *AFT_ISA_SYMBOL(aft_table_)(void);

const aft_table *AFT_ISA_SYMBOL(aft_table_)(void) {
    static const aft_table table = {
        .name = AFT_ISA_STRING,
        .lanes = VF32_LANES, /* and the kernels, in the order in which the structure lists them */
#define AFT_KERNEL(kernel) AFT_ISA_SYMBOL(aft_run_##kernel##_),
#include "dispatch/kernels.def"
#undef AFT_KERNEL
        AFT_ISA_SYMBOL(aft_run_product_rows_),
    };
    return &table;
}
