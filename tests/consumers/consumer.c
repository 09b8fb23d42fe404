/* SPDX-License-Identifier: MIT */
/* What every consumer builds: AFT-simple, -full and -local, causal and not, on each instruction set of the library that this CPU
 * has, checked against the formula in double. Prints them, and last a hash of the results' bits. */
#include <aft.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 150, D = 37, WINDOW = 9, PROBLEMS = 6 };

static float q[T][D], k[T][D], v[T][D], w[T][T], y[PROBLEMS][T][D], first[PROBLEMS][T][D];

static void fill(float *x, size_t n, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)((int32_t)(seed >> 8) - (1 << 23)) * 0x1p-22f;
    }
}

static int is_causal(int problem) { return problem % 2; }
static aft_bias_kind kind_of(int problem) {
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL};
    return kinds[problem / 2];
}

static double bias_of(int problem, int t, int j) {
    const int window = kind_of(problem) == AFT_BIAS_NONE ? 0 : kind_of(problem) == AFT_BIAS_LOCAL ? WINDOW : T;
    return abs(t - j) < window ? w[t][j] : 0;
}

/* The bound that aft.h gives. */
static int is_right(int problem) {
    for (int t = 0; t < T; t++)
        for (int c = 0; c < D; c++) {
            double numerator = 0, denominator = 0, magnitude = 0;
            for (int j = 0; j < (is_causal(problem) ? t + 1 : T); j++) {
                const double p = exp(k[j][c] + bias_of(problem, t, j));
                numerator += p * v[j][c];
                magnitude += p * fabs(v[j][c]);
                denominator += p;
            }
            const double gate = 1 / (1 + exp(-q[t][c])) / denominator;
            if (!(fabs(y[problem][t][c] - gate * numerator) <= 24 * 0x1p-24 * gate * magnitude)) {
                printf("problem %d: y[%d][%d] is %.9g, not %.9g\n", problem, t, c, y[problem][t][c], gate * numerator);
                return 0;
            }
        }
    return 1;
}

static uint64_t hash_of_results(void) { /* FNV-1a */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const unsigned char *bytes = (const unsigned char *)y;
    for (size_t i = 0; i < sizeof y; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static aft_status forward(int number) {
    const aft_problem problem = {
        .shape = {.batch = 1, .heads = 1, .q_len = T, .kv_len = T, .channels = D, .causal = is_causal(number)},
        .bias = {.kind = kind_of(number), .data = w, .row_stride = T, .window = WINDOW},
        .q = {.data = q[0], .time_stride = D},
        .k = {.data = k[0], .time_stride = D},
        .v = {.data = v[0], .time_stride = D},
        .y = {.data = y[number][0], .time_stride = D},
    };
    size_t bytes;
    aft_status status = aft_workspace_bytes(&problem, NULL, &bytes);
    void *const workspace = status == AFT_OK ? malloc(bytes) : NULL;
    if (workspace)
        status = aft_forward(&problem, workspace, bytes, NULL);
    free(workspace);
    return status;
}

int main(void) {
    fill(q[0], T * D, 1);
    fill(k[0], T * D, 2);
    fill(v[0], T * D, 3);
    fill(w[0], T * T, 4);
    for (size_t i = 0; aft_isa_at(i); i++) {
        const char *const isa = aft_isa_at(i);
        if (aft_use_isa(isa) != AFT_OK)
            continue;
        memset(y, 0xff, sizeof y);
        for (int problem = 0; problem < PROBLEMS; problem++) {
            const aft_status status = forward(problem);
            if (status != AFT_OK || !is_right(problem)) {
                printf("%s: %s\n", isa, aft_status_string(status));
                return 1;
            }
        }
        if (i == 0)
            memcpy(first, y, sizeof y);
        if (memcmp(first, y, sizeof y) != 0) {
            printf("%s has other bits than %s\n", isa, aft_isa_at(0));
            return 1;
        }
        printf("isa %s\n", aft_isa_name());
    }
    printf("bits %016llx\n", (unsigned long long)hash_of_results());
    return 0;
}
