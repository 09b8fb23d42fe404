/* SPDX-License-Identifier: MIT */
/* Inputs for which the naive formula, or the factored one, overflows, underflows or cancels. */
#include <float.h>
#include <math.h>

#include "cases.h"

static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static case_spec spec_of(aft_bias_kind kind, bool causal, size_t length, size_t channels) {
    case_spec spec = case_default(length, length, channels);
    spec.kind = kind;
    spec.window = 20;
    spec.shape.causal = causal;
    return spec;
}

static void finish(test_case *c) {
    case_run(c, NULL);
    case_check(c, 1);
    case_free(c);
}

/* Every kind of bias, causal or not, after `change`. */
static void try_kinds(size_t length, size_t channels, void (*change)(test_case *c)) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            const case_spec spec = spec_of(kinds[kind], causal, length, channels);
            test_case c = case_make(&spec);
            change(&c);
            finish(&c);
        }
}

static void each_key(const test_case *c, float (*k)(size_t j, size_t i), float (*v)(size_t j, size_t i)) {
    for (size_t j = 0; j < c->problem.shape.kv_len; j++)
        for (size_t i = 0; i < c->problem.shape.channels; i++) {
            if (k)
                *case_k(c, 0, 0, j, i) = k(j, i);
            if (v)
                *case_v(c, 0, 0, j, i) = v(j, i);
        }
}

static void each_bias(const test_case *c, float (*w)(size_t t, size_t j)) {
    for (size_t t = 0; t < c->problem.shape.q_len; t++)
        for (size_t j = 0; j < c->problem.shape.kv_len; j++)
            if (case_w(c, 0, 0, t, j))
                *case_w(c, 0, 0, t, j) = w(t, j);
}

static void logits_to_1e4(const char *isa) {
    (void)isa;
    static const float ranges[] = {0, 90, 1e4f};
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++)
            for (size_t kind = 0; kind < KINDS; kind++)
                for (int causal = 0; causal < 2; causal++) {
                    case_spec spec = spec_of(kinds[kind], causal, harness_pick(20, 90, 200), harness_pick(3, 7, 7));
                    spec.k_range = ranges[a];
                    spec.w_range = ranges[b];
                    case_try(&spec);
                }
}

/* Channel i has its largest key where the bias of every row is lowest, and the other way round, so that exp(k - K) *
 * exp(w - W) is 0 for every key. */
static float opposed_k(size_t j, size_t i) { return (j + i) % 3 == 0 ? 300 : (j + i) % 3 == 1 ? -300 : 0; }
static float opposed_w(size_t t, size_t j) {
    (void)t;
    return j % 3 == 0 ? -400 : j % 3 == 1 ? 400 : random_float(-300, -200);
}

static void change_opposed(test_case *c) {
    each_key(c, opposed_k, NULL);
    each_bias(c, opposed_w);
}

static void maxima_at_different_keys(const char *isa) {
    (void)isa;
    try_kinds(harness_pick(70, 100, 100), harness_pick(3, 6, 6), change_opposed);
}

/* Denominators of the factored form anywhere from 1 to nothing, in neighbouring channels and rows. */
static float slanted_k(size_t j, size_t i) { return (float)(j * (i + 1)) * 0.05f + random_float(-1, 1); }
static float slanted_w(size_t t, size_t j) { return -(float)(j * (t % 40)) * 0.02f + random_float(-1, 1); }

static void change_slanted(test_case *c) {
    each_key(c, slanted_k, NULL);
    each_bias(c, slanted_w);
}

static void denominators_of_every_size(const char *isa) {
    (void)isa;
    try_kinds(harness_pick(70, 140, 300), harness_pick(3, 34, 34), change_slanted);
}

static float rising(size_t j, size_t i) { return 2 * (float)j + 0.01f * (float)i; }
static float falling(size_t j, size_t i) { return -2 * (float)j - 0.01f * (float)i; }

static void try_long_causal(float (*k)(size_t j, size_t i)) {
    const size_t length = harness_pick(130, 4096, 4096);
    for (size_t kind = 0; kind < KINDS; kind++) {
        const case_spec spec = spec_of(kinds[kind], true, length, 3);
        test_case c = case_make(&spec);
        each_key(&c, k, NULL);
        case_run(&c, NULL);
        case_check(&c, harness_pick(7, 41, 11));
        case_free(&c);
    }
}

