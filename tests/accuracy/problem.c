/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void give_up(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("accuracy: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void *allocate(size_t bytes) {
    void *const memory = malloc(bytes ? bytes : 1);
    if (!memory)
        give_up("no memory for %zu bytes", bytes);
    return memory;
}

static void path_of(const accuracy_problem *problem, const char *name, const char *suffix, char *path, size_t size) {
    if ((size_t)snprintf(path, size, "%s/%s%s", problem->folder, name, suffix) >= size)
        give_up("%s: the path is too long", problem->folder);
}

npy_array problem_array(const accuracy_problem *problem, const char *name, npy_type type, size_t dimensions) {
    char path[600], error[800];
    npy_array array;
    path_of(problem, name, ".npy", path, sizeof path);
    if (!npy_read(path, &array, error, sizeof error))
        give_up("%s", error);
    if (array.type != type || array.dimensions != dimensions)
        give_up("%s: not of the type or rank that a problem has", path);
    return array;
}

void problem_write(const accuracy_problem *problem, const char *name, const void *data, size_t bytes) {
    char path[600];
    path_of(problem, name, "", path, sizeof path);
    FILE *const file = fopen(path, "wb");
    if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0)
        give_up("%s: %s", path, strerror(errno));
}

static bool has_array(const accuracy_problem *problem, const char *name) {
    char path[600];
    path_of(problem, name, ".npy", path, sizeof path);
    return access(path, F_OK) == 0;
}

static aft_tensor_in tensor(const npy_array *array) {
    const size_t rows = array->shape[2], channels = array->shape[3];
    return (aft_tensor_in){array->data, array->shape[1] * rows * channels, rows * channels, channels};
}

static aft_bias_kind kind_of(const char *name) {
    if (strcmp(name, "simple") == 0)
        return AFT_BIAS_NONE;
    if (strcmp(name, "full") == 0)
        return AFT_BIAS_FULL;
    if (strcmp(name, "local") == 0)
        return AFT_BIAS_LOCAL;
    give_up("'%s' is no kernel: simple, full, local", name);
}

static bool same_shape(const npy_array *one, const npy_array *other) {
    return memcmp(one->shape, other->shape, 4 * sizeof one->shape[0]) == 0;
}

accuracy_problem problem_read(const char *line) {
    accuracy_problem p = {0};
    char kernel[16];
    int causal;
    if (sscanf(line, "%511s %15s %d %zu %zu%n", p.folder, kernel, &causal, &p.aft.shape.q_offset, &p.aft.bias.window,
               &p.words) != 5)
        give_up("a line is FOLDER KERNEL CAUSAL Q_OFFSET WINDOW, not '%s'", line);
    p.q = problem_array(&p, "q", NPY_F4, 4);
    p.k = problem_array(&p, "k", NPY_F4, 4);
    p.v = problem_array(&p, "v", NPY_F4, 4);
    aft_shape *const shape = &p.aft.shape;
    shape->batch = p.q.shape[0];
    shape->heads = p.q.shape[1];
    shape->q_len = p.q.shape[2];
    shape->channels = p.q.shape[3];
    shape->kv_len = p.k.shape[2];
    shape->causal = causal;
    if (p.k.shape[0] != shape->batch || p.k.shape[1] != shape->heads || p.k.shape[3] != shape->channels ||
        !same_shape(&p.k, &p.v))
        give_up("%s: the shapes of q, k and v do not fit each other", p.folder);

    p.aft.bias.kind = kind_of(kernel);
    if (p.aft.bias.kind != AFT_BIAS_NONE) {
        p.w = problem_array(&p, "w", NPY_F4, 2);
        if (p.w.shape[0] != shape->q_len || p.w.shape[1] != shape->kv_len)
            give_up("%s: w must be [q_len][kv_len]", p.folder);
        p.aft.bias.data = p.w.data;
        p.aft.bias.row_stride = shape->kv_len;
    }
    p.kv_len_of = allocate(shape->batch * sizeof *p.kv_len_of);
    for (size_t b = 0; b < shape->batch; b++)
        p.kv_len_of[b] = shape->kv_len;
    if (has_array(&p, "kv_lengths")) {
        p.kv_lengths = problem_array(&p, "kv_lengths", NPY_I4, 1);
        if (p.kv_lengths.shape[0] != shape->batch)
            give_up("%s: kv_lengths must be [batch]", p.folder);
        for (size_t b = 0; b < shape->batch; b++)
            p.kv_len_of[b] = (size_t)((const int32_t *)p.kv_lengths.data)[b];
        shape->kv_lengths = p.kv_len_of;
    }
    p.aft.q = tensor(&p.q);
    p.aft.k = tensor(&p.k);
    p.aft.v = tensor(&p.v);
    return p;
}

void problem_free(accuracy_problem *problem) {
    npy_array *const all[] = {&problem->q, &problem->k, &problem->v, &problem->w, &problem->kv_lengths};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        npy_free(all[i]);
    free(problem->kv_len_of);
}
