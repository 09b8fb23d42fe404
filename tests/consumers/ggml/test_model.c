/* SPDX-License-Identifier: MIT */
/* Layers of both kinds in one graph, among nodes of ggml's own, which run on more threads than the layers have room for. */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static const sizes full = {2, 2, 100, 100, 16, 1, 2, .causal = true};
static const sizes local = {2, 2, 100, 100, 16, 1, 2, 8, .causal = true};

/* x += layer(q = x, k, v) for each layer; odd ones are local. */
static void expect_x(int layers, const arrays *values, const float *local_bias, float *x) {
    size_t count = outputs(&full);
    float *y = random_floats(count, 1);
    memcpy(x, values->q, count * sizeof *x);
    for (int i = 0; i < layers; i++) {
        arrays layer = {x, values->k, values->v, i % 2 ? (float *)local_bias : values->w};
        forward(i % 2 ? &local : &full, &layer, y);
        for (size_t j = 0; j < count; j++)
            x[j] += y[j];
    }
    free(y);
}

/* Returns the bytes that ggml-alloc needed. */
static size_t check_model(int layers, memory memory) {
    arrays values = new_arrays(&full), local_values = new_arrays(&local);
    size_t count = outputs(&full);
    float *expected = random_floats(count, 1);
    expect_x(layers, &values, local_values.w, expected);

    aft_status status = AFT_OK;
    graph graph = new_graph(memory);
    tensors in = new_tensors(&graph, &full, false), local_in = new_tensors(&graph, &local, false);
    struct ggml_tensor *x = in.q;
    for (int i = 0; i < layers; i++) {
        tensors layer = {x, in.k, in.v, i % 2 ? local_in.w : in.w};
        x = ggml_add(graph.ctx, x, add_layer(&graph, i % 2 ? &local : &full, &layer, &status));
    }
    finish_graph(&graph, x);
    for (int threads = 1; threads <= 2 * MAX_THREADS; threads *= 2) {
        forget_results(&graph);
        set_tensors(&in, &full, &values);
        set_tensor(local_in.w, bias_columns(&local), local_values.w);
        compute_graph(&graph, threads);
        expect(status == AFT_OK, "model", aft_status_string(status));
        expect(memcmp(x->data, expected, count * sizeof *expected) == 0, "model", "other bits than aft_forward's");
    }
    size_t bytes = graph.allocator ? ggml_gallocr_get_buffer_size(graph.allocator, 0) : 0;
    free_graph(&graph);
    free(expected);
    free_arrays(&values);
    free_arrays(&local_values);
    return bytes;
}

void test_model(void) {
    check_model(2, POOL);
    size_t two = check_model(2, GALLOCR), eight = check_model(8, GALLOCR);
    expect(eight == two, "model", "each layer has a workspace of its own");
}
