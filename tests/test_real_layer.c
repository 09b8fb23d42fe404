/* SPDX-License-Identifier: MIT */
/* Whole layers of trained models (tests/data, KIND_layer): aft_layer against outputs that NumPy computed in float64.
 *
 * The bound is what aft.h promises of each part, carried through the next. With eq, ek, ev the bounds of the three maps
 * of x, the largest over the keys for ek and ev: sigmoid(q) grows by a factor of at most exp(eq), a weight p by one of
 * exp(2 ek), and |v| by ev. So the aggregation, with its own 24 u, errs by at most
 *
 *     ey = exp(eq + 2 ek) (1 + 24 u) (scale + sigmoid(q) ev) - scale,   scale = sigmoid(q) sum p|v|
 *
 * and an output by sum |project| ey and the bound of project.
 *
 * That is for data in which every rounding goes the same way. Trained layers come to 0.001 of it, the same on every
 * instruction set; 0.01 is allowed here, so that a small fault shows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "harness.h"
#include "layer_reference.h"
#include "npy.h"
#include "pool.h"
#include "reference.h"

enum { ROWS = 200, DIM = 128, HIDDEN = 64, WINDOW = 32 };

static const double unit = 0x1p-24, share_allowed = 0.01;

/* The outputs that are checked are those of the last rows, as many as suit this run. */
static size_t first_row(void) { return ROWS - harness_pick(4, ROWS, ROWS); }

typedef struct real_layer {
    const char *model, *kind;
    npy_array weights[4], biases[4], x, out, w; /* of to_q, to_k, to_v and project */
    aft_layer layer;
} real_layer;

static npy_array load(const real_layer *r, const char *name, npy_type type, size_t dimensions, size_t rows,
                      size_t columns) {
    const size_t shape[] = {rows, columns};
    char path[512], error[768];
    npy_array array;
    snprintf(path, sizeof path, "%s/%s/%s_%s.npy", AFT_TEST_DATA, r->model, r->kind, name);
    if (!npy_read_as(path, type, dimensions, shape, &array, error, sizeof error))
        harness_fail("%s", error);
    return array;
}

static real_layer load_layer(const char *model, const char *kind, aft_bias_kind bias) {
    static const char *const names[] = {"to_q", "to_k", "to_v", "project"};
    real_layer r = {.model = model, .kind = kind};
    r.layer = (aft_layer){.dim = DIM,
                          .heads = 1,
                          .channels = HIDDEN,
                          .max_length = ROWS,
                          .causal = strcmp(model, "causal") == 0,
                          .bias = {.kind = bias, .row_stride = ROWS, .window = WINDOW}};
    aft_linear *const maps[] = {&r.layer.to_q, &r.layer.to_k, &r.layer.to_v, &r.layer.project};
    for (size_t i = 0; i < 4; i++) {
        const size_t out = i < 3 ? HIDDEN : DIM, in = i < 3 ? DIM : HIDDEN;
        char weight[64], offset[64];
        snprintf(weight, sizeof weight, "layer/%s_weight", names[i]);
        snprintf(offset, sizeof offset, "layer/%s_bias", names[i]);
        r.weights[i] = load(&r, weight, NPY_F4, 2, out, in);
        r.biases[i] = load(&r, offset, NPY_F4, 1, out, 0);
        *maps[i] = (aft_linear){r.weights[i].data, r.biases[i].data};
    }
    r.x = load(&r, "layer/x", NPY_F4, 2, ROWS, DIM);
    r.out = load(&r, "layer/out", NPY_F8, 2, ROWS, DIM);
    if (bias != AFT_BIAS_NONE) {
        r.w = load(&r, "w", NPY_F4, 2, ROWS, ROWS);
        r.layer.bias.data = r.w.data;
    }
    return r;
}

static void free_layer(real_layer *r) {
    for (size_t i = 0; i < 4; i++) {
        npy_free(&r->weights[i]);
        npy_free(&r->biases[i]);
    }
    npy_free(&r->x);
    npy_free(&r->out);
    npy_free(&r->w);
}

/* Written to y[ROWS][DIM]. */
static void run_layer(const real_layer *r, float *y) {
    const aft_sequences sequences = {
        .batch = 1, .length = ROWS, .x = r->x.data, .x_time_stride = DIM, .y = y, .y_time_stride = DIM};
    pool p = {2};
    const aft_parallel parallel = pool_parallel(&p);
    size_t bytes;
    assert_int_equal(aft_layer_bytes(&r->layer, &bytes), AFT_OK);
    guarded layer = guarded_make(bytes, false, 0);
    assert_int_equal(aft_layer_prepare(&r->layer, layer.bytes, bytes), AFT_OK);
    guarded_read_only(&layer);
    assert_int_equal(aft_layer_workspace_bytes(layer.bytes, &sequences, &parallel, &bytes), AFT_OK);
    guarded workspace = guarded_workspace(bytes, false, 1);
    assert_int_equal(aft_layer_forward(layer.bytes, &sequences, workspace.bytes, bytes, &parallel), AFT_OK);
    guarded_free(&workspace);
    guarded_free(&layer);
}

