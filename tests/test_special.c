/* SPDX-License-Identifier: MIT */
/* The table of special values in aft.h, line by line, and at random against the reference. */
#include <math.h>
#include <stdlib.h>

#include "cases.h"

typedef enum outcome { HIDDEN, IS_NAN, PLUS, MINUS, GATE_0, GATE_MINUS_0, GATE_1, AS_ZERO } outcome;

#define LARGEST_SUBNORMAL 0x1.fffffcp-127f

/* What one key (q, k, v) and the bias of that key are given, and what becomes of an output that sees it. All other
 * keys have k = 0, v = 2, w = 0, q = 0: an output is 1 without the key. */
typedef struct line {
    float q, k, w, v;
    outcome expected;
} line;

static const line lines[] = {
    {0, -INFINITY, 0, 1000, HIDDEN},
    {0, 0, -INFINITY, 1000, HIDDEN},
    {0, -INFINITY, -INFINITY, 1000, HIDDEN},
    {0, -INFINITY, 0, NAN, HIDDEN},
    {0, -INFINITY, 0, INFINITY, HIDDEN},
    {0, 0, -INFINITY, NAN, HIDDEN},
    {0, 0, -INFINITY, -INFINITY, HIDDEN},
    {0, -INFINITY, NAN, 1000, HIDDEN},
    {0, -INFINITY, INFINITY, 1000, HIDDEN},
    {0, NAN, -INFINITY, 1000, HIDDEN},
    {0, INFINITY, -INFINITY, 1000, HIDDEN},
    {0, INFINITY, 0, 2, IS_NAN},
    {0, NAN, 0, 2, IS_NAN},
    {0, 0, INFINITY, 2, IS_NAN},
    {0, 0, NAN, 2, IS_NAN},
    {0, INFINITY, 0, INFINITY, IS_NAN},
    {0, 0, NAN, -INFINITY, IS_NAN},
    {0, 0, 0, NAN, IS_NAN},
    {0, -1e6f, 0, NAN, IS_NAN},
    {0, 0, 0, INFINITY, PLUS},
    {0, 0, 0, -INFINITY, MINUS},
    {0, -1e6f, 0, INFINITY, PLUS},
    {0, 0, -1e6f, -INFINITY, MINUS},
    {0, 1e6f, 1e6f, -INFINITY, MINUS},
    {-1000, 0, 0, INFINITY, PLUS},
    {INFINITY, 0, 0, -INFINITY, MINUS},
    {-INFINITY, 0, 0, INFINITY, IS_NAN},
    {-INFINITY, 0, 0, -INFINITY, IS_NAN},
    {NAN, 0, 0, INFINITY, IS_NAN},
    {NAN, 0, 0, 2, IS_NAN},
    {INFINITY, 0, 0, 2, GATE_1},
    {-INFINITY, 0, 0, 2, GATE_0},
    {-INFINITY, 0, 0, -1e6f, GATE_MINUS_0},
    {-0.0f, 0, 0, 2, AS_ZERO},
    {0x1p-149f, 0, 0, 2, AS_ZERO},
    {-LARGEST_SUBNORMAL, 0, 0, 2, AS_ZERO},
    {0, -0.0f, 0, 2, AS_ZERO},
    {0, LARGEST_SUBNORMAL, 0, 2, AS_ZERO},
    {0, -0x1p-149f, 0, 2, AS_ZERO},
    {0, 0, -0.0f, 2, AS_ZERO},
    {0, 0, 0x1p-149f, 2, AS_ZERO},
    {0, 0, -LARGEST_SUBNORMAL, 2, AS_ZERO},
};

static bool is_outcome(float y, outcome expected) {
    switch (expected) {
    case HIDDEN:
        return fabsf(y - 1) < 1e-5f;
    case IS_NAN:
        return float_bits(y) == 0x7fc00000u;
    case PLUS:
        return y == INFINITY;
    case MINUS:
        return y == -INFINITY;
    case GATE_0:
        return float_bits(y) == 0;
    case GATE_MINUS_0:
        return float_bits(y) == 0x80000000u;
    case GATE_1:
        return fabsf(y - 2) < 1e-5f;
    case AS_ZERO:
        return y == 1;
    }
    return false;
}

/* The line at one key and channel: rows that see the key have its outcome, all others and other channels do not know
 * of it. */
