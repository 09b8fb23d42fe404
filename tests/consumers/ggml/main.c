/* SPDX-License-Identifier: MIT */
/* usage: main layer|model|status. Computes AFT in graphs of ggml; fails where a result is not the reference's. */
#include "tests.h"

#include <stdio.h>
#include <string.h>

static int failures;

void expect(bool holds, const char *test, const char *what) {
    if (!holds)
        printf("FAILED: %s: %s\n", test, what);
    failures += !holds;
}

struct ggml_tensor *add_layer(graph *graph, const sizes *sizes, const tensors *in, aft_status *status) {
    struct ggml_aft_params params = {sizes->causal, (int64_t)sizes->q_offset, MAX_THREADS, status};
    return (sizes->window ? ggml_aft_local : ggml_aft_full)(graph->ctx, in->q, in->k, in->v, in->w, params);
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {{"layer", test_layer}, {"model", test_model}, {"status", test_status}};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (count == 2 && strcmp(arguments[1], tests[i].name) == 0) {
            printf("%s: ggml %s, libaft %d.%d.%d with %s\n", tests[i].name, ggml_version(), AFT_VERSION_MAJOR,
                   AFT_VERSION_MINOR, AFT_VERSION_PATCH, aft_isa_name());
            tests[i].run();
            return failures != 0;
        }
    printf("usage: main layer|model|status\n");
    return 2;
}
