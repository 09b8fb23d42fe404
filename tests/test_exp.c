/* SPDX-License-Identifier: MIT */
/* The exponential and the FMA of each instruction set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernels/probe.h"

enum { CHUNK = 4096 };

typedef void (*exp_function)(size_t count, const float *x, float *y);

static bool same(float a, float b) { return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b)); }

/* Every step-th of the 2^32 floats, from a random one on. */
static void same_on_all_floats(exp_function one, exp_function other, uint64_t step, const char *what) {
    float x[CHUNK], y[CHUNK], z[CHUNK];
    for (uint64_t bits = random_size(0, (size_t)step - 1); bits >> 32 == 0;) {
        size_t count = 0;
        for (; count < CHUNK && bits >> 32 == 0; bits += step)
            x[count++] = float_of_bits((uint32_t)bits);
        one(count, x, y);
        other(count, x, z);
        for (size_t i = 0; i < count; i++)
            if (!same(y[i], z[i]))
                harness_fail("exp(%a) is %a, but %a %s", (double)x[i], (double)y[i], (double)z[i], what);
    }
}

static void provider_has_builtin_bits(const char *isa) {
    const aft_probe *const probe = aft_probe_find(isa);
    const bool called = strcmp(probe->exp_provider, "builtin") != 0;
    print_message("%s: exp by %s\n", isa, probe->exp_provider);
    same_on_all_floats(probe->exp, probe->exp_builtin, called ? harness_pick(99991, 997, 1) : 99991,
                       "by the built-in one");
}

static void builtin_has_scalar_bits(const char *isa) {
    same_on_all_floats(aft_probe_find(isa)->exp_builtin, aft_probe_find("scalar")->exp_builtin,
                       harness_pick(99991, 997, 31), "on scalar");
}

/* The error of `got` in units of the last place of the exact value. */
static double ulps(float got, double exact) {
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

/* SLEEF states 1.0 ULP; a subnormal result is rounded once more. */
static void exp_error(const char *isa) {
    const aft_probe *const probe = aft_probe_find(isa);
    double worst = 0;
    for (size_t chunk = 0; chunk < harness_pick(3, 300, 10000); chunk++) {
        float x[CHUNK], y[CHUNK];
        for (size_t i = 0; i < CHUNK; i++)
            x[i] = chunk % 2 ? random_float(-103, 88.7f) : random_float(-0.5f, 0.5f);
        probe->exp(CHUNK, x, y);
        for (size_t i = 0; i < CHUNK; i++) {
            const double error = ulps(y[i], exp(x[i]));
            worst = error > worst ? error : worst;
            if (!(error <= (exp(x[i]) < 0x1p-126 ? 1.5 : 1.0)))
                harness_fail("exp(%a) is %a, off by %.3f ULP", (double)x[i], (double)y[i], error);
        }
    }
    print_message("exp: worst error %.3f ULP\n", worst);
}

/* p * 2^n against exp(x), where both are taken in double: n ln 2 in two parts, the first exact for |n| < 2^21. */
static double parts_error(float x, float p, float n) {
    const double high = 0x1.62e42fefp-1, low = 0x1.473de6af278edp-34;
    return fabs((double)p / exp((x - n * high) - n * low) - 1);
}

static void exp_parts(const char *isa) {
    const aft_probe *const probe = aft_probe_find(isa);
    static const float ranges[] = {0.3f, 1, 100, 1e4f, 0x1p20f};
    double worst = 0;
    for (size_t chunk = 0; chunk < harness_pick(5, 500, 10000); chunk++) {
        float x[CHUNK], p[CHUNK], n[CHUNK];
        const float range = ranges[chunk % 5];
        for (size_t i = 0; i < CHUNK; i++)
            x[i] = random_float(-range, range);
        x[0] = range;
        x[1] = -range;
        probe->exp_parts(CHUNK, x, p, n);
        for (size_t i = 0; i < CHUNK; i++) {
            const double error = parts_error(x[i], p[i], n[i]);
            worst = error > worst ? error : worst;
            if (!(error <= 0x1.6p-23) || rintf(n[i]) != n[i] || !(p[i] > 0.6f && p[i] < 1.6f))
                harness_fail("exp(%a) is %a * 2^%g: off by %.3g u", (double)x[i], (double)p[i], (double)n[i],
                             error * 0x1p24);
        }
    }
    print_message("exp as p * 2^n: worst error %.3f u\n", worst * 0x1p24);
}

static void exp_parts_saturate(const char *isa) {
    const aft_probe *const probe = aft_probe_find(isa);
    const float x[] = {0x1p20f, 0x1.000002p20f, 3e38f, -0x1p20f, -0x1.000002p20f, -3e38f};
    float p[6], n[6];
    probe->exp_parts(6, x, p, n);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(float_bits(p[i]), float_bits(p[i / 3 * 3]));
        assert_int_equal(float_bits(n[i]), float_bits(n[i / 3 * 3]));
    }
}

