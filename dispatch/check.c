/* SPDX-License-Identifier: MIT */
#include "dispatch/check.h"

#include "dispatch/sizes.h"

/* A range of addresses; {0, 0} where there is nothing. */
typedef struct range {
    uintptr_t begin, end;
} range;

static range range_of(const void *data, size_t bytes) {
    uintptr_t begin = (uintptr_t)data;
    return data && bytes ? (range){begin, begin + bytes} : (range){0, 0};
}

static bool overlap(range a, range b) { return a.begin < b.end && b.begin < a.end; }

/* The address range of an array [batch][heads][rows] of `columns` contiguous floats; *out stays empty where it has no
 * element or no address. */
static aft_status array_range(const void *data, const size_t sizes[3], const size_t strides[3], size_t columns,
                              aft_checked checked, range *out) {
    size_t count = columns;
    if (columns == 0)
        return AFT_OK;
    for (int i = 0; i < 3; i++) {
        if (sizes[i] == 0)
            return AFT_OK;
        count = aft_sum(count, aft_times(sizes[i] - 1, strides[i]));
    }
    if (!aft_fits(count))
        return AFT_SIZE;
    if (!data)
        return checked == AFT_ADDRESSES ? AFT_NULL : AFT_OK;
    if (count * sizeof(float) > UINTPTR_MAX - (uintptr_t)data)
        return AFT_SIZE;
    *out = range_of(data, count * sizeof(float));
    return AFT_OK;
}

/* Whether an array written to has a place of its own for each element: sorted by stride, each dimension steps over the
 * whole of the smaller ones. */
static bool distinct(const size_t sizes[3], const size_t strides[3], size_t columns) {
    bool used[3] = {sizes[0] <= 1, sizes[1] <= 1, sizes[2] <= 1};
    size_t extent = columns;
    for (;;) {
        int next = -1;
        for (int i = 0; i < 3; i++)
            if (!used[i] && (next < 0 || strides[i] < strides[next]))
                next = i;
        if (next < 0)
            return true;
        if (strides[next] < extent)
            return false;
        extent += (sizes[next] - 1) * strides[next]; /* part of a range that array_range has found to fit */
        used[next] = true;
    }
}

typedef struct problem_ranges {
    range q, k, v, bias, kv_lengths, y;
} problem_ranges;

static aft_status bias_range(const aft_shape *shape, const aft_bias *bias, aft_checked checked, range *out) {
    size_t columns = shape->kv_len, rows = shape->q_len ? aft_sum(bias->first_row, shape->q_len) : 0;
    switch (bias->kind) {
    case AFT_BIAS_NONE:
        return AFT_OK;
    case AFT_BIAS_FULL:
        break;
    case AFT_BIAS_LOCAL:
        columns = bias->window ? shape->kv_len : 0;
        break;
    case AFT_BIAS_BAND:
        if (bias->window == 0 || bias->window > AFT_LARGEST_COUNT / 2)
            return AFT_SIZE;
        columns = shape->kv_len ? 2 * bias->window - 1 : 0;
        break;
    default:
        return AFT_UNSUPPORTED;
    }
    if (!aft_fits(rows))
        return AFT_SIZE;
    const size_t sizes[3] = {shape->batch, shape->heads, rows};
    const size_t strides[3] = {bias->batch_stride, bias->head_stride, bias->row_stride};
    return array_range(bias->data, sizes, strides, columns, checked, out);
}

