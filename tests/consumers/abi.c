/* SPDX-License-Identifier: MIT */
/* What a program compiled against aft.h takes for granted, beside the functions: sizes, places and values. */
#include <aft.h>
#include <stdio.h>

#define SIZE(type) printf("size %s %zu\n", #type, sizeof(type))
#define PLACE(type, member) printf("place %s.%s %zu\n", #type, #member, offsetof(type, member))
#define VALUE(name) printf("value %s %d\n", #name, (int)(name))

int main(void) {
    SIZE(aft_status);
    VALUE(AFT_OK);
    VALUE(AFT_NULL);
    VALUE(AFT_SIZE);
    VALUE(AFT_OVERLAP);
    VALUE(AFT_WORKSPACE);
    VALUE(AFT_STALE);
    VALUE(AFT_UNSUPPORTED);
    SIZE(aft_bias_kind);
    VALUE(AFT_BIAS_NONE);
    VALUE(AFT_BIAS_FULL);
    VALUE(AFT_BIAS_LOCAL);
    VALUE(AFT_BIAS_BAND);
    VALUE(AFT_BIAS_PREPARED);
    SIZE(aft_shape);
    PLACE(aft_shape, batch);
    PLACE(aft_shape, heads);
    PLACE(aft_shape, q_len);
    PLACE(aft_shape, kv_len);
    PLACE(aft_shape, channels);
    PLACE(aft_shape, q_offset);
    PLACE(aft_shape, causal);
    PLACE(aft_shape, kv_lengths);
    SIZE(aft_tensor);
    PLACE(aft_tensor, data);
    PLACE(aft_tensor, batch_stride);
    PLACE(aft_tensor, head_stride);
    PLACE(aft_tensor, time_stride);
    SIZE(aft_tensor_in);
    PLACE(aft_tensor_in, data);
    PLACE(aft_tensor_in, batch_stride);
    PLACE(aft_tensor_in, head_stride);
    PLACE(aft_tensor_in, time_stride);
    SIZE(aft_bias);
    PLACE(aft_bias, kind);
    PLACE(aft_bias, data);
    PLACE(aft_bias, batch_stride);
    PLACE(aft_bias, head_stride);
    PLACE(aft_bias, row_stride);
    PLACE(aft_bias, first_row);
    PLACE(aft_bias, window);
    SIZE(aft_problem);
    PLACE(aft_problem, shape);
    PLACE(aft_problem, bias);
    PLACE(aft_problem, q);
    PLACE(aft_problem, k);
    PLACE(aft_problem, v);
    PLACE(aft_problem, y);
    SIZE(aft_parallel);
    PLACE(aft_parallel, run);
    PLACE(aft_parallel, context);
    PLACE(aft_parallel, width);
    SIZE(aft_linear);
    PLACE(aft_linear, weight);
    PLACE(aft_linear, bias);
    SIZE(aft_layer);
    PLACE(aft_layer, dim);
    PLACE(aft_layer, heads);
    PLACE(aft_layer, channels);
    PLACE(aft_layer, max_length);
    PLACE(aft_layer, causal);
    PLACE(aft_layer, bias);
    PLACE(aft_layer, to_q);
    PLACE(aft_layer, to_k);
    PLACE(aft_layer, to_v);
    PLACE(aft_layer, project);
    SIZE(aft_sequences);
    PLACE(aft_sequences, batch);
    PLACE(aft_sequences, length);
    PLACE(aft_sequences, lengths);
    PLACE(aft_sequences, x);
    PLACE(aft_sequences, x_batch_stride);
    PLACE(aft_sequences, x_time_stride);
    PLACE(aft_sequences, y);
    PLACE(aft_sequences, y_batch_stride);
    PLACE(aft_sequences, y_time_stride);
    return 0;
}
