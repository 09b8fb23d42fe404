/* SPDX-License-Identifier: MIT */
#include "cases.h"

case_spec case_default(size_t q_len, size_t kv_len, size_t channels) {
    return (case_spec){.shape = {.batch = 1, .heads = 1, .q_len = q_len, .kv_len = kv_len, .channels = channels},
                       .q_range = 1,
                       .k_range = 1,
                       .w_range = 1,
                       .v_range = 1};
}

case_spec case_random(size_t max_rows, size_t max_channels, size_t *kv_lengths) {
    static const float ranges[] = {1, 1, 5, 20, 100, 1e4f};
    const size_t last = sizeof ranges / sizeof ranges[0] - 1;
    case_spec spec = case_default(0, 0, 0);
    aft_shape *const shape = &spec.shape;
    shape->q_len = random_size(1, max_rows); /* one after the other: compilers differ in the order of arguments */
    shape->kv_len = random_size(1, max_rows);
    shape->channels = random_size(1, max_channels);
    shape->batch = random_size(1, 3);
    shape->heads = random_size(1, 3);
    shape->q_offset = random_chance(0.5) ? 0 : random_size(0, max_rows);
    shape->causal = random_chance(0.5);
    if (random_chance(0.3)) {
        for (size_t b = 0; b < shape->batch; b++)
            kv_lengths[b] = random_size(0, shape->kv_len);
        shape->kv_lengths = kv_lengths;
    }
    spec.kind = (aft_bias_kind)random_size(AFT_BIAS_NONE, AFT_BIAS_BAND);
    spec.window = random_size(1, random_chance(0.8) ? 40 : shape->kv_len + 40);
    spec.first_row = random_chance(0.7) ? 0 : random_size(1, 9);
    spec.bias_per_batch = random_chance(0.3);
    spec.bias_per_head = random_chance(0.5);
    spec.heads_inside = random_chance(0.5);
    spec.shared_keys = random_chance(0.1);
    spec.in_place = random_chance(0.1);
    spec.at_start = random_chance(0.5);
    spec.gap = random_chance(0.5) ? 0 : random_size(1, 9);
    spec.misalign = random_chance(0.5) ? 0 : random_size(1, 15);
    spec.q_range = random_chance(0.8) ? 4 : 100;
    spec.k_range = ranges[random_size(0, last)];
    spec.w_range = ranges[random_size(0, last)];
    return spec;
}

static size_t bias_columns(const case_spec *spec) {
    return spec->kind == AFT_BIAS_BAND ? 2 * spec->window - 1 : spec->shape.kv_len;
}

/* A tensor [batch][heads][rows][channels] in the spec's layout: its strides, and its memory full of canaries. */
static guarded make_tensor(const case_spec *spec, size_t rows, aft_tensor *tensor) {
    const aft_shape *const s = &spec->shape;
    const size_t inside = spec->heads_inside ? s->heads * s->channels : s->channels;
    tensor->time_stride = inside + spec->gap;
    tensor->head_stride = spec->heads_inside ? s->channels : rows * tensor->time_stride;
    tensor->batch_stride = rows * tensor->time_stride * (spec->heads_inside ? 1 : s->heads);
    const bool empty = s->batch == 0 || s->heads == 0 || rows == 0 || s->channels == 0;
    const size_t count = empty ? 0
                               : (s->batch - 1) * tensor->batch_stride + (s->heads - 1) * tensor->head_stride +
                                     (rows - 1) * tensor->time_stride + s->channels;
    guarded memory = guarded_make(count * sizeof(float), spec->at_start, spec->misalign * sizeof(float));
    tensor->data = (float *)memory.bytes;
    for (size_t i = 0; i < count; i++)
        tensor->data[i] = float_of_bits(CASE_CANARY);
    return memory;
}

static guarded make_bias(const case_spec *spec, aft_bias *bias) {
    *bias = (aft_bias){.kind = spec->kind, .window = spec->window, .first_row = spec->first_row};
    if (spec->kind == AFT_BIAS_NONE)
        return (guarded){0};
    const aft_shape *const s = &spec->shape;
    const size_t rows = spec->first_row + s->q_len, columns = bias_columns(spec);
    bias->row_stride = columns + spec->gap;
    bias->head_stride = spec->bias_per_head ? rows * bias->row_stride : 0;
    const size_t heads = spec->bias_per_head ? s->heads : 1, batches = spec->bias_per_batch ? s->batch : 1;
    bias->batch_stride = spec->bias_per_batch ? heads * rows * bias->row_stride : 0;
    const size_t all_rows = batches * heads * rows;
    const size_t count = all_rows ? (all_rows - 1) * bias->row_stride + columns : 0;
    guarded memory = guarded_make(count * sizeof(float), spec->at_start, spec->misalign * sizeof(float));
    for (size_t i = 0; i < count; i++)
        ((float *)memory.bytes)[i] = float_of_bits(CASE_CANARY);
    bias->data = memory.bytes;
    return memory;
}

