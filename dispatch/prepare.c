/* SPDX-License-Identifier: MIT */
/*
 * Prepared biases. Their memory holds a header that says what they were made for, then the floats of an aft_packed with
 * its logits: what the rows need of the bias, the same on every instruction set and at any place.
 */
#include "dispatch/check.h"
#include "dispatch/dispatch.h"
#include "dispatch/float_mode.h"
#include "dispatch/packed.h"
#include "dispatch/plan.h"
#include "dispatch/seal.h"
#include "dispatch/sizes.h"

#include <string.h>

#define MAGIC UINT64_C(0x31306b6361507461) /* "atPack01": another layout gets another number */

typedef struct header {
    uint64_t magic, full, causal, window;
    uint64_t batches, heads, rows, first_row;
    uint64_t kv_len;
    uint64_t lag; /* q_offset - first_row, modulo 2^64: what a row's position is beyond its bias row */
    uint64_t reserved[5];
    uint64_t seal;
} header;

enum { HEADER_FLOATS = sizeof(header) / sizeof(float) };

/* Without a bias, there is nothing to prepare. */
static bool is_simple(const aft_bias *bias) {
    return bias->kind == AFT_BIAS_NONE || (bias->kind == AFT_BIAS_LOCAL && bias->window == 0);
}

/* Of the header too; false where that is more than an object can have. */
static bool describe(const aft_shape *shape, const aft_bias *bias, aft_packed *packed, size_t *bytes) {
    if (!aft_packed_describe(shape, bias, packed))
        return false;
    const size_t floats = aft_sum(HEADER_FLOATS, aft_packed_place(packed, NULL, true));
    *bytes = floats * sizeof(float);
    return aft_fits(floats);
}

static aft_status check(const aft_shape *shape, const aft_bias *bias, aft_checked checked, aft_packed *packed,
                        size_t *bytes) {
    aft_status status = aft_check_bias(shape, bias, checked);
    *bytes = 0;
    if (status != AFT_OK || is_simple(bias))
        return status;
    return describe(shape, bias, packed, bytes) ? AFT_OK : AFT_SIZE;
}

aft_status aft_prepared_bytes(const aft_shape *shape, const aft_bias *bias, size_t *bytes) {
    aft_packed packed;
    size_t needed;
    if (!shape || !bias || !bytes)
        return AFT_NULL;
    aft_status status = check(shape, bias, AFT_SIZES, &packed, &needed);
    if (status == AFT_OK)
        *bytes = needed;
    return status;
}

static bool is_aligned(const void *memory) { return (uintptr_t)memory % _Alignof(float) == 0; }

/* No |position - key| of the shape is as large as this, so a window need not be larger. */
static size_t clipped_window(const aft_shape *shape, const aft_bias *bias) {
    size_t whole = shape->q_offset + shape->q_len + shape->kv_len;
    return bias->window < whole ? bias->window : whole;
}

static void pack(const aft_shape *shape, const aft_bias *bias, const aft_packed *packed) {
    const aft_table *table = aft_active_table();
    aft_plan plan = {.problem = {.shape = *shape, .bias = *bias}, .packed = *packed};
    plan.problem.shape.batch = packed->batches;
    plan.problem.shape.heads = packed->heads;
    plan.has_states = bias->kind != AFT_BIAS_FULL;
    plan.window = plan.has_states ? clipped_window(shape, bias) : 0;
    aft_float_mode host = aft_float_mode_begin();
    for (size_t task = 0; task < packed->batches * packed->heads * packed->blocks; task++)
        table->pack_bias(&plan, 0, task, NULL);
    aft_float_mode_end(host);
}

