/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include "ggml-cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

graph new_graph(memory memory) {
    bool pool = memory == POOL;
    graph graph = {
        .ctx = ggml_init((struct ggml_init_params){.mem_size = (pool ? 64u : 2u) << 20, .no_alloc = !pool}),
        .allocator = pool ? NULL : ggml_gallocr_new(ggml_backend_cpu_buffer_type()),
    };
    graph.nodes = ggml_new_graph(graph.ctx);
    return graph;
}

void free_graph(graph *graph) {
    if (graph->allocator)
        ggml_gallocr_free(graph->allocator);
    ggml_free(graph->ctx);
}

/* [channels, rows, heads, batch] */
static struct ggml_tensor *new_input(graph *graph, const size_t ne[4], bool permuted) {
    struct ggml_context *ctx = graph->ctx;
    int64_t n0 = (int64_t)ne[0], n1 = (int64_t)ne[1], n2 = (int64_t)ne[2], n3 = (int64_t)ne[3];
    struct ggml_tensor *stored = permuted ? ggml_new_tensor_4d(ctx, GGML_TYPE_F32, n0, n2, n1, n3)
                                          : ggml_new_tensor_4d(ctx, GGML_TYPE_F32, n0, n1, n2, n3);
    ggml_set_input(stored);
    return permuted ? ggml_permute(ctx, stored, 0, 2, 1, 3) : stored;
}

tensors new_tensors(graph *graph, const sizes *sizes, bool permuted) {
    size_t unused_columns = sizes->window ? 0 : 3;
    const size_t q[] = {sizes->channels, sizes->q_len, sizes->heads, sizes->batch};
    const size_t kv[] = {sizes->channels, sizes->kv_len, sizes->heads, sizes->batch};
    const size_t w[] = {bias_columns(sizes) + unused_columns, bias_rows(sizes), sizes->w_heads, sizes->w_batch};
    return (tensors){new_input(graph, q, permuted), new_input(graph, kv, permuted), new_input(graph, kv, permuted),
                     new_input(graph, w, false)};
}

void finish_graph(graph *graph, struct ggml_tensor *y) {
    ggml_set_output(y);
    ggml_build_forward_expand(graph->nodes, y);
    GGML_ASSERT(!graph->allocator || ggml_gallocr_alloc_graph(graph->allocator, graph->nodes));
}

void set_tensor(struct ggml_tensor *tensor, size_t columns, const float *value) {
    const size_t *nb = tensor->nb;
    for (int64_t i3 = 0; i3 < tensor->ne[3]; i3++)
        for (int64_t i2 = 0; i2 < tensor->ne[2]; i2++)
            for (int64_t i1 = 0; i1 < tensor->ne[1]; i1++)
                for (int64_t i0 = 0; i0 < tensor->ne[0]; i0++) {
                    size_t at = (size_t)i0 * nb[0] + (size_t)i1 * nb[1] + (size_t)i2 * nb[2] + (size_t)i3 * nb[3];
                    float *element = (float *)(void *)((char *)tensor->data + at);
                    *element = (size_t)i0 < columns ? *value++ : NAN;
                }
}

void set_tensors(const tensors *tensors, const sizes *sizes, const arrays *values) {
    set_tensor(tensors->q, sizes->channels, values->q);
    set_tensor(tensors->k, sizes->channels, values->k);
    set_tensor(tensors->v, sizes->channels, values->v);
    set_tensor(tensors->w, bias_columns(sizes), values->w);
}

void forget_results(graph *graph) {
    for (int i = 0; i < ggml_graph_n_nodes(graph->nodes); i++) {
        struct ggml_tensor *node = ggml_graph_node(graph->nodes, i);
        if (!node->view_src)
            memset(node->data, 0xff, ggml_nbytes(node));
    }
}

void compute_graph(graph *graph, int threads) {
    struct ggml_cplan plan = ggml_graph_plan(graph->nodes, threads, NULL);
    GGML_ASSERT(plan.work_size == 0 || (plan.work_data = malloc(plan.work_size)) != NULL);
    enum ggml_status status = ggml_graph_compute(graph->nodes, &plan);
    free(plan.work_data);
    GGML_ASSERT(status == GGML_STATUS_SUCCESS);
}