/* A map of all rows of x, rounded once, and the bounds of its errors: of each value, and of each unit's worst row. */
typedef struct mapped {
    float values[ROWS * HIDDEN];
    double errors[ROWS * HIDDEN], largest[HIDDEN];
} mapped;

static void map_rows(const aft_linear *map, const float *x, mapped *m) {
    for (size_t t = 0; t < ROWS; t++)
        for (size_t o = 0; o < HIDDEN; o++) {
            double sum = (double)map->bias[o], magnitude = fabs(sum);
            for (size_t i = 0; i < DIM; i++) {
                const double product = (double)x[t * DIM + i] * (double)map->weight[o * DIM + i];
                sum += product;
                magnitude += fabs(product);
            }
            m->values[t * HIDDEN + o] = (float)sum;
            m->errors[t * HIDDEN + o] = linear_bound(DIM, magnitude);
            m->largest[o] = fmax(m->largest[o], m->errors[t * HIDDEN + o]);
        }
}

typedef struct projections {
    mapped q, k, v;
} projections;

/* ey of one row; and the magnitudes of y. */
static void aggregation_bounds(const real_layer *r, const projections *of, size_t t, double *bounds,
                               double *magnitudes) {
    const aft_problem problem = {
        .shape = {.batch = 1, .heads = 1, .q_len = ROWS, .kv_len = ROWS, .channels = HIDDEN, .causal = r->layer.causal},
        .bias = r->layer.bias,
        .q = {.data = of->q.values, .time_stride = HIDDEN},
        .k = {.data = of->k.values, .time_stride = HIDDEN},
        .v = {.data = of->v.values, .time_stride = HIDDEN}};
    for (size_t c = 0; c < HIDDEN; c++) {
        const reference_value value = reference_output(&problem, 0, 0, t, c);
        const double gate = 1 / (1 + exp(-(double)of->q.values[t * HIDDEN + c]));
        const double growth = exp(of->q.errors[t * HIDDEN + c] + 2 * of->k.largest[c]) * (1 + 24 * unit);
        bounds[c] = growth * (value.scale + gate * of->v.largest[c]) - value.scale;
        magnitudes[c] = fabs(value.y) + bounds[c];
    }
}

static void check_row(const real_layer *r, const projections *of, size_t t, const float *y) {
    double bounds[HIDDEN], magnitudes[HIDDEN];
    aggregation_bounds(r, of, t, bounds, magnitudes);
    for (size_t o = 0; o < DIM; o++) {
        double carried = 0, magnitude = fabs((double)r->layer.project.bias[o]);
        for (size_t c = 0; c < HIDDEN; c++) {
            const double weight = fabs((double)r->layer.project.weight[o * HIDDEN + c]);
            carried += weight * bounds[c];
            magnitude += weight * magnitudes[c];
        }
        const double want = ((const double *)r->out.data)[t * DIM + o], got = (double)y[o];
        const double ratio = fabs(got - want) / (carried + linear_bound(HIDDEN, magnitude));
        harness_note_error(ratio);
        if (!(ratio <= share_allowed))
            harness_fail("%s %s y[%zu][%zu]: %a, should be %a: %.3g of the bound, %g is allowed", r->model, r->kind, t,
                         o, got, want, ratio, share_allowed);
    }
}

static void try_model(const char *model, const char *kind, aft_bias_kind bias) {
    real_layer r = load_layer(model, kind, bias);
    projections *const of = calloc(1, sizeof *of);
    assert_non_null(of);
    map_rows(&r.layer.to_q, r.x.data, &of->q);
    map_rows(&r.layer.to_k, r.x.data, &of->k);
    map_rows(&r.layer.to_v, r.x.data, &of->v);
    static float y[ROWS * DIM];
    run_layer(&r, y);
    for (size_t t = first_row(); t < ROWS; t++)
        check_row(&r, of, t, y + t * DIM);
    free(of);
    free_layer(&r);
}

static void try_layer(const char *kind, aft_bias_kind bias) {
    static const char *const models[] = {"masked", "causal"};
    for (size_t m = 0; m < harness_pick(1, 2, 2); m++)
        try_model(models[m], kind, bias);
}

static void simple_layers(const char *isa) {
    (void)isa;
    try_layer("simple", AFT_BIAS_NONE);
}

static void full_layers(const char *isa) {
    (void)isa;
    try_layer("full", AFT_BIAS_FULL);
}

static void local_layers(const char *isa) {
    (void)isa;
    try_layer("local", AFT_BIAS_LOCAL);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(simple_layers), EACH_ISA(full_layers), EACH_ISA(local_layers)};
    return HARNESS_MAIN("real_layer", units);
}
