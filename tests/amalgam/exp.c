/* SPDX-License-Identifier: MIT */
/*
 * The exp of aft.c against SLEEF's, bit for bit: exp ISA STEP PART PARTS, for the floats whose bits are multiples of STEP, in
 * the PART-th of PARTS equal ranges. Answers `compared N` and `differ N`. Exit status 3: this CPU lacks the instruction set.
 *
 * aft.c has an exp for each instruction set, under the names below; SLEEF's headers have theirs only where the whole file
 * is compiled for it.
 */
#define AFT_STATIC
#include "aft.c"

#include <inttypes.h>
#include <sleef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if SLEEF_VERSION_MAJOR < 4
#define SLEEF(name) Sleef_finz_##name
#else
#define SLEEF(name) Sleef_##name
#endif

enum { UNSUPPORTED_ISA = 3, CHUNK = 4096 };

typedef void both(const float x[CHUNK], float own[CHUNK], float sleef[CHUNK]);

#define BOTH(isa, target, sleef_exp)                                                                                   \
    target aft_vf32_##isa sleef_exp(aft_vf32_##isa);                                                                   \
    target static void both_##isa(const float *x, float *own, float *sleef) {                                          \
        for (size_t i = 0; i < CHUNK; i += sizeof(aft_vf32_##isa) / sizeof(float)) {                                   \
            aft_vf32_store_##isa(own + i, aft_vf32_exp_##isa(aft_vf32_load_##isa(x + i)));                             \
            aft_vf32_store_##isa(sleef + i, sleef_exp(aft_vf32_load_##isa(x + i)));                                    \
        }                                                                                                              \
    }

BOTH(scalar, , SLEEF(expf1_u10purecfma))
#ifdef __x86_64__
BOTH(avx2, __attribute__((target("avx2,fma"))), SLEEF(expf8_u10avx2))
BOTH(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), SLEEF(expf16_u10avx512f))
static bool has_fma(void) { return __builtin_cpu_supports("fma"); }
#else
BOTH(neon, , SLEEF(expf4_u10advsimd))
static bool has_fma(void) { return true; }
#endif

static const struct isa {
    const char *name;
    both *both;
} isas[] = {
    {"scalar", both_scalar},
#ifdef __x86_64__
    {"avx2", both_avx2},
    {"avx512", both_avx512},
#else
    {"neon", both_neon},
#endif
};

static const struct isa *find(const char *name) {
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        if (strcmp(isas[i].name, name) == 0)
            return &isas[i];
    fprintf(stderr, "exp: this architecture has no '%s'\n", name);
    exit(EXIT_FAILURE);
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: exp ISA STEP PART PARTS\n");
        return EXIT_FAILURE;
    }
    const struct isa *const isa = find(arguments[1]);
    const uint64_t step = strtoull(arguments[2], NULL, 10), part = strtoull(arguments[3], NULL, 10),
                   parts = strtoull(arguments[4], NULL, 10), floats = ((UINT64_C(1) << 32) + step - 1) / step;
    if (aft_use_isa(isa->name) != AFT_OK || !has_fma()) /* SLEEF's scalar one needs it */
        return UNSUPPORTED_ISA;
    const uint64_t end = floats * (part + 1) / parts;
    uint64_t compared = 0, differ = 0;
    for (uint64_t begin = floats * part / parts; begin < end; begin += CHUNK) {
        float x[CHUNK], own[CHUNK], sleef[CHUNK];
        for (size_t i = 0; i < CHUNK; i++) {
            const uint32_t bits = (uint32_t)((begin + i) * step);
            memcpy(&x[i], &bits, sizeof bits);
        }
        isa->both(x, own, sleef);
        const size_t count = end - begin < CHUNK ? (size_t)(end - begin) : CHUNK;
        compared += count;
        if (memcmp(own, sleef, count * sizeof(float)) == 0)
            continue;
        for (size_t i = 0; i < count; i++)
            if (memcmp(&own[i], &sleef[i], sizeof(float)) != 0 && differ++ == 0)
                fprintf(stderr, "exp(%a) is %a, SLEEF's is %a\n", (double)x[i], (double)own[i], (double)sleef[i]);
    }
    printf("compared %" PRIu64 "\ndiffer %" PRIu64 "\n", compared, differ);
    return EXIT_SUCCESS;
}
