/* SPDX-License-Identifier: MIT */
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

size_t bias_columns(const sizes *sizes) { return sizes->window ? 2 * sizes->window - 1 : sizes->kv_len; }

size_t bias_rows(const sizes *sizes) { return sizes->q_offset + sizes->q_len; }

float *random_floats(size_t count, float largest) {
    static uint32_t state = 1;
    float *values = malloc((count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = largest * ((float)(state >> 8) * 0x1p-23f - 1);
    }
    return values;
}

size_t outputs(const sizes *sizes) { return sizes->batch * sizes->heads * sizes->q_len * sizes->channels; }

arrays new_arrays(const sizes *sizes) {
    size_t keys = sizes->batch * sizes->heads * sizes->kv_len * sizes->channels;
    size_t biases = sizes->w_batch * sizes->w_heads * bias_rows(sizes) * bias_columns(sizes);
    return (arrays){random_floats(outputs(sizes), 4), random_floats(keys, 4), random_floats(keys, 2),
                    random_floats(biases, 4)};
}

void free_arrays(arrays *arrays) {
    free(arrays->q);
    free(arrays->k);
    free(arrays->v);
    free(arrays->w);
}

static double bias_of(const sizes *sizes, const float *row, size_t position, size_t key) {
    if (!sizes->window)
        return row[key];
    size_t distance = position > key ? position - key : key - position;
    return distance < sizes->window ? row[sizes->window - 1 + key - position] : 0;
}

/* One output and its bound: 24 * 2^-24 * sigmoid(q) * sum_j p_j |v_j| + n * 2^-136. No maximum is subtracted: the inputs are
 * small. */
static bool is_right(const sizes *sizes, const arrays *inputs, size_t pair, const float *w_row, size_t row,
                     size_t channel, float y) {
    size_t position = sizes->q_offset + row;
    size_t keys = sizes->causal && position < sizes->kv_len ? position + 1 : sizes->kv_len;
    double numerator = 0, magnitude = 0, denominator = 0;
    for (size_t key = 0; key < keys; key++) {
        size_t at = (pair * sizes->kv_len + key) * sizes->channels + channel;
        double e = exp(inputs->k[at] + bias_of(sizes, w_row, position, key));
        numerator += e * inputs->v[at];
        magnitude += e * fabs((double)inputs->v[at]);
        denominator += e;
    }
    double q = inputs->q[(pair * sizes->q_len + row) * sizes->channels + channel], gate = 1 / (1 + exp(-q));
    double bound = 24 * 0x1p-24 * gate * magnitude / denominator + (double)keys * 0x1p-136;
    return fabs(y - gate * numerator / denominator) <= bound; /* false for NaN */
}

size_t count_errors(const sizes *sizes, const arrays *inputs, const float *y) {
    size_t errors = 0, rows = bias_rows(sizes), columns = bias_columns(sizes);
    for (size_t b = 0; b < sizes->batch; b++)
        for (size_t h = 0; h < sizes->heads; h++) {
            size_t pair = b * sizes->heads + h;
            size_t w_pair = (sizes->w_batch > 1 ? b : 0) * sizes->w_heads + (sizes->w_heads > 1 ? h : 0);
            for (size_t t = 0; t < sizes->q_len; t++)
                for (size_t c = 0; c < sizes->channels; c++) {
                    const float *w_row = inputs->w + (w_pair * rows + sizes->q_offset + t) * columns;
                    errors += !is_right(sizes, inputs, pair, w_row, t, c, *y++);
                }
        }
    return errors;
}

void forward(const sizes *sizes, const arrays *inputs, float *y) {
    size_t d = sizes->channels, row = bias_columns(sizes), head = bias_rows(sizes) * row;
    size_t q_head = sizes->q_len * d, kv_head = sizes->kv_len * d;
    aft_problem problem = {
        .shape = {.batch = sizes->batch,
                  .heads = sizes->heads,
                  .q_len = sizes->q_len,
                  .kv_len = sizes->kv_len,
                  .channels = d,
                  .q_offset = sizes->q_offset,
                  .causal = sizes->causal},
        .bias = {.kind = sizes->window ? AFT_BIAS_BAND : AFT_BIAS_FULL,
                 .data = inputs->w,
                 .batch_stride = sizes->w_batch > 1 ? sizes->w_heads * head : 0,
                 .head_stride = sizes->w_heads > 1 ? head : 0,
                 .row_stride = row,
                 .first_row = sizes->q_offset,
                 .window = sizes->window},
        .q = {inputs->q, sizes->heads * q_head, q_head, d},
        .k = {inputs->k, sizes->heads * kv_head, kv_head, d},
        .v = {inputs->v, sizes->heads * kv_head, kv_head, d},
        .y = {y, sizes->heads * q_head, q_head, d},
    };
    size_t bytes;
    aft_status status = aft_workspace_bytes(&problem, NULL, &bytes);
    void *workspace = status == AFT_OK ? malloc(bytes) : NULL;
    if (status == AFT_OK)
        status = aft_forward(&problem, workspace, bytes, NULL);
    free(workspace);
    if (status != AFT_OK) {
        printf("aft_forward: %s\n", aft_status_string(status));
        exit(1);
    }
}
