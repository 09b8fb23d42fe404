/* SPDX-License-Identifier: MIT */
/*
 * A forward of libaft is a list of phases, and the tasks of a phase may run at once. ggml's threads meet only between
 * nodes of a graph, so each phase is a node:
 *
 *     workspace   a node that computes nothing: its output is the workspace, so ggml-alloc gives it memory just when the
 *                 phases need it, and layer after layer the same
 *     phase 0     a node whose output is y
 *     phase i     an in-place node on the output of phase i - 1: this is what orders them
 *
 * Phases have q, k, v, w and the workspace as sources, which keeps these alive until the last one. Addresses are read while
 * the graph runs: before, tensors have none. Nothing that a node reads changes between computations, but *status.
 */
#include "aft_ggml.h"

#include <string.h>

enum source { WORKSPACE, Q, K, V, W, SOURCES };

struct phase {
    const struct layer *layer;
    size_t index;
};

struct layer {
    aft_problem problem; /* all of it but the addresses */
    size_t max_threads, phases;
    aft_status *status;
    struct phase phase[];
};

/* The first failure stays. */
static void report(aft_status *status, aft_status failure) {
    aft_status expected = AFT_OK;
    __atomic_compare_exchange_n(status, &expected, failure, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void only_reserve(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    (void)dst, (void)ith, (void)nth, (void)userdata;
}

static aft_status count_bytes(const aft_problem *problem, size_t threads, size_t *bytes) {
    return aft_workspace_bytes(problem, &(aft_parallel){.width = threads}, bytes);
}

/* Counts the tasks of a phase. All threads come to the same answer: the graph was laid out for the instruction set of then,
 * and if another has been chosen since, its phases or its workspace may differ. */
static aft_status count_tasks(const aft_problem *problem, const struct phase *phase, size_t room, size_t *tasks) {
    size_t phases, bytes;
    aft_status status = count_bytes(problem, phase->layer->max_threads, &bytes);
    if (status == AFT_OK && bytes > room)
        status = AFT_WORKSPACE;
    if (status == AFT_OK)
        status = aft_phases(problem, &phases);
    if (status == AFT_OK && phases != phase->layer->phases)
        status = AFT_STALE;
    return status == AFT_OK ? aft_tasks(problem, phase->index, tasks) : status;
}

/* nth is the number of the graph's threads, whatever n_tasks the node has asked for. */
static void run_phase(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    const struct phase *phase = userdata;
    const struct layer *layer = phase->layer;
    struct ggml_tensor **source = dst->src + (phase->index > 0); /* an in-place node's first source is its output */
    size_t room = ggml_nbytes(source[WORKSPACE]), tasks = 0;
    aft_problem problem = layer->problem;
    problem.q.data = source[Q]->data;
    problem.k.data = source[K]->data;
    problem.v.data = source[V]->data;
    problem.bias.data = source[W]->data;
    problem.y.data = dst->data;

    aft_status status = __atomic_load_n(layer->status, __ATOMIC_RELAXED);
    if (status == AFT_OK)
        status = count_tasks(&problem, phase, room, &tasks);
    size_t worker = (size_t)ith, workers = (size_t)nth < layer->max_threads ? (size_t)nth : layer->max_threads;
    for (size_t task = worker; status == AFT_OK && worker < workers && task < tasks; task += workers)
        status = aft_run(&problem, source[WORKSPACE]->data, room, phase->index, task, worker);
    if (status != AFT_OK) {
        report(layer->status, status);
        if (ith == 0)
            memset(dst->data, 0xff, ggml_nbytes(dst)); /* NaN */
    }
}

static bool is_strided_f32(const struct ggml_tensor *tensor) {
    const size_t *nb = tensor->nb;
    return tensor->type == GGML_TYPE_F32 && nb[0] == sizeof(float) && nb[1] % sizeof(float) == 0 &&
           nb[2] % sizeof(float) == 0 && nb[3] % sizeof(float) == 0;
}

/* Heads and batches are q's; w may have one for all. */
static bool shapes_fit(struct ggml_tensor *const source[SOURCES], const aft_problem *problem) {
    const struct ggml_tensor *q = source[Q], *k = source[K], *v = source[V], *w = source[W];
    bool columns_fit = problem->bias.kind == AFT_BIAS_BAND ? w->ne[0] % 2 == 1 : w->ne[0] >= k->ne[1];
    return k->ne[0] == q->ne[0] && k->ne[2] == q->ne[2] && k->ne[3] == q->ne[3] && ggml_are_same_shape(k, v) &&
           columns_fit && (uint64_t)w->ne[1] >= problem->bias.first_row + problem->shape.q_len &&
           (w->ne[2] == 1 || w->ne[2] == q->ne[2]) && (w->ne[3] == 1 || w->ne[3] == q->ne[3]);
}

static size_t stride(const struct ggml_tensor *tensor, int dimension) { return tensor->nb[dimension] / sizeof(float); }

static aft_tensor_in strides_of(const struct ggml_tensor *tensor) {
    return (aft_tensor_in){NULL, stride(tensor, 3), stride(tensor, 2), stride(tensor, 1)};
}

/* The problem without addresses: tensors get theirs when the graph is computed. */
static aft_problem describe(struct ggml_tensor *const source[SOURCES], aft_bias_kind kind, bool causal,
                            size_t q_offset) {
    const struct ggml_tensor *q = source[Q], *k = source[K], *v = source[V], *w = source[W];
    size_t channels = (size_t)q->ne[0], rows = (size_t)q->ne[1], heads = (size_t)q->ne[2];
    return (aft_problem){
        .shape = {.batch = (size_t)q->ne[3],
                  .heads = heads,
                  .q_len = rows,
                  .kv_len = (size_t)k->ne[1],
                  .channels = channels,
                  .q_offset = q_offset,
                  .causal = causal},
        .bias = {.kind = kind,
                 .batch_stride = w->ne[3] > 1 ? stride(w, 3) : 0,
                 .head_stride = w->ne[2] > 1 ? stride(w, 2) : 0,
                 .row_stride = stride(w, 1),
                 .first_row = q_offset,
                 .window = kind == AFT_BIAS_BAND ? (size_t)(w->ne[0] + 1) / 2 : 0},
        .q = strides_of(q),
        .k = strides_of(k),
        .v = strides_of(v),
        .y = {NULL, heads * rows * channels, rows * channels, channels},
    };
}

static struct ggml_tensor *add_phases(struct ggml_context *ctx, struct ggml_tensor *source[SOURCES],
                                      const aft_problem *problem, size_t phases, struct ggml_aft_params params) {
    struct layer *layer = ggml_new_buffer(ctx, sizeof *layer + phases * sizeof layer->phase[0]);
    *layer = (struct layer){*problem, (size_t)params.max_threads, phases, params.status};
    const int64_t *ne = source[Q]->ne;
    struct ggml_tensor *y = NULL;
    for (size_t i = 0; i < phases; i++) {
        struct phase *phase = &layer->phase[i];
        *phase = (struct phase){layer, i};
        y = y ? ggml_custom_inplace(ctx, y, source, SOURCES, run_phase, params.max_threads, phase)
              : ggml_custom_4d(ctx, GGML_TYPE_F32, ne[0], ne[1], ne[2], ne[3], source, SOURCES, run_phase,
                               params.max_threads, phase);
    }
    return y ? y : ggml_new_tensor(ctx, GGML_TYPE_F32, GGML_MAX_DIMS, ne); /* nothing to compute */
}

static struct ggml_tensor *build(struct ggml_context *ctx, struct ggml_tensor *source[SOURCES], aft_bias_kind kind,
                                 struct ggml_aft_params params) {
    GGML_ASSERT(params.status);
    aft_status status = AFT_OK;
    for (int i = Q; i <= W; i++)
        if (!is_strided_f32(source[i]))
            status = AFT_UNSUPPORTED;
    aft_problem problem = describe(source, kind, params.causal, (size_t)params.q_offset);
    if (status == AFT_OK && !shapes_fit(source, &problem))
        status = AFT_SIZE;
    size_t bytes = 0, phases = 0;
    if (status == AFT_OK)
        status = count_bytes(&problem, (size_t)params.max_threads, &bytes);
    if (status == AFT_OK)
        status = aft_phases(&problem, &phases);
    if (status != AFT_OK) {
        report(params.status, status);
        return NULL;
    }
    source[WORKSPACE] = ggml_custom_4d(ctx, GGML_TYPE_I8, (int64_t)bytes, 1, 1, 1, NULL, 0, only_reserve, 1, NULL);
    return add_phases(ctx, source, &problem, phases, params);
}

struct ggml_tensor *ggml_aft_full(struct ggml_context *ctx, struct ggml_tensor *q, struct ggml_tensor *k,
                                  struct ggml_tensor *v, struct ggml_tensor *w, struct ggml_aft_params params) {
    return build(ctx, (struct ggml_tensor *[SOURCES]){NULL, q, k, v, w}, AFT_BIAS_FULL, params);
}

struct ggml_tensor *ggml_aft_local(struct ggml_context *ctx, struct ggml_tensor *q, struct ggml_tensor *k,
                                   struct ggml_tensor *v, struct ggml_tensor *w, struct ggml_aft_params params) {
    return build(ctx, (struct ggml_tensor *[SOURCES]){NULL, q, k, v, w}, AFT_BIAS_BAND, params);
}