static void causal_rising_keys(const char *isa) {
    (void)isa;
    try_long_causal(rising);
}

static void causal_falling_keys(const char *isa) {
    (void)isa;
    try_long_causal(falling);
}

/* A maximum over future keys would leave these rows no weight at all. */
static void future_maximum(const char *isa) {
    (void)isa;
    static const float heights[] = {50, 90, 200, 1e4f, 0x1p20f};
    const size_t length = harness_pick(80, 150, 300);
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t h = 0; h < sizeof heights / sizeof heights[0]; h++) {
            const case_spec spec = spec_of(kinds[kind], true, length, harness_pick(1, 5, 5));
            test_case c = case_make(&spec);
            for (size_t j = 1; j < length; j += 29)
                case_set_key(&c, j, heights[h] * (float)j / (float)length, 1);
            case_set_key(&c, length - 1, heights[h], 1e3f);
            finish(&c);
        }
}

static void equal_keys(float v, float q, size_t keys) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = spec_of(kinds[kind], causal, keys, 3);
            spec.w_range = 0;
            test_case c = case_make(&spec);
            case_set_queries(&c, q);
            for (size_t j = 0; j < keys; j++)
                case_set_key(&c, j, 1, v);
            finish(&c);
        }
}

static void equal_keys_of_3e37(const char *isa) {
    (void)isa;
    equal_keys(3e37f, 0, 64);
    equal_keys(-3e37f, 20, 64);
}

/* Equal terms round alike, so their errors pile up; each channel tries a key and a value with other mantissas. */
static void equal_keys_of_any_size(const char *isa) {
    (void)isa;
    static const size_t counts[] = {64, 256, 1024, 4096};
    for (size_t n = 0; n < harness_pick(2, 4, 4); n++)
        for (size_t kind = 0; kind < KINDS; kind++) {
            case_spec spec = spec_of(kinds[kind], false, counts[n], harness_pick(48, 480, 1920));
            spec.shape.q_len = 2;
            spec.w_range = 0;
            test_case c = case_make(&spec);
            for (size_t i = 0; i < spec.shape.channels; i++) {
                /* Known bad ones: exp(k) and exp(k) * v just beside 31/16 and 30/16, where every rounding goes one way. */
                const bool bad = i % 2 == 0;
                const float k = bad ? logf(i % 4 ? 0.9697437f : 0.9411783f) : random_float(-1, 1),
                            v = bad ? random_float(0.9699f, 0.9701f) / expf(k) : random_float(1, 2);
                for (size_t j = 0; j < counts[n]; j++) {
                    *case_k(&c, 0, 0, j, i) = k;
                    *case_v(&c, 0, 0, j, i) = v;
                }
            }
            finish(&c);
        }
}

static void all_values_largest(const char *isa) {
    (void)isa;
    static const size_t counts[] = {1, 2, 3, 64, 65, 300};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] - harness_pick(1, 0, 0); i++) {
        equal_keys(FLT_MAX, 100, counts[i]);
        equal_keys(-FLT_MAX, INFINITY, counts[i]);
    }
}

static float largest_v(size_t j, size_t i) { return (j + i) % 2 ? FLT_MAX : FLT_MAX / 2; }

static void change_largest(test_case *c) {
    case_set_queries(c, 100);
    each_key(c, NULL, largest_v);
}

/* Sums that no float could hold, of weights that are not powers of two. */
static void random_weights_of_largest_values(const char *isa) {
    (void)isa;
    try_kinds(70, harness_pick(2, 5, 5), change_largest);
}

static float subnormal_v(size_t j, size_t i) {
    const float sizes[] = {0x1p-149f, 0x1.8p-140f, 0x1p-127f, 0x1p-126f, -0x1.4p-130f};
    return sizes[(j * 7 + i) % 5];
}

static void change_subnormal(test_case *c) {
    case_set_queries(c, 50);
    each_key(c, NULL, subnormal_v);
}

static void subnormal_values(const char *isa) {
    (void)isa;
    try_kinds(70, harness_pick(2, 6, 6), change_subnormal);
}