static float *element(const guarded *memory, const aft_tensor_in *tensor, size_t batch, size_t head, size_t row,
                      size_t channel) {
    return (float *)memory->bytes + batch * tensor->batch_stride + head * tensor->head_stride +
           row * tensor->time_stride + channel;
}

float *case_q(const test_case *c, size_t batch, size_t head, size_t row, size_t channel) {
    return element(c->spec.in_place ? &c->q_copy : &c->q, &c->problem.q, batch, head, row, channel);
}

float *case_k(const test_case *c, size_t batch, size_t head, size_t key, size_t channel) {
    return element(&c->k, &c->problem.k, batch, head, key, channel);
}

float *case_v(const test_case *c, size_t batch, size_t head, size_t key, size_t channel) {
    return element(&c->v, &c->problem.v, batch, head, key, channel);
}

float *case_w(const test_case *c, size_t batch, size_t head, size_t row, size_t key) {
    const aft_bias *const bias = &c->problem.bias;
    const size_t position = c->problem.shape.q_offset + row;
    const size_t distance = position > key ? position - key : key - position;
    if (bias->kind == AFT_BIAS_NONE || (bias->kind != AFT_BIAS_FULL && distance >= bias->window))
        return NULL;
    const size_t column = bias->kind == AFT_BIAS_BAND ? key + (bias->window - 1) - position : key;
    return (float *)c->w.bytes + batch * bias->batch_stride + head * bias->head_stride +
           (bias->first_row + row) * bias->row_stride + column;
}

const float *case_output(const test_case *c, size_t batch, size_t head, size_t row) {
    const aft_tensor *const y = &c->problem.y;
    return y->data + batch * y->batch_stride + head * y->head_stride + row * y->time_stride;
}

void case_set_key(const test_case *c, size_t key, float k, float v) {
    for (size_t i = 0; i < c->problem.shape.channels; i++) {
        *case_k(c, 0, 0, key, i) = k;
        *case_v(c, 0, 0, key, i) = v;
    }
}

void case_set_queries(const test_case *c, float q) {
    for (size_t t = 0; t < c->problem.shape.q_len; t++)
        for (size_t i = 0; i < c->problem.shape.channels; i++)
            *case_q(c, 0, 0, t, i) = q;
}

static float random_within(float range) { return random_float(-range, range); }

/* What no row of any batch may see stays a canary. */
static void fill(const test_case *c) {
    const aft_shape *const s = &c->problem.shape;
    size_t longest = s->kv_lengths ? 0 : s->kv_len;
    for (size_t b = 0; s->kv_lengths && b < s->batch; b++)
        longest = s->kv_lengths[b] > longest ? s->kv_lengths[b] : longest;
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++) {
            const size_t own = s->kv_lengths && !c->spec.shared_keys ? s->kv_lengths[b] : longest;
            for (size_t t = 0; t < s->q_len; t++)
                for (size_t i = 0; i < s->channels; i++)
                    *case_q(c, b, h, t, i) = random_within(c->spec.q_range);
            for (size_t j = 0; j < own; j++)
                for (size_t i = 0; i < s->channels; i++) {
                    *case_k(c, b, h, j, i) = random_within(c->spec.k_range);
                    *case_v(c, b, h, j, i) = random_within(c->spec.v_range);
                }
            if ((b && !c->spec.bias_per_batch) || (h && !c->spec.bias_per_head))
                continue;
            for (size_t t = 0; t < s->q_len; t++)
                for (size_t j = 0; j < longest; j++) {
                    float *const w = case_w(c, b, h, t, j);
                    if (w)
                        *w = random_within(c->spec.w_range);
                }
        }
}

static aft_tensor_in as_input(const aft_tensor *tensor, bool shared) {
    return (aft_tensor_in){tensor->data, shared ? 0 : tensor->batch_stride, tensor->head_stride, tensor->time_stride};
}

test_case case_make(const case_spec *spec) {
    test_case c = {.spec = *spec};
    const aft_shape *const s = &spec->shape;
    aft_tensor q, k, v, copy;
    c.q = make_tensor(spec, s->q_len, &q);
    c.k = make_tensor(spec, s->kv_len, &k);
    c.v = make_tensor(spec, s->kv_len, &v);
    c.problem.shape = *s;
    c.problem.q = as_input(&q, false);
    c.problem.k = as_input(&k, spec->shared_keys);
    c.problem.v = as_input(&v, spec->shared_keys);
    c.w = make_bias(spec, &c.problem.bias);
    if (spec->in_place)
        c.problem.y = q;
    else
        c.y = make_tensor(spec, s->q_len, &c.problem.y);
    c.truth = c.problem;
    if (spec->in_place) {
        c.q_copy = make_tensor(spec, s->q_len, &copy);
        c.truth.q.data = copy.data;
    }
    fill(&c);
    return c;
}

void case_free(test_case *c) {
    guarded *const all[] = {&c->q, &c->k, &c->v, &c->w, &c->y, &c->q_copy};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        guarded_free(all[i]);
}
