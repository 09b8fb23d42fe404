/* SPDX-License-Identifier: MIT */
/*
 * The micro-kernel: for each row r of a tile,
 *
 *     accumulators[r] = accumulators[r] * scale + sum over keys j of weights[r][j] * panel[j]
 *
 * for numerator and denominator at once, over at most one chain of keys. The sum is a chain of FMAs in ascending j that
 * begins at 0; the scale, a power of two, is folded into the FMA that adds it.
 *
 * rows x (numerator, denominator) accumulators stay in registers; each step loads two panel vectors and broadcasts one
 * weight a row for two FMAs. VF32_TILE_ROWS of each ISA fills its register file: every load takes a little of the FMA
 * rate (on an AVX-512 Xeon 14 rows reach 0.87 of it from L1, 13 or fewer 0.84).
 */
#ifndef AFT_KERNELS_TILE_H
#define AFT_KERNELS_TILE_H

#include "kernels/weights.h"

typedef struct tile_scale {
    vf32 numerator, denominator;
} tile_scale;

/* Left to themselves, or told in the other's words, gcc 12 and clang 14 keep the accumulators of some tiles in memory.
 */
#ifdef __clang__
#define TILE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TILE_UNROLL _Pragma("GCC unroll 14")
#endif

AFT_INLINE void tile_rows(size_t rows, size_t keys, const float *restrict panel, const float *restrict weights,
                          tile_scale scale, float *restrict accumulators) {
    vf32 numerator[VF32_TILE_ROWS], denominator[VF32_TILE_ROWS];
    TILE_UNROLL
    for (size_t r = 0; r < rows; r++)
        numerator[r] = denominator[r] = vf32_zero();
    for (size_t j = 0; j < keys; j++, panel += 2 * VF32_LANES) {
        vf32 ev = vf32_load(panel), e = vf32_load(panel + VF32_LANES);
        TILE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            vf32 a = vf32_set1(weights[r * AFT_CHAIN_KEYS + j]);
            numerator[r] = vf32_fma(a, ev, numerator[r]);
            denominator[r] = vf32_fma(a, e, denominator[r]);
        }
    }
    TILE_UNROLL
    for (size_t r = 0; r < rows; r++, accumulators += 2 * VF32_LANES) {
        vf32_store(accumulators, vf32_fma(vf32_load(accumulators), scale.numerator, numerator[r]));
        vf32 sum = vf32_fma(vf32_load(accumulators + VF32_LANES), scale.denominator, denominator[r]);
        vf32_store(accumulators + VF32_LANES, sum);
    }
}

_Static_assert(VF32_TILE_ROWS <= 14, "tile_run has a case for each number of rows");

/* The number of rows as a constant, so that the accumulators are registers. */
static void tile_run(size_t rows, size_t keys, const float *restrict panel, const float *restrict weights,
                     tile_scale scale, float *restrict accumulators) {
#define TILE_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        tile_rows(n <= VF32_TILE_ROWS ? n : 0, keys, panel, weights, scale, accumulators);                             \
        break
    switch (rows) {
        TILE_CASE(1);
        TILE_CASE(2);
        TILE_CASE(3);
        TILE_CASE(4);
        TILE_CASE(5);
        TILE_CASE(6);
        TILE_CASE(7);
        TILE_CASE(8);
        TILE_CASE(9);
        TILE_CASE(10);
        TILE_CASE(11);
        TILE_CASE(12);
        TILE_CASE(13);
        TILE_CASE(14);
    }
#undef TILE_CASE
}

#endif
