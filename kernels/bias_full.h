/* SPDX-License-Identifier: MIT */
/* AFT-full: a dense bias w[first_row + t][j]; every visible key is dense. */
#ifndef AFT_KERNELS_BIAS_FULL_H
#define AFT_KERNELS_BIAS_FULL_H

#include "kernels/kernel.h"

#include <string.h>

/* Row `index` of the bias of a pair. */
AFT_INLINE const float *bias_row(const aft_plan *plan, size_t pair, size_t index) {
    const aft_bias *bias = &plan->problem.bias;
    return (const float *)bias->data + batch_of(plan, pair) * bias->batch_stride +
           head_of(plan, pair) * bias->head_stride + (bias->first_row + index) * bias->row_stride;
}

AFT_INLINE void full_row(aft_row *row, size_t visible) {
    row->dense_begin = 0;
    row->dense_end = visible;
}

/* The logits of the keys [begin, end). */
AFT_INLINE void full_logits(const aft_plan *plan, size_t pair, const aft_row *row, size_t begin, size_t end,
                            float *logits) {
    memcpy(logits, bias_row(plan, pair, row->index) + begin, (end - begin) * sizeof(float));
}

#endif
