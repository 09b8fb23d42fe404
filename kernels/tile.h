/* SPDX-License-Identifier: MIT */
/*
 * The micro-kernel: for each row r of a tile, over the chains of one sum of level 1,
 *
 *     accumulators[r] = accumulators[r] * carried + sum over chains, sum over keys j of weights[r][j] * panel[j]
 *
 * for numerator and denominator at once. A chain is 16 FMAs in ascending j that begin at 0; chain sums are added in
 * order. The scales, powers of two that take a sum from the exponents of one chain to those of the next, are folded
 * into the FMAs that add.
 *
 * The sums of a chain stay in registers, VF32_TILE_ROWS of each ISA fills them; those of the chains before it wait on
 * the stack, written once and read once a chain: the first chain is not added to zeros, and the last goes on to the
 * accumulators from registers. (On an AVX-512 Xeon that took 14 rows from 0.77 to 0.89 of the FMA loop, everything in L1;
 * 12 to 14 rows are alike, and 7 with all sums in registers, which take twice the panel loads, reach 0.87.) Each step
 * loads two panel vectors and broadcasts one weight a row for two FMAs.
 *
 * Ahead of a chain a tile asks for the next tile's weights, which the hardware would not guess, and for its share of the
 * panel that comes after this one: the hardware follows it no further than the end of a page, and the panels of many
 * channels lie beyond L2. (On an AVX-512 Xeon, T = 1024, d = 512: 0.87 of the time of a forward; with panels in L2 1.00.)
 */
#ifndef AFT_KERNELS_TILE_H
#define AFT_KERNELS_TILE_H

#include "kernels/weights.h"

enum {
    MOST_TILES = (AFT_ROW_BLOCK + VF32_TILE_ROWS - 1) / VF32_TILE_ROWS, /* of a block */
    PANEL_OF_CHAIN = AFT_CHAIN_KEYS * 2 * VF32_LANES,
    LINE_FLOATS = 16, /* of a cache line */
    /* So many lines a chain, and the tiles of a block ask for as much as they read. */
    AHEAD_LINES = (PANEL_OF_CHAIN + MOST_TILES * LINE_FLOATS - 1) / (MOST_TILES * LINE_FLOATS),
    AHEAD_OF_CHAIN = AHEAD_LINES * LINE_FLOATS,
};

typedef struct tile_scale {
    vf32 numerator, denominator;
} tile_scale;

/* The chains of one sum of level 1 that a tile has keys in. */
typedef struct tile_chains {
    size_t count;             /* from 1 to AFT_FAN_IN */
    const float *panel;       /* [count * AFT_CHAIN_KEYS] (e * v, e) */
    const float *ahead;       /* [count] AHEAD_OF_CHAIN floats that are wanted soon */
    const float *weights;     /* [count], WEIGHTS_OF_CHAIN apart, of [rows][AFT_CHAIN_KEYS] */
    const tile_scale *scales; /* [count]: to each chain from the one before */
    const tile_scale
        *carried;             /* to the last chain of the sum, from what the accumulators have; NULL where they begin */
    const tile_scale *behind; /* to it from the last of these; NULL where that is the same */
} tile_chains;

/* What tile_run does where a tile has no keys. */
AFT_INLINE void tile_carry(size_t rows, tile_scale carried, float *accumulators) {
    for (size_t r = 0; r < rows; r++, accumulators += 2 * VF32_LANES) {
        vf32_store(accumulators, vf32_mul(vf32_load(accumulators), carried.numerator));
        vf32_store(accumulators + VF32_LANES, vf32_mul(vf32_load(accumulators + VF32_LANES), carried.denominator));
    }
}

/* Left to themselves, or told in the other's words, gcc 12 and clang 14 keep the accumulators of some tiles in memory.
 */
#ifdef __clang__
#define TILE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TILE_UNROLL _Pragma("GCC unroll 14")
#endif

/* Some gcc does not see that the first chain has none before it. (A loop of its own for the first would tell it, and take
 * 2 % of the speed.) */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
AFT_INLINE void tile_rows(size_t rows, const tile_chains *chains, float *restrict accumulators) {
    vf32 numerators[VF32_TILE_ROWS], denominators[VF32_TILE_ROWS]; /* of the chains before */
    vf32 numerator[VF32_TILE_ROWS], denominator[VF32_TILE_ROWS];
    const float *panel = chains->panel, *weights = chains->weights;
    for (size_t c = 0;; weights += WEIGHTS_OF_CHAIN) {
        TILE_UNROLL
        for (size_t i = 0; i < AHEAD_LINES; i++)
            prefetch_row(chains->ahead + c * AHEAD_OF_CHAIN, LINE_FLOATS, i);
        TILE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            prefetch_row(weights, AFT_CHAIN_KEYS, rows + r);
            numerator[r] = denominator[r] = vf32_zero();
        }
        for (size_t j = 0; j < AFT_CHAIN_KEYS; j++, panel += 2 * VF32_LANES) {
            vf32 ev = vf32_load(panel), e = vf32_load(panel + VF32_LANES);
            TILE_UNROLL
            for (size_t r = 0; r < rows; r++) {
                vf32 a = vf32_set1(weights[r * AFT_CHAIN_KEYS + j]);
                numerator[r] = vf32_fma(a, ev, numerator[r]);
                denominator[r] = vf32_fma(a, e, denominator[r]);
            }
        }
        if (c > 0) {
            const tile_scale scale = chains->scales[c];
            TILE_UNROLL
            for (size_t r = 0; r < rows; r++) {
                numerator[r] = vf32_fma(numerators[r], scale.numerator, numerator[r]);
                denominator[r] = vf32_fma(denominators[r], scale.denominator, denominator[r]);
            }
        }
        if (++c == chains->count)
            break;
        TILE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            numerators[r] = numerator[r];
            denominators[r] = denominator[r];
        }
    }
    if (chains->behind) {
        TILE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            numerator[r] = vf32_mul(numerator[r], chains->behind->numerator);
            denominator[r] = vf32_mul(denominator[r], chains->behind->denominator);
        }
    }
    if (chains->carried) {
        TILE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            const float *before = accumulators + r * 2 * VF32_LANES;
            numerator[r] = vf32_fma(vf32_load(before), chains->carried->numerator, numerator[r]);
            denominator[r] = vf32_fma(vf32_load(before + VF32_LANES), chains->carried->denominator, denominator[r]);
        }
    }
    TILE_UNROLL
    for (size_t r = 0; r < rows; r++) {
        vf32_store(accumulators + r * 2 * VF32_LANES, numerator[r]);
        vf32_store(accumulators + r * 2 * VF32_LANES + VF32_LANES, denominator[r]);
    }
}
#pragma GCC diagnostic pop

_Static_assert(VF32_TILE_ROWS <= 14, "tile_run has a case for each number of rows");

/* The number of rows as a constant, so that the accumulators are registers. */
static void tile_run(size_t rows, const tile_chains *chains, float *restrict accumulators) {
#define TILE_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        tile_rows(n <= VF32_TILE_ROWS ? n : 0, chains, accumulators);                                                  \
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