/* exp(-q) alone, or times a denominator, overflows below -88; the gate itself is subnormal below -87. */
static void large_queries(const char *isa) {
    (void)isa;
    static const float queries[] = {-FLT_MAX, -1000, -110, -104, -103, -100, -90,  -89,
                                    -88,      -87,   -40,  40,   88,   100,  1000, FLT_MAX};
    static const float values[] = {1, 1e-3f, 1e30f, 3e38f};
    for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++)
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            case_spec spec = spec_of(AFT_BIAS_FULL, false, 40, 3);
            spec.v_range = values[v];
            test_case c = case_make(&spec);
            case_set_queries(&c, queries[q]);
            finish(&c);
        }
}

static float masked_w(size_t t, size_t j) {
    if (t % 9 == 3)
        return -FLT_MAX; /* a whole row: all of its keys count alike */
    if (t % 9 == 5)
        return -INFINITY; /* a whole row: no key is left */
    return (j + t) % 3 == 0 ? -FLT_MAX : (j + t) % 3 == 1 ? -INFINITY : random_float(-1, 1);
}

static float masked_k(size_t j, size_t i) {
    return (j + i) % 11 == 0 ? -INFINITY : (j + i) % 7 == 0 ? -FLT_MAX : random_float(-1, 1);
}

static void change_masked(test_case *c) {
    each_key(c, masked_k, NULL);
    each_bias(c, masked_w);
}

static void masks(const char *isa) {
    (void)isa;
    try_kinds(harness_pick(70, 100, 100), harness_pick(3, 9, 9), change_masked);
}

static float saturated_k(size_t j, size_t i) {
    static const float sizes[] = {FLT_MAX,         3e6f,     0x1p20f, 0x1.fffffep19f, 0,
                                  -0x1.fffffep19f, -0x1p20f, -3e6f,   -FLT_MAX};
    return i == 0 ? sizes[j % 9] : i == 1 ? sizes[2 + j % 7] : sizes[5 + j % 4];
}

static float saturated_w(size_t t, size_t j) { return saturated_k(t + j * 5, t % 3); }

static void change_saturated(test_case *c) {
    each_key(c, saturated_k, NULL);
    each_bias(c, saturated_w);
}

static void saturated_logits(const char *isa) {
    (void)isa;
    try_kinds(harness_pick(30, 80, 80), 4, change_saturated);
}

/* All-low and all-high fills. */
static void uniform_fills(const char *isa) {
    (void)isa;
    static const float logits[] = {-FLT_MAX, -0x1p20f, 0, 0x1p20f, FLT_MAX},
                       values[] = {-FLT_MAX, -0x1p-149f, 0, FLT_MAX};
    const size_t length = harness_pick(18, 70, 150);
    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < 4; b++)
            for (size_t kind = 0; kind < KINDS; kind++) {
                const case_spec spec = spec_of(kinds[kind], b % 2, length, 3);
                test_case c = case_make(&spec);
                for (size_t j = 0; j < length; j++)
                    case_set_key(&c, j, logits[a], values[b]);
                for (size_t t = 0; t < length; t++)
                    for (size_t j = 0; j < length; j++)
                        if (case_w(&c, 0, 0, t, j))
                            *case_w(&c, 0, 0, t, j) = logits[4 - a];
                finish(&c);
            }
}

/* Weights that round to 0 beside their row's maximum, times values that make them count. */
static void pair_of_keys(float k0, float v0, float k1, float v1) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t at = 0; at < 100; at += harness_pick(99, 33, 11)) {
            case_spec spec = spec_of(kinds[kind], false, 100, harness_pick(1, 3, 3));
            spec.w_range = 0;
            test_case c = case_make(&spec);
            for (size_t j = 0; j < 100; j++)
                case_set_key(&c, j, k0, v0);
            case_set_key(&c, at, k1, v1);
            finish(&c);
        }
}

static void huge_values_of_tiny_weight(const char *isa) {
    (void)isa;
    pair_of_keys(0, 1, -50, 1e30f);
    pair_of_keys(0, 1, -80, 1e30f);
    pair_of_keys(0, 0x1p-120f, -1000, FLT_MAX);
    pair_of_keys(0, 0x1p-120f, -150, FLT_MAX);
    pair_of_keys(0, 0x1p-149f, -190, FLT_MAX);
    pair_of_keys(-50, 1e30f, 0, 1);
}