static aft_status find_ranges(const aft_problem *problem, aft_checked checked, aft_prepared *prepared,
                              problem_ranges *ranges) {
    const aft_shape *shape = &problem->shape;
    const size_t q_sizes[3] = {shape->batch, shape->heads, shape->q_len};
    const size_t kv_sizes[3] = {shape->batch, shape->heads, shape->kv_len};
    const struct {
        const void *data;
        const size_t *sizes;
        size_t strides[3];
        range *range;
    } arrays[] = {
        {problem->q.data,
         q_sizes,
         {problem->q.batch_stride, problem->q.head_stride, problem->q.time_stride},
         &ranges->q},
        {problem->k.data,
         kv_sizes,
         {problem->k.batch_stride, problem->k.head_stride, problem->k.time_stride},
         &ranges->k},
        {problem->v.data,
         kv_sizes,
         {problem->v.batch_stride, problem->v.head_stride, problem->v.time_stride},
         &ranges->v},
        {problem->y.data,
         q_sizes,
         {problem->y.batch_stride, problem->y.head_stride, problem->y.time_stride},
         &ranges->y},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        aft_status status =
            array_range(arrays[i].data, arrays[i].sizes, arrays[i].strides, shape->channels, checked, arrays[i].range);
        if (status != AFT_OK)
            return status;
    }
    ranges->kv_lengths = range_of(shape->kv_lengths, shape->batch * sizeof(size_t));
    *prepared = (aft_prepared){.bias = problem->bias};
    if (problem->bias.kind != AFT_BIAS_PREPARED)
        return bias_range(shape, &problem->bias, checked, &ranges->bias);
    aft_status status = aft_prepared_open(problem, prepared);
    ranges->bias = range_of(problem->bias.data, prepared->bytes);
    return status;
}

static bool is_empty(const aft_shape *shape) {
    return shape->batch == 0 || shape->heads == 0 || shape->q_len == 0 || shape->channels == 0;
}

static bool sizes_fit(const aft_shape *shape) {
    size_t pairs = aft_times(shape->batch, shape->heads);
    return aft_fits(pairs) && aft_fits(aft_times(pairs, shape->q_len)) &&
           aft_fits(aft_times(shape->batch, sizeof(size_t))) &&
           aft_fits(aft_sum(aft_sum(shape->q_offset, shape->q_len), shape->kv_len));
}

/* y over q is fine where every element lies on its own q. */
static bool same_tensor(const aft_problem *problem) {
    const aft_tensor_in *q = &problem->q;
    const aft_tensor *y = &problem->y;
    return q->data == y->data && q->batch_stride == y->batch_stride && q->head_stride == y->head_stride &&
           q->time_stride == y->time_stride;
}

aft_status aft_check_problem(const aft_problem *problem, aft_checked checked, aft_prepared *prepared) {
    if (!problem)
        return AFT_NULL;
    const aft_shape *shape = &problem->shape;
    problem_ranges ranges = {0};
    if (!sizes_fit(shape))
        return AFT_SIZE;
    aft_status status = find_ranges(problem, checked, prepared, &ranges);
    if (status != AFT_OK || is_empty(shape))
        return status;
    for (size_t b = 0; shape->kv_lengths && b < shape->batch; b++)
        if (shape->kv_lengths[b] > shape->kv_len)
            return AFT_SIZE;

    const size_t sizes[3] = {shape->batch, shape->heads, shape->q_len};
    const size_t strides[3] = {problem->y.batch_stride, problem->y.head_stride, problem->y.time_stride};
    bool clash = !distinct(sizes, strides, shape->channels) || overlap(ranges.y, ranges.k) ||
                 overlap(ranges.y, ranges.v) || overlap(ranges.y, ranges.bias) ||
                 overlap(ranges.y, ranges.kv_lengths) || (overlap(ranges.y, ranges.q) && !same_tensor(problem));
    return clash ? AFT_OVERLAP : AFT_OK;
}

aft_status aft_check_workspace(const aft_problem *problem, const void *workspace, size_t bytes) {
    problem_ranges ranges = {0};
    aft_prepared ignored;
    if (bytes > UINTPTR_MAX - (uintptr_t)workspace)
        return AFT_SIZE;
    find_ranges(problem, AFT_ADDRESSES, &ignored, &ranges);
    range own = range_of(workspace, bytes);
    bool clash = overlap(own, ranges.q) || overlap(own, ranges.k) || overlap(own, ranges.v) ||
                 overlap(own, ranges.bias) || overlap(own, ranges.kv_lengths) || overlap(own, ranges.y);
    return clash ? AFT_OVERLAP : AFT_OK;
}

