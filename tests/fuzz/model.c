/* SPDX-License-Identifier: MIT */
#include "fuzz/model.h"

#include <string.h>

static const long double most_floats = (long double)(PTRDIFF_MAX / sizeof(float));

static reasons one(aft_status status) { return 1u << status; }

static long double product(size_t a, size_t b) { return (long double)a * (long double)b; }

extent extent_of_bytes(const void *data, size_t bytes) {
    const long double begin = (long double)(uintptr_t)data;
    return (extent){begin, begin + (long double)bytes};
}

static bool is_empty(const view *v) { return v->size[0] == 0 || v->size[1] == 0 || v->size[2] == 0 || v->columns == 0; }

extent extent_of_view(const view *v, bool addresses, reasons *why) {
    if (is_empty(v))
        return (extent){0, 0};
    long double floats = (long double)v->columns;
    for (int i = 0; i < 3; i++)
        floats += product(v->size[i] - 1, v->stride[i]);
    const long double begin = (long double)(uintptr_t)v->data, end = begin + floats * sizeof(float);
    if (floats > most_floats || (v->data && end > (long double)UINTPTR_MAX))
        *why |= one(AFT_SIZE);
    if (!v->data && addresses)
        *why |= one(AFT_NULL);
    return v->data ? (extent){begin, end} : (extent){0, 0};
}

bool extents_meet(extent a, extent b) {
    return a.begin < a.end && b.begin < b.end && a.begin < b.end && b.begin < a.end;
}

bool view_interleaves(const view *v) {
    if (is_empty(v))
        return false;
    for (int i = 0; i < 3; i++) {
        long double inside = (long double)v->columns;
        for (int j = 0; j < 3; j++) {
            if (i != j && v->size[i] > 1 && v->size[j] > 1 && v->stride[i] == v->stride[j])
                return true;
            if (v->stride[j] < v->stride[i])
                inside += product(v->size[j] - 1, v->stride[j]);
        }
        if (v->size[i] > 1 && (long double)v->stride[i] < inside)
            return true;
    }
    return false;
}

view view_of_input(const aft_tensor_in *tensor, const aft_shape *shape, size_t times) {
    return (view){tensor->data,
                  {shape->batch, shape->heads, times},
                  {tensor->batch_stride, tensor->head_stride, tensor->time_stride},
                  shape->channels};
}

view view_of_output(const aft_problem *problem) {
    const aft_tensor_in y = {problem->y.data, problem->y.batch_stride, problem->y.head_stride, problem->y.time_stride};
    return view_of_input(&y, &problem->shape, problem->shape.q_len);
}

view view_of_bias(const aft_shape *shape, const aft_bias *bias) {
    size_t columns = shape->kv_len;
    if (bias->kind == AFT_BIAS_BAND && columns > 0)
        columns = 2 * bias->window - 1;
    if (bias->kind == AFT_BIAS_LOCAL && bias->window == 0)
        columns = 0;
    return (view){bias->data,
                  {shape->batch, shape->heads, shape->q_len ? bias->first_row + shape->q_len : 0},
                  {bias->batch_stride, bias->head_stride, bias->row_stride},
                  columns};
}

bool shape_is_empty(const aft_shape *shape) {
    return shape->batch == 0 || shape->heads == 0 || shape->q_len == 0 || shape->channels == 0;
}

static reasons why_no_shape(const aft_shape *shape) {
    const long double pairs = product(shape->batch, shape->heads);
    const bool fits =
        pairs <= most_floats && pairs * (long double)shape->q_len <= most_floats &&
        product(shape->batch, sizeof(size_t)) <= most_floats &&
        (long double)shape->q_offset + (long double)shape->q_len + (long double)shape->kv_len <= most_floats;
    return fits ? 0 : one(AFT_SIZE);
}

aft_shape shape_to_prepare(const aft_shape *shape, const aft_bias *bias) {
    aft_shape one = *shape;
    one.batch = bias->batch_stride ? shape->batch : 1;
    one.heads = bias->head_stride ? shape->heads : 1;
    return one;
}

reasons why_no_bias_array(const aft_shape *shape, const aft_bias *bias, bool addresses) {
    reasons why = 0;
    switch (bias->kind) {
    case AFT_BIAS_NONE:
        return why;
    case AFT_BIAS_BAND:
        if (bias->window == 0 || (long double)bias->window > most_floats / 2)
            return why | one(AFT_SIZE);
        break;
    case AFT_BIAS_FULL:
    case AFT_BIAS_LOCAL:
        break;
    default:
        return why | one(AFT_UNSUPPORTED);
    }
    if (shape->q_len > 0 && (long double)bias->first_row + (long double)shape->q_len > most_floats)
        return why | one(AFT_SIZE);
    const view v = view_of_bias(shape, bias);
    extent_of_view(&v, addresses, &why);
    return why;
}

