/* SPDX-License-Identifier: MIT */
/* A graph on ggml's CPU backend, and its input tensors. */
#ifndef GRAPH_H
#define GRAPH_H

#include "ggml-alloc.h"
#include "ggml.h"
#include "reference.h"

/* Who gives the tensors their memory: ggml_init's pool at once, or ggml-alloc when the graph is known, reusing it. */
typedef enum memory { POOL, GALLOCR } memory;

typedef struct graph {
    struct ggml_context *ctx;
    struct ggml_cgraph *nodes;
    ggml_gallocr_t allocator; /* NULL for POOL */
} graph;

typedef struct tensors {
    struct ggml_tensor *q, *k, *v, *w;
} tensors;

graph new_graph(memory memory);
void free_graph(graph *graph);

/* q, k and v hold [B,H,T,D], or [B,T,H,D] that is seen through a permutation. The rows of AFT-full's w are longer than
 * it needs. */
tensors new_tensors(graph *graph, const sizes *sizes, bool permuted);

/* Lays out what leads to y; then tensors may be set. */
void finish_graph(graph *graph, struct ggml_tensor *y);

/* Writes the values element by element, wherever ggml has these; NaN into further columns. */
void set_tensor(struct ggml_tensor *tensor, size_t columns, const float *value);

void set_tensors(const tensors *tensors, const sizes *sizes, const arrays *values);

/* Writes NaN into all that nodes have computed, so that nothing of the last computation is taken for this one's. */
void forget_results(graph *graph);

void compute_graph(graph *graph, int threads);

#endif