/* What of a bias is read when it is prepared: that of one, where batches or heads share it, however many there are. */
static aft_status prepared_range(const aft_shape *shape, const aft_bias *bias, aft_checked checked, range *out) {
    aft_shape copies = *shape;
    copies.batch = bias->batch_stride ? shape->batch : 1;
    copies.heads = bias->head_stride ? shape->heads : 1;
    return bias_range(&copies, bias, checked, out);
}

aft_status aft_check_bias(const aft_shape *shape, const aft_bias *bias, aft_checked checked) {
    range ignored = {0};
    return sizes_fit(shape) ? prepared_range(shape, bias, checked, &ignored) : AFT_SIZE;
}

aft_status aft_check_bias_memory(const aft_shape *shape, const aft_bias *bias, const void *memory, size_t bytes) {
    range source = {0};
    aft_status status = prepared_range(shape, bias, AFT_ADDRESSES, &source);
    if (status != AFT_OK)
        return status;
    if (bytes > UINTPTR_MAX - (uintptr_t)memory)
        return AFT_SIZE;
    return overlap(range_of(memory, bytes), source) ? AFT_OVERLAP : AFT_OK;
}

bool aft_arrays_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    return overlap(range_of(a, a_bytes), range_of(b, b_bytes));
}

typedef struct sequence_ranges {
    range x, y, lengths;
} sequence_ranges;

static aft_status find_sequence_ranges(const aft_sequences *sequences, size_t dim, aft_checked checked,
                                       sequence_ranges *ranges) {
    const size_t sizes[3] = {sequences->batch, sequences->length, 1};
    const size_t x_strides[3] = {sequences->x_batch_stride, sequences->x_time_stride, 0};
    const size_t y_strides[3] = {sequences->y_batch_stride, sequences->y_time_stride, 0};
    if (!aft_fits(aft_times(sequences->batch, sizeof(size_t))) ||
        !aft_fits(aft_times(sequences->batch, sequences->length)))
        return AFT_SIZE;
    ranges->lengths = range_of(sequences->lengths, sequences->batch * sizeof(size_t));
    aft_status status = array_range(sequences->x, sizes, x_strides, dim, checked, &ranges->x);
    return status == AFT_OK ? array_range(sequences->y, sizes, y_strides, dim, checked, &ranges->y) : status;
}

/* x is read before y is written, so y may lie over it. */
aft_status aft_check_sequences(const aft_sequences *sequences, size_t dim, const void *layer, size_t layer_bytes,
                               aft_checked checked) {
    sequence_ranges ranges = {0};
    aft_status status = find_sequence_ranges(sequences, dim, checked, &ranges);
    if (status != AFT_OK || sequences->batch == 0 || sequences->length == 0 || dim == 0)
        return status;
    for (size_t b = 0; sequences->lengths && b < sequences->batch; b++)
        if (sequences->lengths[b] > sequences->length)
            return AFT_SIZE;
    const size_t sizes[3] = {sequences->batch, sequences->length, 1};
    const size_t strides[3] = {sequences->y_batch_stride, sequences->y_time_stride, 0};
    bool clash = !distinct(sizes, strides, dim) || overlap(ranges.y, ranges.lengths) ||
                 overlap(ranges.y, range_of(layer, layer_bytes));
    return clash ? AFT_OVERLAP : AFT_OK;
}

aft_status aft_check_sequences_workspace(const aft_sequences *sequences, size_t dim, const void *layer,
                                         size_t layer_bytes, const void *workspace, size_t bytes) {
    sequence_ranges ranges = {0};
    if (bytes > UINTPTR_MAX - (uintptr_t)workspace)
        return AFT_SIZE;
    find_sequence_ranges(sequences, dim, AFT_ADDRESSES, &ranges);
    range own = range_of(workspace, bytes);
    bool clash = overlap(own, ranges.x) || overlap(own, ranges.y) || overlap(own, ranges.lengths) ||
                 overlap(own, range_of(layer, layer_bytes));
    return clash ? AFT_OVERLAP : AFT_OK;
}
