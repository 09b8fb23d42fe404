/* SPDX-License-Identifier: MIT */
/* What a layer answers, to the last bit: each linear map summed in the order that kernels/product_rows.c states (and held
 * against doubles), and the aggregation by aft_forward. */
#ifndef AFT_TESTS_LAYER_REFERENCE_H
#define AFT_TESTS_LAYER_REFERENCE_H

#include "aft.h"

/* The error that aft.h allows a linear map of `in` inputs; the magnitude is |bias| + sum |weight * input|. */
double linear_bound(size_t in, double magnitude);

/* y[batch][length][dim] of a layer that is not packed; free() it. */
float *layer_reference(const aft_layer *layer, const aft_sequences *sequences);

#endif
