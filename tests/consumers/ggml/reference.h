/* SPDX-License-Identifier: MIT */
/* What a layer must give, computed without ggml: in float64 from the formula, and by aft_forward on one thread. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "aft.h"

#include <stdint.h>

typedef struct sizes {
    size_t batch, heads, q_len, kv_len, channels;
    size_t w_batch, w_heads; /* 1, or batch and heads */
    size_t window;           /* of AFT-local; 0: AFT-full */
    size_t q_offset;
    bool causal;
} sizes;

size_t bias_columns(const sizes *sizes);
size_t bias_rows(const sizes *sizes);

/* Contiguous, the last dimension innermost. */
typedef struct arrays {
    float *q;     /* [batch][heads][q_len][channels] */
    float *k, *v; /* [batch][heads][kv_len][channels] */
    float *w;     /* [w_batch][w_heads][bias_rows][bias_columns] */
} arrays;

size_t outputs(const sizes *sizes);
float *random_floats(size_t count, float largest);
arrays new_arrays(const sizes *sizes);
void free_arrays(arrays *arrays);

/* Outputs that lie further from the formula's value than aft.h says, y being [batch][heads][q_len][channels]. */
size_t count_errors(const sizes *sizes, const arrays *inputs, const float *y);

/* Ends the program where libaft refuses. */
void forward(const sizes *sizes, const arrays *inputs, float *y);

#endif
