/* SPDX-License-Identifier: MIT */
/* AFT-full, causal, 3 rows of 2 channels: q, k, v, w in, y out. */
#include "aft.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    float q[3][2] = {{1, -1}, {0.5f, 2}, {0, 3}}, k[3][2] = {{0, 1}, {-1, 0.5f}, {2, -2}};
    float v[3][2] = {{1, 10}, {2, 20}, {3, 30}}, w[3][3] = {{0}, {0.5f, -0.5f}, {1, 0, 0.25f}}, y[3][2];
    aft_problem problem = {.shape = {.batch = 1, .heads = 1, .q_len = 3, .kv_len = 3, .channels = 2, .causal = true},
                           .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = 3},
                           .q = {.data = q[0], .time_stride = 2},
                           .k = {.data = k[0], .time_stride = 2},
                           .v = {.data = v[0], .time_stride = 2},
                           .y = {.data = y[0], .time_stride = 2}};
    size_t bytes = 0;
    aft_status status = aft_workspace_bytes(&problem, NULL, &bytes);
    void *workspace = malloc(bytes);
    if (status == AFT_OK)
        status = aft_forward(&problem, workspace, bytes, NULL);
    free(workspace);
    for (int t = 0; status == AFT_OK && t < 3; t++)
        printf("%9.6f %9.6f\n", y[t][0], y[t][1]);
    return status == AFT_OK ? 0 : (fprintf(stderr, "minimal: %s\n", aft_status_string(status)), 1);
}
