/* SPDX-License-Identifier: MIT */
/* A small AFT-full, the same everywhere. Included behind aft.h or aft.c. */
#include <stdlib.h>

enum { HOST_T = 37, HOST_D = 19 };

static aft_status host_forward(float *y) {
    static float q[HOST_T * HOST_D], k[HOST_T * HOST_D], v[HOST_T * HOST_D], w[HOST_T * HOST_T];
    for (int i = 0; i < HOST_T * HOST_D; i++) {
        q[i] = (float)(i * 7 % 23) / 11.0f - 1.0f;
        k[i] = (float)(i * 5 % 31) / 10.0f - 1.5f;
        v[i] = (float)(i * 3 % 17) / 8.0f - 1.0f;
    }
    for (int i = 0; i < HOST_T * HOST_T; i++)
        w[i] = (float)(i * 11 % 29) / 20.0f - 0.7f;
    const aft_problem problem = {
        .shape = {.batch = 1, .heads = 1, .q_len = HOST_T, .kv_len = HOST_T, .channels = HOST_D},
        .bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = HOST_T},
        .q = {.data = q, .time_stride = HOST_D},
        .k = {.data = k, .time_stride = HOST_D},
        .v = {.data = v, .time_stride = HOST_D},
        .y = {.data = y, .time_stride = HOST_D},
    };
    size_t bytes;
    aft_status status = aft_workspace_bytes(&problem, NULL, &bytes);
    if (status != AFT_OK)
        return status;
    void *workspace = malloc(bytes);
    status = aft_forward(&problem, workspace, bytes, NULL);
    free(workspace);
    return status;
}
