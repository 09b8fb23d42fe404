/* SPDX-License-Identifier: MIT */
/*
 * Accuracy: k + w is exact to 2^-33 at +-2^20, exp is libm's (below 1 ulp of double), a sum of n terms errs by n
 * 2^-53: in all below 2^-33 of the scale up to n = 2^16, against a bound of 24 * 2^-24. v up to FLT_MAX and gates
 * down to 1e-308 do not overflow.
 */
#include "reference.h"

#include <math.h>

#define LOGIT_LIMIT 0x1p20 /* larger finite logits count as this */

static const float *row_of(const aft_tensor_in *tensor, size_t batch, size_t head, size_t time) {
    return tensor->data + batch * tensor->batch_stride + head * tensor->head_stride + time * tensor->time_stride;
}

float reference_bias(const aft_problem *problem, size_t batch, size_t head, size_t row, size_t key) {
    const aft_bias *const bias = &problem->bias;
    if (bias->kind == AFT_BIAS_NONE)
        return 0;
    const size_t position = problem->shape.q_offset + row;
    const size_t distance = position > key ? position - key : key - position;
    if (bias->kind != AFT_BIAS_FULL && distance >= bias->window)
        return 0;
    const float *const w = (const float *)bias->data + batch * bias->batch_stride + head * bias->head_stride +
                           (bias->first_row + row) * bias->row_stride;
    return bias->kind == AFT_BIAS_BAND ? w[key + (bias->window - 1) - position] : w[key];
}

static double logit(float k, float w) {
    if (isnan(k) || isnan(w) || (isinf(k) && k > 0) || (isinf(w) && w > 0))
        return (double)NAN;
    return fmin(fmax(k, -LOGIT_LIMIT), LOGIT_LIMIT) + fmin(fmax(w, -LOGIT_LIMIT), LOGIT_LIMIT);
}

static double sigmoid(double q) { return q < 0 ? exp(q) / (1 + exp(q)) : 1 / (1 + exp(-q)); }

/* What infinities and NaN among the visible v, and in q, make of the answer; 0 where all is finite. */
static double special_sum(bool v_nan, bool v_positive, bool v_negative, float q) {
    if (isnan(q) || v_nan || (v_positive && v_negative))
        return (double)NAN;
    if (!v_positive && !v_negative)
        return 0;
    if (isinf(q) && q < 0)
        return (double)NAN;
    return v_positive ? (double)INFINITY : (double)-INFINITY;
}

reference_value reference_output(const aft_problem *problem, size_t batch, size_t head, size_t row, size_t channel) {
    const aft_shape *const shape = &problem->shape;
    size_t keys = shape->kv_lengths ? shape->kv_lengths[batch] : shape->kv_len;
    if (shape->causal && shape->q_offset + row < keys)
        keys = shape->q_offset + row + 1;
    reference_value value = {0, 0, 0};
    if (keys == 0) /* k and v may be NULL */
        return value;
    const float *const k = row_of(&problem->k, batch, head, 0) + channel;
    const float *const v = row_of(&problem->v, batch, head, 0) + channel;
    const size_t k_stride = problem->k.time_stride, v_stride = problem->v.time_stride;
    const float q = row_of(&problem->q, batch, head, row)[channel];

    double maximum = (double)-INFINITY;
    bool bad_logit = false, v_nan = false, v_positive = false, v_negative = false;
    for (size_t j = 0; j < keys; j++) {
        const float kj = k[j * k_stride], vj = v[j * v_stride], wj = reference_bias(problem, batch, head, row, j);
        if (kj == -INFINITY || wj == -INFINITY)
            continue;
        const double x = logit(kj, wj);
        bad_logit = bad_logit || isnan(x);
        maximum = x > maximum ? x : maximum;
        v_nan = v_nan || isnan(vj);
        v_positive = v_positive || (isinf(vj) && vj > 0);
        v_negative = v_negative || (isinf(vj) && vj < 0);
        value.visible++;
    }
    if (value.visible == 0)
        return value;
    const double special = bad_logit ? (double)NAN : special_sum(v_nan, v_positive, v_negative, q);
    if (special != 0) {
        value.y = special;
        return value;
    }

    double numerator = 0, magnitude = 0, denominator = 0;
    for (size_t j = 0; j < keys; j++) {
        const float kj = k[j * k_stride], vj = v[j * v_stride], wj = reference_bias(problem, batch, head, row, j);
        if (kj == -INFINITY || wj == -INFINITY)
            continue;
        const double weight = exp(logit(kj, wj) - maximum);
        numerator += weight * vj;
        magnitude += weight * fabs((double)vj);
        denominator += weight;
    }
    value.y = sigmoid(q) * (numerator / denominator);
    value.scale = sigmoid(q) * (magnitude / denominator);
    return value;
}

double reference_bound(const reference_value *value) {
    return 24 * 0x1p-24 * value->scale + (double)value->visible * 0x1p-136;
}
