/* SPDX-License-Identifier: MIT */
/* AFT-local: |t - j| < s has a learned bias, and far keys still count, with exp(0) = 1. */
#include <math.h>
#include <stdlib.h>

#include "cases.h"

static case_spec local_spec(size_t length, size_t channels, size_t window) {
    case_spec spec = case_default(length, length, channels);
    spec.kind = AFT_BIAS_LOCAL;
    spec.window = window;
    return spec;
}

/* Runs a local problem and holds it against AFT-full with the bias written out: zeros where |t - j| >= s. */
static void try_against_written_out(const case_spec *spec) {
    test_case c = case_make(spec);
    const aft_shape *const s = &c.problem.shape;
    float *const dense = calloc(s->q_len * s->kv_len + 1, sizeof *dense);
    assert_non_null(dense);
    const float *const stored = c.problem.bias.data;
    const long window = (long)spec->window;
    for (size_t t = 0; t < s->q_len; t++)
        for (size_t j = 0; j < s->kv_len; j++) {
            const long distance = (long)(s->q_offset + t) - (long)j;
            const size_t row = (spec->first_row + t) * c.problem.bias.row_stride;
            if (labs(distance) < window)
                dense[t * s->kv_len + j] =
                    stored[row + (spec->kind == AFT_BIAS_BAND ? (size_t)(window - 1 - distance) : j)];
        }
    aft_problem truth = c.truth;
    truth.bias = (aft_bias){.kind = AFT_BIAS_FULL, .data = dense, .row_stride = s->kv_len};
    case_run(&c, NULL);
    case_check_against(&c, &truth, 1);
    free(dense);
    case_free(&c);
}

static void windows_written_out(const char *isa) {
    (void)isa;
    static const size_t lengths[] = {1, 5, 16, 33, 64, 65, 130, 200},
                        windows[] = {1, 2, 7, 15, 16, 17, 32, 63, 64, 65, 150};
    const size_t step = harness_pick(5, 1, 1);
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l += step)
        for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w += step)
            for (int variant = 0; variant < 8; variant++) {
                case_spec spec = local_spec(lengths[l], 5, windows[w]);
                spec.kind = variant & 1 ? AFT_BIAS_BAND : AFT_BIAS_LOCAL;
                spec.shape.causal = variant & 2;
                spec.shape.q_offset = variant & 4 ? random_size(1, 70) : 0;
                spec.w_range = 4;
                try_against_written_out(&spec);
            }
}

/* The keys inside are all but hidden: what is left is the mean of the far ones. */
static void far_keys_count(const char *isa) {
    (void)isa;
    enum { LENGTH = 150, WINDOW = 20 };
    case_spec spec = local_spec(LENGTH, 4, WINDOW);
    test_case c = case_make(&spec);
    case_set_queries(&c, 0);
    for (size_t j = 0; j < LENGTH; j++)
        case_set_key(&c, j, 0, 1);
    for (size_t t = 0; t < LENGTH; t++)
        for (size_t j = 0; j < LENGTH; j++)
            if (case_w(&c, 0, 0, t, j))
                *case_w(&c, 0, 0, t, j) = t % 2 ? -1e4f : (float)log(3);
    case_set_key(&c, 75, 0, 1000);
    case_run(&c, NULL);
    case_check(&c, 1);
    for (size_t t = 1; t < LENGTH; t += 2) {
        const size_t first = t < WINDOW ? 0 : t - WINDOW + 1, last = t + WINDOW > LENGTH ? LENGTH : t + WINDOW;
        const bool inside = first <= 75 && 75 < last;
        const double far = (double)(LENGTH - (last - first));
        const double want = 0.5 * (inside ? 1 : (far + 999) / far);
        assert_true(fabs((double)case_output(&c, 0, 0, t)[0] - want) < 1e-4 * want);
    }
    case_free(&c);
}

