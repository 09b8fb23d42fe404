/* SPDX-License-Identifier: MIT */
#include "layer_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { CHAIN = 128 };

double linear_bound(size_t in, double magnitude) {
    return (140 + (double)in / (double)CHAIN) * 0x1p-24 * magnitude + (double)in * 0x1p-150;
}

/* One output of a linear map. */
static float linear_of(const aft_linear *linear, size_t in, size_t o, const float *row) {
    float sum = 0;
    double exact = linear->bias ? (double)linear->bias[o] : 0, magnitude = fabs(exact);
    for (size_t begin = 0; begin < in; begin += CHAIN) {
        float chain = 0;
        for (size_t i = begin; i < in && i < begin + CHAIN; i++) {
            const float weight = linear->weight[o * in + i];
            chain = fmaf(row[i], weight, chain);
            exact += (double)row[i] * (double)weight;
            magnitude += fabs((double)row[i] * (double)weight);
        }
        sum += chain;
    }
    const float answer = sum + (linear->bias ? linear->bias[o] : 0.0f);
    if (!isfinite(answer)) /* every NaN that is stored is the same */
        return isnan(answer) ? float_of_bits(0x7fc00000u) : answer;
    const double bound = linear_bound(in, magnitude);
    if (bound > 0)
        harness_note_error(fabs((double)answer - exact) / bound);
    assert_true(fabs((double)answer - exact) <= bound);
    return answer;
}

static float *allocate(size_t count) {
    float *const floats = calloc(count + 1, sizeof *floats);
    assert_non_null(floats);
    return floats;
}

static float *linear_rows(const aft_linear *linear, size_t rows, size_t in, size_t out, const float *a) {
    float *const c = allocate(rows * out);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            c[r * out + o] = linear_of(linear, in, o, a + r * in);
    return c;
}

static float *dense_x(const aft_sequences *s, size_t dim) {
    float *const x = allocate(s->batch * s->length * dim);
    for (size_t row = 0; row < s->batch * s->length && dim > 0; row++)
        memcpy(x + row * dim, s->x + row / s->length * s->x_batch_stride + row % s->length * s->x_time_stride,
               dim * sizeof *x);
    return x;
}

float *layer_reference(const aft_layer *layer, const aft_sequences *s) {
    const size_t hidden = layer->heads * layer->channels, rows = s->batch * s->length;
    if (layer->dim == 0) /* no outputs; lengths are not looked at */
        return allocate(0);
    float *const x = dense_x(s, layer->dim);
    float *const q = linear_rows(&layer->to_q, rows, layer->dim, hidden, x);
    float *const k = linear_rows(&layer->to_k, rows, layer->dim, hidden, x);
    float *const v = linear_rows(&layer->to_v, rows, layer->dim, hidden, x);
    aft_problem problem = {.shape = {.batch = s->batch,
                                     .heads = layer->heads,
                                     .q_len = s->length,
                                     .kv_len = s->length,
                                     .channels = layer->channels,
                                     .causal = layer->causal,
                                     .kv_lengths = s->lengths},
                           .bias = layer->bias,
                           .q = {q, s->length * hidden, layer->channels, hidden},
                           .k = {k, s->length * hidden, layer->channels, hidden},
                           .v = {v, s->length * hidden, layer->channels, hidden},
                           .y = {q, s->length * hidden, layer->channels, hidden}};
    problem.bias.batch_stride = problem.bias.first_row = 0; /* not read */
    size_t bytes;
    assert_int_equal(aft_workspace_bytes(&problem, NULL, &bytes), AFT_OK);
    void *const workspace = malloc(bytes + 1);
    assert_non_null(workspace);
    assert_int_equal(aft_forward(&problem, workspace, bytes, NULL), AFT_OK);
    float *const y = linear_rows(&layer->project, rows, hidden, layer->dim, q);
    float *const parts[] = {x, q, k, v};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        free(parts[i]);
    free(workspace);
    return y;
}