static void try_line(const line *l, aft_bias_kind kind, bool causal, size_t length, size_t key) {
    enum { CHANNELS = 5, CHANNEL = 3 };
    case_spec spec = case_default(length, length, CHANNELS);
    spec.kind = kind;
    spec.window = length;
    spec.shape.causal = causal;
    spec.w_range = 0;
    test_case c = case_make(&spec);
    case_set_queries(&c, 0);
    for (size_t j = 0; j < length; j++)
        case_set_key(&c, j, 0, 2);
    *case_k(&c, 0, 0, key, CHANNEL) = l->k;
    *case_v(&c, 0, 0, key, CHANNEL) = l->v;
    for (size_t t = 0; t < length; t++) {
        *case_q(&c, 0, 0, t, CHANNEL) = l->q;
        if (kind != AFT_BIAS_NONE)
            *case_w(&c, 0, 0, t, key) = l->w;
    }
    case_run(&c, NULL);
    case_check(&c, 1);
    for (size_t t = causal ? key : 0; t < length; t++) {
        const float y = case_output(&c, 0, 0, t)[CHANNEL];
        const bool alone = causal && t == 0; /* with its only key hidden */
        if (!(alone && l->expected == HIDDEN) && !is_outcome(y, l->expected))
            harness_fail("q %g, k %g, w %g, v %g gives y[%zu] = %g", (double)l->q, (double)l->k, (double)l->w,
                         (double)l->v, t, (double)y);
    }
    case_free(&c);
}

static void table(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
    const size_t length = harness_pick(17, 90, 150);
    for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++)
        for (size_t kind = 0; kind < 4; kind++)
            for (int causal = 0; causal < 2; causal++) {
                if (kinds[kind] == AFT_BIAS_NONE && lines[l].w != 0)
                    continue;
                try_line(&lines[l], kinds[kind], causal, 4, 2);
                try_line(&lines[l], kinds[kind], causal, length, 0);
                try_line(&lines[l], kinds[kind], causal, length, length - 5);
            }
}

static void both_infinities(const char *isa) {
    (void)isa;
    for (int causal = 0; causal < 2; causal++) {
        case_spec spec = case_default(100, 100, 3);
        spec.shape.causal = causal;
        spec.kind = AFT_BIAS_FULL;
        test_case c = case_make(&spec);
        *case_v(&c, 0, 0, 10, 1) = INFINITY;
        *case_v(&c, 0, 0, 80, 1) = -INFINITY;
        case_run(&c, NULL);
        case_check(&c, 1);
        assert_true(float_bits(case_output(&c, 0, 0, 90)[1]) == 0x7fc00000u);
        assert_true(causal ? case_output(&c, 0, 0, 50)[1] == INFINITY : isnan(case_output(&c, 0, 0, 50)[1]));
        case_free(&c);
    }
}

/* Zero bits exactly, even where the query is NaN. */
static void rows_without_keys(const char *isa) {
    (void)isa;
    static const float queries[] = {0, -3, 100, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        case_spec spec = case_default(70, 70, 3);
        spec.kind = AFT_BIAS_FULL;
        test_case c = case_make(&spec);
        case_set_queries(&c, queries[i]);
        for (size_t j = 0; j < 70; j++) {
            *case_w(&c, 0, 0, 20, j) = -INFINITY;
            *case_k(&c, 0, 0, j, 1) = -INFINITY;
        }
        case_run(&c, NULL);
        case_check(&c, 1);
        assert_true(float_bits(case_output(&c, 0, 0, 20)[0]) == 0);
        assert_true(float_bits(case_output(&c, 0, 0, 50)[1]) == 0);
        case_free(&c);
    }
}

static float special_value(void) {
    static const uint32_t bits[] = {0x7f800000u, 0xff800000u, 0x7fc00000u, 0xffc12345u, 0x7f800001u, 0xff800000u};
    return float_of_bits(bits[random_size(0, 5)]);
}

static void sprinkle(float *element, double probability) {
    if (element && random_chance(probability))
        *element = special_value();
}

/* Specials anywhere, also in keys that some rows may not see. */
static void anywhere(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(8, 250, 2500); i++) {
        size_t kv_lengths[4];
        case_spec spec = case_random(harness_pick(40, 100, 200), 20, kv_lengths);
        const double probability = (double[]){0.0005, 0.01, 0.3}[random_size(0, 2)];
        const bool in_bias = random_chance(0.5);
        test_case c = case_make(&spec);
        const aft_shape *const s = &spec.shape;
        for (size_t b = 0; b < s->batch; b++)
            for (size_t h = 0; h < s->heads; h++) {
                for (size_t r = 0; r < s->q_len; r++)
                    for (size_t n = 0; n < s->channels; n++)
                        sprinkle(case_q(&c, b, h, r, n), probability / 10);
                for (size_t j = 0; j < s->kv_len; j++)
                    for (size_t n = 0; n < s->channels; n++) {
                        sprinkle(case_k(&c, b, h, j, n), probability);
                        sprinkle(case_v(&c, b, h, j, n), probability);
                    }
                for (size_t r = 0; r < s->q_len && in_bias; r++)
                    for (size_t j = 0; j < s->kv_len; j++)
                        sprinkle(case_w(&c, b, h, r, j), probability);
            }
        case_run(&c, NULL);
        case_check(&c, 1);
        case_free(&c);
    }
}