/* One key of each row carries the answer: the last inside the window on either side. */
static void window_edges(const char *isa) {
    (void)isa;
    enum { LENGTH = 140 };
    static const size_t windows[] = {1, 2, 16, 17, 33, 64};
    for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w += harness_pick(2, 1, 1))
        for (int after = 0; after < 2; after++) {
            case_spec spec = local_spec(LENGTH, 3, windows[w]);
            test_case c = case_make(&spec);
            case_set_queries(&c, 0);
            for (size_t j = 0; j < LENGTH; j++)
                case_set_key(&c, j, 0, (float)j + 1);
            for (size_t t = 0; t < LENGTH; t++)
                for (size_t j = 0; j < LENGTH; j++)
                    if (case_w(&c, 0, 0, t, j))
                        *case_w(&c, 0, 0, t, j) = (after ? j - t : t - j) == windows[w] - 1 ? 60 : 0;
            case_run(&c, NULL);
            case_check(&c, 1);
            for (size_t t = windows[w]; t + windows[w] < LENGTH; t++) {
                const size_t edge = after ? t + windows[w] - 1 : t + 1 - windows[w];
                assert_true(fabs((double)case_output(&c, 0, 0, t)[1] - 0.5 * ((double)edge + 1)) < 1e-3);
            }
            case_free(&c);
        }
}

/* `kind` of the truth; the bias's storage is the same. */
static void try_equals(const case_spec *spec, aft_bias_kind kind) {
    test_case c = case_make(spec);
    for (size_t t = 0; t < spec->shape.q_len; t++)
        for (size_t j = 0; j < spec->shape.kv_len; j++)
            ((float *)c.w.bytes)[t * c.problem.bias.row_stride + j] = random_float(-2, 2);
    aft_problem truth = c.truth;
    truth.bias.kind = kind;
    case_run(&c, NULL);
    case_check_against(&c, &truth, 1);
    case_free(&c);
}

static void window_zero_is_simple(const char *isa) {
    (void)isa;
    for (int causal = 0; causal < 2; causal++) {
        case_spec spec = local_spec(100, 9, 0);
        spec.shape.causal = causal;
        try_equals(&spec, AFT_BIAS_NONE);
    }
}

static void wide_window_is_full(const char *isa) {
    (void)isa;
    static const size_t windows[] = {100, 101, 102, 1000, SIZE_MAX / 4};
    for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = local_spec(100, harness_pick(2, 9, 9), windows[w]);
            spec.shape.causal = causal;
            try_equals(&spec, AFT_BIAS_FULL);
        }
}

/* exp(w) - 1 beside a sum over all keys would cancel to nothing here. */
static void negative_bias_on_dominant_key(const char *isa) {
    (void)isa;
    static const float drops[] = {-5, -20, -40, -60, -88, -200, -1e4f};
    for (size_t d = 0; d < sizeof drops / sizeof drops[0]; d += harness_pick(2, 1, 1))
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = local_spec(120, harness_pick(1, 5, 5), 10);
            spec.shape.causal = causal;
            test_case c = case_make(&spec);
            case_set_key(&c, 50, 40, 1e3f);
            for (size_t t = 41; t < 60; t++)
                *case_w(&c, 0, 0, t, 50) = drops[d];
            case_run(&c, NULL);
            case_check(&c, 1);
            case_free(&c);
        }
}

/* A far key that outweighs, equals or is outweighed by the window, on either side and in any chain. */
static void one_heavy_far_key(const char *isa) {
    (void)isa;
    static const float keys[] = {60, 79, 80, 81, 100, 140, 200};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k += harness_pick(3, 1, 1))
        for (size_t far = 0; far < 200; far += harness_pick(100, 37, 11)) {
            case_spec spec = local_spec(200, harness_pick(1, 3, 3), 12);
            spec.w_range = 0;
            test_case c = case_make(&spec);
            case_set_key(&c, far, keys[k], 100);
            for (size_t t = 0; t < 200; t++)
                for (size_t j = 0; j < 200; j++)
                    if (case_w(&c, 0, 0, t, j))
                        *case_w(&c, 0, 0, t, j) = 80 + random_float(-1, 1);
            case_run(&c, NULL);
            case_check(&c, 1);
            case_free(&c);
        }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(windows_written_out),   EACH_ISA(far_keys_count),      EACH_ISA(window_edges),
        EACH_ISA(window_zero_is_simple), EACH_ISA(wide_window_is_full), EACH_ISA(negative_bias_on_dominant_key),
        EACH_ISA(one_heavy_far_key),
    };
    return HARNESS_MAIN("local", units);
}