static void near_has_bits_of_parts(const aft_probe *probe, size_t count, const float *x) {
    float p[CHUNK], n[CHUNK], y[CHUNK];
    probe->exp_parts(count, x, p, n);
    probe->exp_near(count, x, y);
    for (size_t i = 0; i < count; i++) {
        const bool near = x[i] >= probe->near_least && x[i] <= probe->near_largest;
        if ((near && !same(y[i], ldexpf(p[i], (int)n[i]))) || isnan(y[i]) < isnan(x[i]))
            harness_fail("exp(%a) is %a * 2^%g, but %a near 0", (double)x[i], (double)p[i], (double)n[i], (double)y[i]);
    }
}

/* Every float near 0 but the small ones: there n is 0, and nothing to reduce. */
static void exp_near(const char *isa) {
    const aft_probe *const probe = aft_probe_find(isa);
    const uint32_t step = (uint32_t)harness_pick(997, 1, 1);
    const float ends[] = {probe->near_least, probe->near_largest};
    for (size_t i = 0; i < 2; i++) {
        const uint32_t small = float_bits(copysignf(0.25f, ends[i]));
        for (uint32_t bits = float_bits(ends[i]); bits >= small;) {
            float x[CHUNK];
            size_t count = 0;
            for (; count < CHUNK && bits >= small; bits -= step)
                x[count++] = float_of_bits(bits);
            near_has_bits_of_parts(probe, count, x);
        }
    }
    const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 0x1p-149f, -3e38f, 3e38f};
    near_has_bits_of_parts(probe, sizeof special / sizeof special[0], special);
}

typedef struct fma_case {
    float a, b, c, want;
} fma_case;

/* a * b + c in exact rational arithmetic, rounded once. Among them: sums that a double cannot hold and that it would
 * round to a tie of floats, ties to even and away by the last bit, subnormal results, cancellation, the edge of
 * overflow. */
static const fma_case exact_cases[] = {
    {0x1.000002p+0f, 0x1.000002p+0f, 0x1p-60f, 0x1.000004p+0f},
    {0x1.000002p+0f, 0x1.8p+0f, 0x1p-80f, 0x1.800004p+0f},
    {0x1.000002p+0f, 0x1.8p+0f, -0x1p-80f, 0x1.800002p+0f},
    {0x1.000002p+0f, 0x1.8p+0f, 0, 0x1.800004p+0f},
    {0x1.fffffep+0f, 0x1.fffffep+0f, -0x1.fffffcp+1f, 0x1p-46f},
    {0x1p-75f, 0x1p-75f, 0x1p-149f, 0x1p-148f},
    {0x1.8p-75f, 0x1p-74f, 0x1p-149f, 0x1p-148f},
    {0x1.8p-75f, 0x1p-75f, 0x1p-149f, 0x1p-148f},
    {0x1.000002p-75f, 0x1p-75f, 0, 0x1p-149f},
    {0x1p-75f, 0x1p-75f, 0, 0},
    {-0x1.000002p-75f, 0x1.8p-75f, 0x1p-126f, 0x1.fffffcp-127f},
    {0x1.000002p-64f, 0x1.fffffep-64f, 0x1.fffffcp-127f, 0x1.7ffffep-126f},
    {0x1.fffffep+127f, 1, 0x1p+103f, INFINITY},
    {0x1.fffffep+127f, 1, 0x1.fffffep+102f, 0x1.fffffep+127f},
    {0x1.fffffep+127f, 2, -0x1.fffffep+127f, 0x1.fffffep+127f},
    {1, 1, 0x1p-24f, 1},
    {1, 1, 0x1.000002p-24f, 0x1.000002p+0f},
    {0x1.000002p+0f, 1, 0x1p-24f, 0x1.000004p+0f},
    {1, 1, -0x1p-25f, 1},
    {0x1.8p-12f, 0x1.555556p-13f, 1, 0x1.000002p+0f},
    {0x1.000002p-12f, 0x1.fffffcp-13f, 1, 1},
    {INFINITY, 1, 1, INFINITY},
    {INFINITY, 0, 1, NAN},
    {INFINITY, 1, -INFINITY, NAN},
    {1, NAN, 1, NAN},
};