/* A huge value in one key sets the scale of a channel's numerators, and some rows hardly see it, or not at all. */
static void try_hidden_key(float hiding, float others, bool causal, size_t at) {
    const case_spec spec = spec_of(AFT_BIAS_FULL, causal, 90, harness_pick(1, 3, 3));
    test_case c = case_make(&spec);
    for (size_t j = 0; j < 90; j++)
        case_set_key(&c, j, random_float(-1, 1), random_float(1, 2) * others);
    case_set_key(&c, at, 0, 1e30f);
    for (size_t t = 0; t < 90; t += 2)
        *case_w(&c, 0, 0, t, at) = hiding;
    finish(&c);
}

static void huge_value_of_a_hidden_key(const char *isa) {
    (void)isa;
    static const float hiding[] = {-INFINITY, -FLT_MAX, -1000, -140, -100, -70, -50};
    for (size_t h = 0; h < sizeof hiding / sizeof hiding[0]; h++)
        for (int variant = 0; variant < 8; variant++)
            try_hidden_key(hiding[h], variant & 1 ? 1 : 1e-10f, variant & 2, variant & 4 ? 5 : 85);
}

/* Values that grow from chain to chain, by less at a time than any one step would notice, behind a mask that leaves the
 * first ones visible. */
static void values_that_grow_behind_a_mask(const char *isa) {
    (void)isa;
    static const float masks[] = {-INFINITY, -1000, -100};
    const size_t length = harness_pick(70, 200, 200);
    for (size_t i = 0; i < harness_pick(2, 12, 60); i++)
        for (size_t kind = 1; kind < KINDS; kind++) {
            case_spec spec = spec_of(kinds[kind], i % 2, length, 3);
            spec.window = length;
            test_case c = case_make(&spec);
            const size_t step = random_size(1, 70);
            const int first = -(int)random_size(0, 140), rise = (int)random_size(20, 126);
            for (size_t j = 0; j < length; j++) {
                const int exponent = first + rise * (int)(j / step);
                case_set_key(&c, j, 0, ldexpf(random_float(0.5f, 1), exponent < 127 ? exponent : 127));
            }
            for (size_t t = 0; t < length; t++)
                for (size_t j = 0; j < length; j++)
                    *case_w(&c, 0, 0, t, j) = j <= t / 2 ? 0 : masks[i % 3];
            finish(&c);
        }
}

static float any_magnitude(size_t j, size_t i) {
    (void)j, (void)i;
    return ldexpf(random_float(0.5f, 1), (int)random_size(0, 276) - 148) * (random_chance(0.5) ? 1 : -1);
}

static float within_100(size_t j, size_t i) {
    (void)j, (void)i;
    return random_float(-100, 100);
}

static void change_magnitudes(test_case *c) {
    each_key(c, within_100, any_magnitude);
    each_bias(c, within_100);
}

static void values_of_every_magnitude(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(1, 6, 60); i++)
        try_kinds(harness_pick(30, 80, 80), harness_pick(5, 12, 12), change_magnitudes);
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(logits_to_1e4),
        EACH_ISA(maxima_at_different_keys),
        EACH_ISA(causal_rising_keys),
        EACH_ISA(causal_falling_keys),
        EACH_ISA(future_maximum),
        EACH_ISA(denominators_of_every_size),
        EACH_ISA(equal_keys_of_3e37),
        EACH_ISA(equal_keys_of_any_size),
        EACH_ISA(all_values_largest),
        EACH_ISA(random_weights_of_largest_values),
        EACH_ISA(subnormal_values),
        EACH_ISA(large_queries),
        EACH_ISA(masks),
        EACH_ISA(saturated_logits),
        EACH_ISA(uniform_fills),
        EACH_ISA(huge_values_of_tiny_weight),
        EACH_ISA(huge_value_of_a_hidden_key),
        EACH_ISA(values_of_every_magnitude),
        EACH_ISA(values_that_grow_behind_a_mask),
    };
    return HARNESS_MAIN("overflow", units);
}
