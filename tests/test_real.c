/* SPDX-License-Identifier: MIT */
/* Layers of trained models (tests/data): the library against outputs that NumPy computed in float64. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "npy.h"
#include "reference.h"

enum { ROWS = 200, CHANNELS = 64, WINDOW = 32 };

/* The last rows and first channels of a layer, as many as suit this run. */
static size_t first_row(void) { return ROWS - harness_pick(8, ROWS, ROWS); }
static size_t channels(void) { return harness_pick(9, CHANNELS, CHANNELS); }

static npy_array load(const char *model, const char *layer, char tensor) {
    const bool is_bias = tensor == 'w';
    const size_t shape[] = {ROWS, is_bias ? ROWS : CHANNELS};
    char path[512], error[768];
    npy_array array;
    snprintf(path, sizeof path, "%s/%s/%s_%c.npy", AFT_TEST_DATA, model, layer, tensor);
    if (!npy_read_as(path, tensor == 'y' ? NPY_F8 : NPY_F4, 2, shape, &array, error, sizeof error))
        harness_fail("%s", error);
    return array;
}

/* Rows skip, skip + 1, ... of a tensor of the layer. */
static void copy_rows(const char *model, const char *layer, char tensor, size_t skip, float *first, size_t stride) {
    npy_array array = load(model, layer, tensor);
    for (size_t t = skip; t < ROWS; t++)
        memcpy(first + (t - skip) * stride, (const float *)array.data + t * CHANNELS, channels() * sizeof(float));
    npy_free(&array);
}

static test_case layer_case(const char *model, const char *layer, aft_bias_kind kind) {
    case_spec spec = case_default(ROWS - first_row(), ROWS, channels());
    spec.shape.q_offset = first_row();
    spec.shape.causal = strcmp(model, "causal") == 0;
    spec.kind = kind;
    spec.window = WINDOW;
    test_case c = case_make(&spec);
    copy_rows(model, layer, 'q', first_row(), case_q(&c, 0, 0, 0, 0), c.problem.q.time_stride);
    copy_rows(model, layer, 'k', 0, case_k(&c, 0, 0, 0, 0), c.problem.k.time_stride);
    copy_rows(model, layer, 'v', 0, case_v(&c, 0, 0, 0, 0), c.problem.v.time_stride);
    if (kind == AFT_BIAS_NONE)
        return c;
    npy_array w = load(model, layer, 'w');
    for (size_t t = 0; t < spec.shape.q_len; t++)
        for (size_t j = 0; j < ROWS; j++)
            if (case_w(&c, 0, 0, t, j))
                *case_w(&c, 0, 0, t, j) = ((const float *)w.data)[(first_row() + t) * ROWS + j];
    npy_free(&w);
    return c;
}

/* The shipped y against the reference, then the library against the shipped y. */
static void check_shipped(const test_case *c, const char *model, const char *layer) {
    npy_array y = load(model, layer, 'y');
    for (size_t t = 0; t < c->spec.shape.q_len; t++)
        for (size_t i = 0; i < c->spec.shape.channels; i++) {
            const double shipped = ((const double *)y.data)[(first_row() + t) * CHANNELS + i];
            const reference_value value = reference_output(&c->truth, 0, 0, t, i);
            if (!(fabs(shipped - value.y) <= 1e-12 * value.scale))
                harness_fail("%s %s y[%zu][%zu]: shipped as %.17g, the reference gives %.17g", model, layer, t, i,
                             shipped, value.y);
            const float got = case_output(c, 0, 0, t)[i];
            const double ratio = fabs((double)got - shipped) / reference_bound(&value);
            harness_note_error(ratio);
            if (!(ratio <= 1))
                harness_fail("%s %s y[%zu][%zu]: %a, should be %a: %.3g of the bound", model, layer, t, i, (double)got,
                             shipped, ratio);
        }
    npy_free(&y);
}

static void try_layer(const char *layer, aft_bias_kind kind) {
    static const char *const models[] = {"causal", "masked"};
    for (size_t m = 0; m < 2; m++) {
        test_case c = layer_case(models[m], layer, kind);
        case_run(&c, NULL);
        check_shipped(&c, models[m], layer);
        case_free(&c);
    }
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

static void local_layers_as_bands(const char *isa) {
    (void)isa;
    try_layer("local", AFT_BIAS_BAND);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(simple_layers), EACH_ISA(full_layers), EACH_ISA(local_layers),
                                         EACH_ISA(local_layers_as_bands)};
    return HARNESS_MAIN("real", units);
}