static void fma_exact_cases(const char *isa) {
    for (size_t i = 0; i < sizeof exact_cases / sizeof exact_cases[0]; i++)
        for (int sign = 1; sign >= -1; sign -= 2) {
            const fma_case *const f = &exact_cases[i];
            const float a = (float)sign * f->a, c = (float)sign * f->c, want = (float)sign * f->want;
            float y;
            aft_probe_find(isa)->fma(1, &a, &f->b, &c, &y);
            if (!same(y, want) && !(y == 0 && want == 0))
                harness_fail("fma(%a, %a, %a) is %a, should be %a", (double)a, (double)f->b, (double)c, (double)y,
                             (double)want);
        }
}

static float scaled(int low, int high) {
    const float magnitude =
        ldexpf(1 + (float)random_size(0, (1 << 23) - 1) * 0x1p-23f, (int)random_size(0, (size_t)(high - low)) + low);
    return random_chance(0.5) ? magnitude : -magnitude;
}

/* c near the product, near its last bits, or anything; products near 1, near the subnormals, or anywhere. */
static void random_operands(float *a, float *b, float *c) {
    const int range = (int)random_size(0, 2);
    *a = range == 0 ? scaled(-1, 1) : range == 1 ? scaled(-76, -60) : float_of_bits((uint32_t)random_u64());
    *b = range == 0 ? scaled(-1, 1) : range == 1 ? scaled(-76, -60) : float_of_bits((uint32_t)random_u64());
    if (random_chance(0.3)) /* few bits: ties become likely */
        *b = float_of_bits(float_bits(*b) & 0xffe00000u);
    const float product = *a * *b;
    switch (random_size(0, 3)) {
    case 0:
        *c = -product * scaled(-1, 1);
        break;
    case 1:
        *c = product * scaled(-60, 30);
        break;
    case 2:
        *c = float_of_bits((float_bits(product) ^ 0x80000000u) + (uint32_t)random_size(0, 2));
        break;
    default:
        *c = float_of_bits((uint32_t)random_u64());
    }
}

/* Against the C library's, which is not this library's. */
static void fma_random(const char *isa) {
    for (size_t chunk = 0; chunk < harness_pick(3, 300, 10000); chunk++) {
        float a[CHUNK], b[CHUNK], c[CHUNK], y[CHUNK];
        for (size_t i = 0; i < CHUNK; i++)
            random_operands(&a[i], &b[i], &c[i]);
        aft_probe_find(isa)->fma(CHUNK, a, b, c, y);
        for (size_t i = 0; i < CHUNK; i++)
            if (!same(y[i], fmaf(a[i], b[i], c[i])))
                harness_fail("fma(%a, %a, %a) is %a, should be %a", (double)a[i], (double)b[i], (double)c[i],
                             (double)y[i], (double)fmaf(a[i], b[i], c[i]));
    }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(provider_has_builtin_bits),
        EACH_ISA(builtin_has_scalar_bits),
        EACH_ISA(exp_error),
        EACH_ISA(exp_parts),
        EACH_ISA(exp_parts_saturate),
        EACH_ISA(exp_near),
        EACH_ISA(fma_exact_cases),
        EACH_ISA(fma_random),
    };
    return HARNESS_MAIN("exp", units);
}
