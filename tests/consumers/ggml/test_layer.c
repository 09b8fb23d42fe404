/* SPDX-License-Identifier: MIT */
/* One layer in a graph, of many shapes and with many threads: the formula's values, and aft_forward's bits. */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

typedef struct layer_case {
    const char *name;
    sizes sizes;
    bool permuted;
} layer_case;

static const layer_case layer_cases[] = {
    {"full", {1, 1, 70, 70, 24, 1, 1, .causal = false}, false},
    {"full, causal, batches and heads, a bias each", {2, 3, 70, 70, 9, 2, 3, .causal = true}, true},
    {"full, a bias for all", {3, 2, 130, 90, 40, 1, 1, .causal = false}, true},
    {"full, one task a phase", {1, 1, 5, 5, 8, 1, 1, .causal = false}, false},
    {"full, panels in two sets", {3, 3, 8, 4096, 64, 1, 3, .causal = false}, false},
    {"full, one query after a cache", {2, 2, 1, 300, 16, 1, 2, .causal = true, .q_offset = 299}, true},
    {"local", {1, 2, 150, 150, 33, 1, 1, 16, 0, false}, false},
    {"local, causal, batches and heads, a bias each", {2, 2, 150, 150, 17, 2, 2, 5, 0, true}, true},
    {"local, one query after a cache", {1, 4, 1, 200, 16, 1, 4, 32, 199, true}, true},
};

static void check_layer(const layer_case *test, memory memory) {
    arrays values = new_arrays(&test->sizes);
    size_t count = outputs(&test->sizes);
    float *expected = random_floats(count, 1);
    forward(&test->sizes, &values, expected);

    aft_status status = AFT_OK;
    graph graph = new_graph(memory);
    tensors in = new_tensors(&graph, &test->sizes, test->permuted);
    struct ggml_tensor *y = add_layer(&graph, &test->sizes, &in, &status);
    expect(y != NULL, test->name, aft_status_string(status));
    if (y) {
        finish_graph(&graph, y);
        for (int threads = 1; threads <= MAX_THREADS; threads *= 2) {
            forget_results(&graph);
            set_tensors(&in, &test->sizes, &values);
            compute_graph(&graph, threads);
            expect(status == AFT_OK, test->name, aft_status_string(status));
            expect(count_errors(&test->sizes, &values, y->data) == 0, test->name, "beyond the bound of its error");
            expect(memcmp(y->data, expected, count * sizeof(float)) == 0, test->name, "other bits than aft_forward's");
        }
    }
    free_graph(&graph);
    free(expected);
    free_arrays(&values);
}

void test_layer(void) {
    for (size_t i = 0; i < sizeof layer_cases / sizeof layer_cases[0]; i++) {
        check_layer(&layer_cases[i], POOL);
        check_layer(&layer_cases[i], GALLOCR);
    }
}