reasons why_no_bias(const aft_shape *shape, const aft_bias *bias, bool addresses) {
    return why_no_shape(shape) | why_no_bias_array(shape, bias, addresses);
}

/* All but the bias; `bias` is where it lies. */
static reasons why_no_tensors(const aft_problem *problem, bool addresses, extent bias) {
    const aft_shape *const shape = &problem->shape;
    reasons why = why_no_shape(shape);
    const view q = view_of_input(&problem->q, shape, shape->q_len),
               k = view_of_input(&problem->k, shape, shape->kv_len),
               v = view_of_input(&problem->v, shape, shape->kv_len), y = view_of_output(problem);
    const extent at_q = extent_of_view(&q, addresses, &why), at_y = extent_of_view(&y, addresses, &why);
    const extent others[] = {extent_of_view(&k, addresses, &why), extent_of_view(&v, addresses, &why), bias,
                             extent_of_bytes(shape->kv_lengths, shape->kv_lengths ? shape->batch * sizeof(size_t) : 0)};
    if (shape_is_empty(shape))
        return why;
    for (size_t b = 0; shape->kv_lengths && b < shape->batch; b++)
        if (shape->kv_lengths[b] > shape->kv_len)
            why |= one(AFT_SIZE);
    bool clash = view_interleaves(&y);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        clash = clash || extents_meet(at_y, others[i]);
    const bool in_place = q.data == y.data && memcmp(q.stride, y.stride, sizeof q.stride) == 0;
    return clash || (extents_meet(at_y, at_q) && !in_place) ? why | one(AFT_OVERLAP) : why;
}

reasons why_no_problem(const aft_problem *problem, bool addresses) {
    reasons why = why_no_bias(&problem->shape, &problem->bias, addresses), ignored = 0;
    extent at_bias = {0, 0};
    if ((why & ~one(AFT_NULL)) == 0 && problem->bias.kind != AFT_BIAS_NONE) {
        const view bias = view_of_bias(&problem->shape, &problem->bias);
        at_bias = extent_of_view(&bias, addresses, &ignored);
    }
    return why | why_no_tensors(problem, addresses, at_bias);
}

reasons why_no_prepared_problem(const aft_problem *problem, bool addresses, const aft_shape *shape,
                                const aft_bias *bias) {
    const aft_shape *const now = &problem->shape;
    const size_t first = problem->bias.first_row, made_first = bias->first_row;
    const bool by_position = bias->kind != AFT_BIAS_FULL || shape->causal;
    const bool serves =
        (long double)first >= (long double)made_first &&
        (long double)first + (long double)now->q_len <= (long double)made_first + (long double)shape->q_len &&
        now->kv_len <= shape->kv_len && now->causal == shape->causal &&
        (!by_position || now->q_offset - first == shape->q_offset - made_first) && /* modulo 2^64 */
        (bias->batch_stride == 0 || shape->batch == 1 || now->batch == shape->batch) &&
        (bias->head_stride == 0 || shape->heads == 1 || now->heads == shape->heads);
    const reasons why = why_no_tensors(problem, addresses, (extent){0, 0});
    return serves ? why : why | one(AFT_STALE);
}

reasons why_no_pool(const aft_parallel *pool, bool runs) {
    return (runs && !pool->run ? one(AFT_NULL) : 0) | (pool->width == 0 ? one(AFT_SIZE) : 0);
}

reasons why_no_workspace(const void *workspace, size_t bytes, size_t needed, const extent *taken, size_t count) {
    reasons why = (needed > 0 && !workspace ? one(AFT_NULL) : 0) | (bytes < needed ? one(AFT_WORKSPACE) : 0);
    const extent at = extent_of_bytes(workspace, needed);
    if (at.end > (long double)UINTPTR_MAX)
        why |= one(AFT_SIZE);
    for (size_t i = 0; i < count; i++)
        if (extents_meet(at, taken[i]))
            why |= one(AFT_OVERLAP);
    return why;
}

bool shape_is_huge(const aft_shape *shape, const aft_bias *bias) {
    const size_t sizes[] = {shape->batch, shape->heads, shape->q_len, shape->kv_len, shape->channels};
    long double all = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] > UINT32_MAX)
            return true;
        all *= (long double)(sizes[i] ? sizes[i] : 1); /* a bias is prepared for no head and no channel, too */
    }
    return bias->window > UINT32_MAX || all > 0x1p48L;
}

long double work_of(const aft_shape *shape) {
    return product(shape->batch, shape->heads) * product(shape->q_len, shape->channels) * (long double)shape->kv_len;
}