static aft_status prepare_bias(const aft_shape *shape, const aft_bias *bias, void *memory, size_t bytes,
                               aft_bias *prepared) {
    aft_packed packed;
    size_t needed;
    aft_status status = check(shape, bias, AFT_ADDRESSES, &packed, &needed);
    if (status != AFT_OK)
        return status;
    if (needed == 0) {
        *prepared = (aft_bias){.kind = AFT_BIAS_NONE};
        return AFT_OK;
    }
    if (!memory)
        return AFT_NULL;
    if (bytes < needed || !is_aligned(memory))
        return AFT_WORKSPACE;
    status = aft_check_bias_memory(shape, bias, memory, needed);
    if (status == AFT_OK && aft_arrays_overlap(memory, needed, prepared, sizeof *prepared))
        status = AFT_OVERLAP;
    if (status != AFT_OK)
        return status;

    aft_packed_place(&packed, (float *)memory + HEADER_FLOATS, true);
    /* What an earlier use left would pass for a header while this is half done, and nothing else fills the gap behind
     * the scales. */
    memset(memory, 0, (size_t)((char *)packed.weights - (char *)memory));
    pack(shape, bias, &packed);
    header made = {
        .magic = MAGIC,
        .full = bias->kind == AFT_BIAS_FULL,
        .causal = shape->causal,
        .window = clipped_window(shape, bias),
        .batches = packed.batches,
        .heads = packed.heads,
        .rows = packed.rows,
        .first_row = packed.first_row,
        .kv_len = shape->kv_len,
        .lag = (uint64_t)shape->q_offset - bias->first_row,
    };
    made.seal = aft_seal(&made, offsetof(header, seal));
    memcpy(memory, &made, sizeof made); /* last: memory that is half written is no prepared bias */
    *prepared =
        (aft_bias){.kind = AFT_BIAS_PREPARED, .data = memory, .first_row = bias->first_row, .window = bias->window};
    return AFT_OK;
}

aft_status aft_prepare(const aft_shape *shape, const aft_bias *bias, void *memory, size_t bytes, aft_bias *prepared) {
    if (!shape || !bias || !prepared)
        return AFT_NULL;
    const aft_shape own_shape = *shape; /* they may lie in the memory */
    const aft_bias own_bias = *bias;
    return prepare_bias(&own_shape, &own_bias, memory, bytes, prepared);
}

/* Whether a bias that was prepared with this header serves a problem. */
static bool serves(const header *made, const aft_problem *problem) {
    const aft_shape *shape = &problem->shape;
    size_t first_row = problem->bias.first_row;
    bool by_position = !made->full || made->causal;
    return made->magic == MAGIC && made->seal == aft_seal(made, offsetof(header, seal)) &&
           made->causal == shape->causal && shape->kv_len <= made->kv_len && shape->q_len <= made->rows &&
           first_row - made->first_row <= made->rows - shape->q_len &&
           (!by_position || made->lag == (uint64_t)shape->q_offset - first_row) &&
           (made->batches == 1 || made->batches == shape->batch) && (made->heads == 1 || made->heads == shape->heads);
}

aft_status aft_prepared_open(const aft_problem *problem, aft_prepared *prepared) {
    header made;
    if (!problem->bias.data)
        return AFT_NULL;
    if (!is_aligned(problem->bias.data))
        return AFT_STALE;
    memcpy(&made, problem->bias.data, sizeof made);
    if (!serves(&made, problem))
        return AFT_STALE;
    prepared->bias = (aft_bias){.kind = made.full ? AFT_BIAS_FULL : AFT_BIAS_LOCAL,
                                .batch_stride = made.batches != 1,
                                .head_stride = made.heads != 1,
                                .first_row = (size_t)made.first_row,
                                .window = (size_t)made.window};
    const aft_shape shape = {.batch = (size_t)made.batches,
                             .heads = (size_t)made.heads,
                             .q_len = (size_t)made.rows,
                             .kv_len = (size_t)made.kv_len};
    if (!describe(&shape, &prepared->bias, &prepared->packed, &prepared->bytes))
        return AFT_STALE;
    /* The kernels only read through it. */
    aft_packed_place(&prepared->packed, (float *)(uintptr_t)problem->bias.data + HEADER_FLOATS, true);
    return AFT_OK;
}