/* Some elements are +0; or they are -0 and, but for v's, subnormal. */
static void sprinkle_zeros(const test_case *c, bool plain) {
    const aft_shape *const s = &c->spec.shape;
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t r = 0; r < s->q_len + s->kv_len; r++)
                for (size_t n = 0; n < s->channels + s->kv_len; n++) {
                    const bool key = r >= s->q_len, value = key && random_chance(0.5);
                    const size_t j = r - s->q_len;
                    float *const element = n >= s->channels ? key ? NULL : case_w(c, b, h, r, n - s->channels)
                                           : value ? case_v(c, b, h, j, n)
                                           : key            ? case_k(c, b, h, j, n)
                                                            : case_q(c, b, h, r, n);
                    const bool chosen = random_chance(0.3);
                    const uint32_t sign = random_chance(0.5) ? 0x80000000u : 0;
                    const uint32_t bits = value ? 0x80000000u : sign | (uint32_t)random_size(0, 0x7fffff);
                    if (element && chosen)
                        *element = plain ? 0 : float_of_bits(bits);
                }
}

static void zeros_and_subnormals(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(8, 100, 1000); i++) {
        size_t kv_lengths[4];
        case_spec spec = case_random(harness_pick(40, 100, 200), 20, kv_lengths);
        spec.shared_keys = spec.bias_per_batch = spec.bias_per_head = false;
        test_case c = case_make(&spec);
        const uint64_t places = random_state();
        sprinkle_zeros(&c, true);
        case_run(&c, NULL);
        float *const want = case_snapshot(&c);
        random_resume(places);
        sprinkle_zeros(&c, false);
        case_run(&c, NULL);
        case_same_bits(&c, want, "with -0 and subnormals");
        free(want);
        case_free(&c);
    }
}

/* A mean of equal values, through an open gate, is that value. */
static void equal_values(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL};
    static const float values[] = {0x1p-149f, -0x1p-149f, 0x3p-149f, 0x1p-127f, 0x1p-126f, 0, -0.0f};
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
            for (size_t length = 1; length < 150; length = 3 * length + 2) {
                case_spec spec = case_default(length, length, 5);
                spec.kind = kinds[kind];
                spec.window = 9;
                spec.shape.causal = random_chance(0.5);
                test_case c = case_make(&spec);
                case_set_queries(&c, INFINITY);
                for (size_t j = 0; j < length; j++)
                    case_set_key(&c, j, random_float(-3, 3), values[i]);
                case_run(&c, NULL);
                for (size_t t = 0; t < length; t++) {
                    const float y = case_output(&c, 0, 0, t)[4];
                    if (y != values[i] || float_bits(y) == 0x80000000u)
                        harness_fail("values of %a have the mean %a", (double)values[i], (double)y);
                }
                case_free(&c);
            }
}

enum { DIM = 3, LAYER_LENGTH = 40, LAYER_KEY = 20 };

/* A layer of one unit: q, k and v are each twice an input of their own, y is what the aggregation gives. An infinity
 * comes of what is too large when it is doubled: one in x itself, times a weight of 0, would be NaN. */
static void run_layer(const aft_bias *bias, bool causal, const float *x, float *y) {
    static const float to_q[DIM] = {2, 0, 0}, to_k[DIM] = {0, 2, 0}, to_v[DIM] = {0, 0, 2}, project[DIM] = {1, 1, 1};
    const aft_layer layer = {
        DIM, 1, 1, LAYER_LENGTH, causal, *bias, {to_q, NULL}, {to_k, NULL}, {to_v, NULL}, {project, NULL}};
    const aft_sequences sequences = {
        .batch = 1, .length = LAYER_LENGTH, .x = x, .x_time_stride = DIM, .y = y, .y_time_stride = DIM};
    size_t bytes;
    assert_int_equal(aft_layer_bytes(&layer, &bytes), AFT_OK);
    void *const memory = malloc(bytes);
    assert_int_equal(aft_layer_prepare(&layer, memory, bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, NULL, &bytes), AFT_OK);
    void *const workspace = malloc(bytes + 1);
    assert_int_equal(aft_layer_forward(memory, &sequences, workspace, bytes, NULL), AFT_OK);
    free(workspace);
    free(memory);
}

static float half(float x) { return isinf(x) ? copysignf(3e38f, x) : x / 2; }

