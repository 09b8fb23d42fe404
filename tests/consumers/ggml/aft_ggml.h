/* SPDX-License-Identifier: MIT */
/*
 * AFT as operators of ggml, on its CPU backend. Copy aft_ggml.h, aft_ggml.c, aft.h and aft.c into the engine.
 *
 *     y[c,t,h,b] = sigmoid(q[c,t,h,b]) * sum_j exp(k[c,j,h,b] + bias) * v[c,j,h,b] / sum_j exp(k[c,j,h,b] + bias)
 *
 * q is [channels, q_len, heads, batch] in ggml's order, k and v are [channels, kv_len, heads, batch], all F32; rows of
 * channels are contiguous, everything else may be strided (a permuted view is fine). y is new, contiguous, shaped like q.
 */
#ifndef AFT_GGML_H
#define AFT_GGML_H

#include "aft.h"
#include "ggml.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ggml_aft_params {
    bool causal;        /* query t sees the keys up to q_offset + t */
    int64_t q_offset;   /* position of query 0, and its row of w: the keys in the cache before it, while decoding */
    int max_threads;    /* the workspace has room for these; a graph may run with more, which then idle here */
    aft_status *status; /* see below; outlives the graph */
};

/* w is [columns, rows, 1 or heads, 1 or batch], F32. Rows are query positions, q_offset + q_len of them at least. Of FULL,
 * columns are keys, kv_len of them at least; of LOCAL they are 2 * s - 1, and column s - 1 + i is key (position + i): keys
 * further away than s - 1 have no bias.
 *
 * Returns NULL and sets *status where the tensors do not fit together. Whatever fails while the graph is computed, makes y
 * NaN and sets *status, too; so set it to AFT_OK before, and look at it after each computation. Layers may share one.
 *
 * What the nodes share lies in ctx: it must live as long as the graph, and have room for a tensor a phase, two more, and
 * about a KB. There are at most three phases, unless the packed keys of all heads and batches exceed 16 MiB. */
struct ggml_tensor *ggml_aft_full(struct ggml_context *ctx, struct ggml_tensor *q, struct ggml_tensor *k,
                                  struct ggml_tensor *v, struct ggml_tensor *w, struct ggml_aft_params params);
struct ggml_tensor *ggml_aft_local(struct ggml_context *ctx, struct ggml_tensor *q, struct ggml_tensor *k,
                                   struct ggml_tensor *v, struct ggml_tensor *w, struct ggml_aft_params params);

#ifdef __cplusplus
}
#endif

#endif
