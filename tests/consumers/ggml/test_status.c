/* SPDX-License-Identifier: MIT */
/* What is wrong is said, when the layer is added or when the graph has run, and no number comes out of it. */
#include "tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is odd about a layer besides its sizes. */
typedef enum oddity { NONE, LOCAL, INTEGER_BIAS, STRIDED_CHANNELS } oddity;

/* A layer whose q is [4, 20, 2, 1]. */
typedef struct refusal {
    const char *name;
    aft_status expected;
    int64_t k[4], v[4], w[4], q_offset;
    int max_threads;
    oddity oddity;
} refusal;

#define KEYS                                                                                                           \
    { 4, 20, 2, 1 }
#define BIAS                                                                                                           \
    { 20, 20, 1, 1 }

static const refusal refusals[] = {
    {"nothing wrong", AFT_OK, KEYS, KEYS, BIAS, 0, 1, NONE},
    {"a bias of integers", AFT_UNSUPPORTED, KEYS, KEYS, BIAS, 0, 1, INTEGER_BIAS},
    {"channels with a stride", AFT_UNSUPPORTED, KEYS, KEYS, BIAS, 0, 1, STRIDED_CHANNELS},
    {"other channels", AFT_SIZE, {5, 20, 2, 1}, {5, 20, 2, 1}, BIAS, 0, 1, NONE},
    {"fewer heads", AFT_SIZE, {4, 20, 1, 1}, {4, 20, 1, 1}, BIAS, 0, 1, NONE},
    {"more batches", AFT_SIZE, {4, 20, 2, 2}, {4, 20, 2, 2}, BIAS, 0, 1, NONE},
    {"fewer values than keys", AFT_SIZE, KEYS, {4, 19, 2, 1}, BIAS, 0, 1, NONE},
    {"a bias of fewer rows", AFT_SIZE, KEYS, KEYS, {20, 19, 1, 1}, 0, 1, NONE},
    {"a bias of fewer rows, with an offset", AFT_SIZE, KEYS, KEYS, BIAS, 1, 1, NONE},
    {"a bias of fewer columns", AFT_SIZE, KEYS, KEYS, {19, 20, 1, 1}, 0, 1, NONE},
    {"a bias of more heads", AFT_SIZE, KEYS, KEYS, {20, 20, 3, 1}, 0, 1, NONE},
    {"a bias of more batches", AFT_SIZE, KEYS, KEYS, {20, 20, 1, 2}, 0, 1, NONE},
    {"a band of even width", AFT_SIZE, KEYS, KEYS, {6, 20, 1, 1}, 0, 1, LOCAL},
    {"a negative offset", AFT_SIZE, KEYS, KEYS, BIAS, -1, 1, NONE},
    {"no thread", AFT_SIZE, KEYS, KEYS, BIAS, 0, 0, NONE},
    {"a negative number of threads", AFT_SIZE, KEYS, KEYS, BIAS, 0, -1, NONE},
};

static struct ggml_tensor *new_tensor(graph *graph, enum ggml_type type, const int64_t ne[4]) {
    return ggml_new_tensor(graph->ctx, type, 4, ne);
}

static void check_refusal(const refusal *refusal) {
    graph graph = new_graph(POOL);
    struct ggml_tensor *q = new_tensor(&graph, GGML_TYPE_F32, (const int64_t[])KEYS);
    if (refusal->oddity == STRIDED_CHANNELS)
        q = ggml_transpose(graph.ctx, new_tensor(&graph, GGML_TYPE_F32, (const int64_t[]){20, 4, 2, 1}));
    struct ggml_tensor *k = new_tensor(&graph, GGML_TYPE_F32, refusal->k);
    struct ggml_tensor *v = new_tensor(&graph, GGML_TYPE_F32, refusal->v);
    struct ggml_tensor *w =
        new_tensor(&graph, refusal->oddity == INTEGER_BIAS ? GGML_TYPE_I32 : GGML_TYPE_F32, refusal->w);

    aft_status status = AFT_OK;
    struct ggml_aft_params params = {false, refusal->q_offset, refusal->max_threads, &status};
    struct ggml_tensor *y = (refusal->oddity == LOCAL ? ggml_aft_local : ggml_aft_full)(graph.ctx, q, k, v, w, params);
    expect(status == refusal->expected, refusal->name, aft_status_string(status));
    expect((y != NULL) == (status == AFT_OK), refusal->name, "a layer although something is wrong, or none");
    free_graph(&graph);
}

/* A graph laid out for narrow vectors has too little workspace for wide ones. */
static void check_failure_while_computing(void) {
    static const sizes sizes = {1, 1, 200, 200, 1, 1, 1, .causal = true};
    char widest[16];
    snprintf(widest, sizeof widest, "%s", aft_isa_name());
    if (strcmp(widest, "scalar") == 0) {
        printf("not checked, for want of a second instruction set: a failure while the graph is computed\n");
        return;
    }
    arrays values = new_arrays(&sizes);
    aft_status status = AFT_OK;
    graph graph = new_graph(GALLOCR);
    tensors in = new_tensors(&graph, &sizes, false);
    aft_use_isa("scalar");
    struct ggml_tensor *y = add_layer(&graph, &sizes, &in, &status);
    finish_graph(&graph, y);
    for (int wide = 1; wide >= 0; wide--) {
        expect(aft_use_isa(wide ? widest : "scalar") == AFT_OK, "use_isa", "the instruction set is gone");
        forget_results(&graph);
        set_tensors(&in, &sizes, &values);
        status = AFT_OK;
        compute_graph(&graph, MAX_THREADS);
        expect(status == (wide ? AFT_WORKSPACE : AFT_OK), "a small workspace", aft_status_string(status));
        size_t nans = 0;
        for (size_t i = 0; i < outputs(&sizes); i++)
            nans += isnan(((const float *)y->data)[i]) != 0;
        expect(nans == (wide ? outputs(&sizes) : 0), "a small workspace", wide ? "numbers came out" : "NaN came out");
    }
    free_graph(&graph);
    free_arrays(&values);
}

void test_status(void) {
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        check_refusal(&refusals[i]);
    check_failure_while_computing();
}