/* Rows from the key on see it, as in try_line; without a mask all do. */
static void try_line_in_layer(const line *l, aft_bias_kind kind, bool causal) {
    float x[LAYER_LENGTH][DIM], y[LAYER_LENGTH][DIM], w[LAYER_LENGTH][LAYER_LENGTH] = {{0}};
    for (size_t t = 0; t < LAYER_LENGTH; t++) {
        x[t][0] = half(l->q);
        x[t][1] = t == LAYER_KEY ? half(l->k) : 0;
        x[t][2] = t == LAYER_KEY ? half(l->v) : 1;
        w[t][LAYER_KEY] = l->w;
    }
    const aft_bias bias = {.kind = kind, .data = w, .row_stride = LAYER_LENGTH, .window = LAYER_LENGTH};
    run_layer(&bias, causal, x[0], y[0]);
    /* The sum of the last map begins with +0, and ends with it. */
    const outcome expected = l->expected == GATE_MINUS_0 ? GATE_0 : l->expected;
    for (size_t t = causal ? LAYER_KEY : 0; t < LAYER_LENGTH; t++)
        for (size_t i = 0; i < DIM; i++)
            if (!is_outcome(y[t][i], expected))
                harness_fail("a layer with q %g, k %g, w %g, v %g gives y[%zu] = %g", (double)l->q, (double)l->k,
                             (double)l->w, (double)l->v, t, (double)y[t][i]);
}

static void table_through_a_layer(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL};
    for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++) {
        if (isnan(lines[l].q) || isnan(lines[l].k) || isnan(lines[l].v))
            continue; /* all three are NaN then: no_number_in_x */
        for (size_t kind = 0; kind < 3; kind++)
            for (int causal = 0; causal < 2; causal++)
                if (kinds[kind] != AFT_BIAS_NONE || lines[l].w == 0)
                    try_line_in_layer(&lines[l], kinds[kind], causal);
    }
}

/* A NaN in x makes q, k and v of its row NaN, an infinity those of them whose weight is 0: so are all rows that see
 * that key, unless the bias hides it. */
static void no_number_in_x(const char *isa) {
    (void)isa;
    static const struct {
        float value;
        size_t input;
        bool hidden;
    } places[] = {{NAN, 0, false}, {NAN, 1, false},      {NAN, 2, false},       {NAN, 0, true},
                  {NAN, 1, true},  {INFINITY, 0, false}, {-INFINITY, 0, false}, {INFINITY, 2, false}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        float x[LAYER_LENGTH][DIM], y[LAYER_LENGTH][DIM], w[LAYER_LENGTH][LAYER_LENGTH] = {{0}};
        for (size_t t = 0; t < LAYER_LENGTH; t++) {
            for (size_t n = 0; n < DIM; n++)
                x[t][n] = 1;
            w[t][LAYER_KEY] = places[i].hidden ? -INFINITY : 0;
        }
        x[LAYER_KEY][places[i].input] = places[i].value;
        const aft_bias bias = {.kind = AFT_BIAS_FULL, .data = w, .row_stride = LAYER_LENGTH};
        run_layer(&bias, true, x[0], y[0]);
        for (size_t t = 0; t < LAYER_LENGTH; t++)
            for (size_t n = 0; n < DIM; n++) {
                const bool sees = t == LAYER_KEY || (t > LAYER_KEY && !places[i].hidden);
                if (sees ? !is_outcome(y[t][n], IS_NAN) : !isfinite(y[t][n]))
                    harness_fail("with %g in x[%d][%zu], %s, y[%zu] is %g", (double)places[i].value, LAYER_KEY,
                                 places[i].input, places[i].hidden ? "hidden" : "visible", t, (double)y[t][n]);
            }
    }
}

/* Everything that a causal row may not see is garbage: keys, values, and the bias towards them. */
static void future_garbage(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
    const size_t length = harness_pick(70, 150, 300);
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t first = 1; first < length; first += 31) {
            case_spec spec = case_default(length, length, harness_pick(1, 5, 5));
            spec.kind = kinds[kind];
            spec.window = 40;
            spec.shape.causal = true;
            test_case c = case_make(&spec);
            for (size_t j = first; j < length; j++)
                for (size_t i = 0; i < spec.shape.channels; i++) {
                    *case_k(&c, 0, 0, j, i) = special_value();
                    *case_v(&c, 0, 0, j, i) = special_value();
                }
            for (size_t t = 0; t < length; t++)
                for (size_t j = t + 1; j < length; j++)
                    sprinkle(case_w(&c, 0, 0, t, j), 1);
            case_run(&c, NULL);
            case_check(&c, 1);
            for (size_t t = 0; t < first; t++)
                for (size_t i = 0; i < spec.shape.channels; i++)
                    assert_true(isfinite(case_output(&c, 0, 0, t)[i]));
            case_free(&c);
        }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(table),        EACH_ISA(both_infinities),       EACH_ISA(rows_without_keys),
        EACH_ISA(anywhere),     EACH_ISA(future_garbage),        EACH_ISA(zeros_and_subnormals),
        EACH_ISA(equal_values), EACH_ISA(table_through_a_layer), EACH_ISA(no_number_in_x)};
    return HARNESS_MAIN("special", units);
}
