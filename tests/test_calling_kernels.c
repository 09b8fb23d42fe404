/* SPDX-License-Identifier: MIT */
/* Every kernel keeps to the platform's calling convention: it runs under watch wherever the library calls it. The
 * linker gives the library the tables of this file in place of its own (--wrap). */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "dispatch/table.h"
#include "watched_call.h"

static const aft_table *table; /* the active one of the library */

/* How often each kernel ran. */
static struct {
#define AFT_KERNEL(kernel) size_t kernel;
#include "dispatch/kernels.def"
#undef AFT_KERNEL
    size_t product_rows;
} runs;

#define AFT_KERNEL(kernel)                                                                                             \
    static void watch_##kernel(const aft_plan *plan, size_t set, size_t task, float *scratch) {                        \
        runs.kernel++;                                                                                                 \
        watch(#kernel, (watched_function *)table->kernel,                                                              \
              (const uint64_t[WATCHED_ARGUMENTS]){WATCH_POINTER(plan), set, task, WATCH_POINTER(scratch)});            \
    }
#include "dispatch/kernels.def"
#undef AFT_KERNEL

static void watch_product_rows(const aft_product *product, size_t task) {
    runs.product_rows++;
    watch("product_rows", (watched_function *)table->product_rows,
          (const uint64_t[WATCHED_ARGUMENTS]){WATCH_POINTER(product), task});
}

static const aft_table *watched_table(const aft_table *own, aft_table *watched) {
    table = own;
    *watched = (aft_table){
        .name = own->name,
        .lanes = own->lanes,
#define AFT_KERNEL(kernel) .kernel = watch_##kernel,
#include "dispatch/kernels.def"
#undef AFT_KERNEL
        .product_rows = watch_product_rows,
    };
    return watched;
}

/* The linker's names: what the library calls, and what it would have called. */
#define AFT_ISA_ROW(isa)                                                                                               \
    const aft_table *__real_aft_table_##isa(void);                                                                     \
    const aft_table *__wrap_aft_table_##isa(void);                                                                     \
    const aft_table *__wrap_aft_table_##isa(void) {                                                                    \
        static aft_table watched;                                                                                      \
        return watched_table(__real_aft_table_##isa(), &watched);                                                      \
    }
AFT_ISA_LIST(AFT_ISA_ROW)
#undef AFT_ISA_ROW

/* Any problem; some logits so large that elements are computed again. */
static void run_problem(void) {
    size_t kv_lengths[4];
    case_spec spec = case_random(harness_pick(40, 150, 300), 40, kv_lengths);
    spec.k_range = random_chance(0.5) ? 300 : 3;
    test_case c = case_make(&spec);
    case_run(&c, NULL);
    case_free(&c);
}

static void fill(float *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        x[i] = random_float(-1, 1);
}

/* More inputs than a chain of a product has. */
static void run_layer(void) {
    enum { LENGTH = 30, DIM = 150, CHANNELS = 20 };
    static float weight[DIM * CHANNELS], x[LENGTH * DIM], y[LENGTH * DIM];
    fill(weight, DIM * CHANNELS);
    fill(x, LENGTH * DIM);
    const aft_linear map = {weight, NULL};
    const aft_layer layer = {.dim = DIM,
                             .heads = 1,
                             .channels = CHANNELS,
                             .max_length = LENGTH,
                             .to_q = map,
                             .to_k = map,
                             .to_v = map,
                             .project = map};
    const aft_sequences sequences = {
        .batch = 1, .length = LENGTH, .x = x, .x_time_stride = DIM, .y = y, .y_time_stride = DIM};
    size_t bytes;
    assert_int_equal(aft_layer_bytes(&layer, &bytes), AFT_OK);
    void *const memory = malloc(bytes);
    assert_int_equal(aft_layer_prepare(&layer, memory, bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, NULL, &bytes), AFT_OK);
    void *const workspace = malloc(bytes);
    assert_int_equal(aft_layer_forward(memory, &sequences, workspace, bytes, NULL), AFT_OK);
    free(workspace);
    free(memory);
}

static void kernels(const char *isa) {
    (void)isa;
    memset(&runs, 0, sizeof runs);
    for (size_t i = 0; i < harness_pick(40, 200, 1000); i++)
        run_problem();
    run_layer();
#define AFT_KERNEL(kernel)                                                                                             \
    if (runs.kernel == 0)                                                                                              \
        harness_fail("no problem runs " #kernel);
#include "dispatch/kernels.def"
    AFT_KERNEL(product_rows)
#undef AFT_KERNEL
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(kernels)};
    return HARNESS_MAIN("calling_kernels", units);
}
