/* SPDX-License-Identifier: MIT */
/* One instruction set's vector layer, opened for tests and benches; see probe.h. */
#include "kernels/probe.h"
#include "kernels/vec/vec.h"
#include "kernels/vec/vec_exp.h"

/* Enough independent chains to fill two FMA ports of 4 to 5 cycles, few enough for 16 registers. */
enum { FMA_CHAINS = 12, FMA_ROUNDS = 8 };

#define FOR_EACH_VECTOR(count)                                                                                         \
    for (size_t i = 0, lanes; i < (count) && (lanes = (count)-i < VF32_LANES ? (count)-i : VF32_LANES, 1);             \
         i += VF32_LANES)

static void probe_exp(size_t count, const float *x, float *y) {
    FOR_EACH_VECTOR(count) { vf32_store_n(y + i, vf32_exp(vf32_load_n(x + i, lanes)), lanes); }
}

static void probe_exp_builtin(size_t count, const float *x, float *y) {
    FOR_EACH_VECTOR(count) { vf32_store_n(y + i, vf32_exp_builtin(vf32_load_n(x + i, lanes)), lanes); }
}

static void probe_exp_parts(size_t count, const float *x, float *p, float *n) {
    FOR_EACH_VECTOR(count) {
        vf32 exponent;
        vf32_store_n(p + i, vf32_exp_parts(vf32_load_n(x + i, lanes), &exponent), lanes);
        vf32_store_n(n + i, exponent, lanes);
    }
}

static void probe_exp_near(size_t count, const float *x, float *y) {
    FOR_EACH_VECTOR(count) { vf32_store_n(y + i, vf32_exp_near(vf32_load_n(x + i, lanes)), lanes); }
}

static void probe_fma(size_t count, const float *a, const float *b, const float *c, float *y) {
    FOR_EACH_VECTOR(count) {
        vf32 product = vf32_fma(vf32_load_n(a + i, lanes), vf32_load_n(b + i, lanes), vf32_load_n(c + i, lanes));
        vf32_store_n(y + i, product, lanes);
    }
}

static double probe_fma_loop(size_t iterations, float *sink) {
    vf32 chain[FMA_CHAINS], factor = vf32_set1(0.999f), addend = vf32_set1(0.001f);
    for (int i = 0; i < FMA_CHAINS; i++) /* none with a value that the compiler knows, or that stays */
        chain[i] = vf32_set1((float)i + 2.0f + (float)iterations);
    for (size_t n = 0; n < iterations; n++)
        for (int round = 0; round < FMA_ROUNDS; round++)
#pragma GCC unroll 12 /* else the chains would live in memory */
            for (int i = 0; i < FMA_CHAINS; i++)
                chain[i] = vf32_fma(chain[i], factor, addend);
    for (int i = 1; i < FMA_CHAINS; i++)
        chain[0] = vf32_add(chain[0], chain[i]);
    *sink = vf32_reduce_max(chain[0]);
    return 2.0 * (double)(iterations * FMA_ROUNDS * FMA_CHAINS * VF32_LANES);
}

extern const aft_probe AFT_ISA_SYMBOL(aft_probe_);
const aft_probe AFT_ISA_SYMBOL(aft_probe_) = {
    .isa = AFT_ISA_STRING,
    .exp_provider = VF32_EXP_PROVIDER,
    .lanes = VF32_LANES,
    .exp = probe_exp,
    .exp_builtin = probe_exp_builtin,
    .exp_parts = probe_exp_parts,
    .exp_near = probe_exp_near,
    .near_least = NEAR_LEAST_LOGIT,
    .near_largest = NEAR_LARGEST_LOGIT,
    .fma = probe_fma,
    .fma_loop = probe_fma_loop,
};
