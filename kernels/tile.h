/* SPDX-License-Identifier: MIT */
/*
 * The micro-kernel: for each row r of a tile and each vector v of channels, over the chains of one sum of level 1,
 *
 *     accumulators[v][r] = accumulators[v][r] * carried[v]
 *                          + sum over chains, sum over keys j of weights[r][j] * panel[v][j]
 *
 * for numerator and denominator at once. A chain is up to 16 FMAs in ascending j that begin at 0; the keys behind the last
 * one that any row of the tile sees are left out, since they would add 0. Chain sums are added in order.
 * The scales, powers of two that take a sum from the exponents of one chain to those of the next, are folded into the
 * FMAs that add.
 *
 * The sums of a chain stay in registers, VF32_TILE_ROWS and VF32_TILE_VECTORS of each ISA fill them; those of the chains
 * before it wait on the stack, written once and read once a chain: the first chain is not added to zeros, and the last
 * goes on to the accumulators from registers. (On an AVX-512 Xeon that took 14 rows of one vector from 0.77 to 0.89 of
 * the FMA loop, everything in L1.) Each step loads two panel vectors a vector of channels and broadcasts one weight a
 * row. Loads cost power, and with it clock: 6 rows of two vectors, 10 loads for 24 FMAs, take 0.95 of the time of 13 rows
 * of one, 15 loads for 26; 5 rows of two, or 4 of three, are as slow as these.
 *
 * Ahead of a chain a tile asks for the next tile's weights, which the hardware would not guess, and for its share of the
 * panels that come after these: the hardware follows them no further than the end of a page, and the panels of many
 * channels lie beyond L2.
 */
#ifndef AFT_KERNELS_TILE_H
#define AFT_KERNELS_TILE_H

#include "kernels/weights.h"

enum {
    MOST_TILES = (AFT_ROW_BLOCK + VF32_TILE_ROWS - 1) / VF32_TILE_ROWS, /* of a block */
    PANEL_OF_CHAIN = AFT_CHAIN_KEYS * 2 * VF32_LANES,
    LINE_FLOATS = 16,                               /* of a cache line */
    SUMS_OF_BLOCK = AFT_ROW_BLOCK * 2 * VF32_LANES, /* of one vector of channels */
    /* So many lines a chain, and the tiles of a block ask for as much as they read. */
    AHEAD_LINES = (PANEL_OF_CHAIN + MOST_TILES * LINE_FLOATS - 1) / (MOST_TILES * LINE_FLOATS),
    AHEAD_OF_CHAIN = AHEAD_LINES * LINE_FLOATS,
};

typedef struct tile_scale {
    vf32 numerator, denominator;
} tile_scale;

typedef struct tile_scales {
    tile_scale of[VF32_TILE_VECTORS];
} tile_scales;

/* The chains of one sum of level 1 that a tile has keys in, for neighbouring vectors of channels. */
typedef struct tile_chains {
    size_t count;              /* from 1 to AFT_FAN_IN */
    size_t end_key;            /* of the last of them: the key behind the last one */
    size_t stride;             /* from the panel of one vector of channels to that of the next */
    const float *panel;        /* [vectors] of [count * AFT_CHAIN_KEYS] (e * v, e) */
    const float *ahead;        /* [vectors] of [count] AHEAD_OF_CHAIN floats that are wanted soon */
    const float *weights;      /* [count], WEIGHTS_OF_CHAIN apart, of [rows][AFT_CHAIN_KEYS] */
    const tile_scales *scales; /* [count]: to each chain from the one before */
    /* To the last chain of the sum, from what the accumulators have; NULL where they begin. */
    const tile_scales *carried;
    const tile_scales *behind; /* to it from the last of these; NULL where that is the same */
} tile_chains;

/* What tile_run does where a tile has no keys. */
AFT_INLINE void tile_carry(size_t rows, size_t vectors, const tile_scales *carried, float *accumulators) {
    for (size_t v = 0; v < vectors; v++, accumulators += SUMS_OF_BLOCK)
        for (size_t i = 0; i < rows * 2 * VF32_LANES; i += 2 * VF32_LANES) {
            float *numerator = accumulators + i, *denominator = numerator + VF32_LANES;
            vf32_store(numerator, vf32_mul(vf32_load(numerator), carried->of[v].numerator));
            vf32_store(denominator, vf32_mul(vf32_load(denominator), carried->of[v].denominator));
        }
}

/* And where they begin there. */
AFT_INLINE void tile_clear(size_t rows, size_t vectors, float *accumulators) {
    for (size_t v = 0; v < vectors; v++)
        memset(accumulators + v * SUMS_OF_BLOCK, 0, rows * 2 * VF32_LANES * sizeof(float));
}

/* Left to themselves, or told in the other's words, gcc 12 and clang 14 keep the accumulators of some tiles in memory.
 */
#ifdef __clang__
#define TILE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TILE_UNROLL _Pragma("GCC unroll 14")
#endif

/* For each row and each vector of channels. */
#define TILE_EACH                                                                                                      \
    TILE_UNROLL                                                                                                        \
    for (size_t r = 0; r < rows; r++)                                                                                  \
        TILE_UNROLL                                                                                                    \
    for (size_t v = 0; v < vectors; v++)

/* What is wanted after chain c. */
AFT_INLINE void tile_ask(size_t rows, size_t vectors, const tile_chains *chains, size_t c, const float *weights) {
    for (size_t v = 0; v < vectors; v++) {
        TILE_UNROLL
        for (size_t i = 0; i < AHEAD_LINES; i++)
            prefetch_row(chains->ahead + v * chains->stride + c * AHEAD_OF_CHAIN, LINE_FLOATS, i);
    }
    TILE_UNROLL
    for (size_t r = 0; r < rows; r++)
        prefetch_row(weights, AFT_CHAIN_KEYS, rows + r);
}

/* Some gcc does not see that the first chain has none before it. (A loop of its own for the first would tell it, and take
 * 2 % of the speed.) */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
AFT_INLINE void tile_rows(size_t rows, size_t vectors, const tile_chains *chains, float *restrict accumulators) {
    typedef vf32 tile[VF32_TILE_ROWS][VF32_TILE_VECTORS];
    tile numerators, denominators; /* of the chains before */
    tile numerator, denominator;
    const float *weights = chains->weights;
    for (size_t c = 0;; weights += WEIGHTS_OF_CHAIN) {
        size_t end = c + 1 == chains->count ? chains->end_key : AFT_CHAIN_KEYS;
        const float *panel = chains->panel + c * PANEL_OF_CHAIN;
        tile_ask(rows, vectors, chains, c, weights);
        TILE_EACH
        numerator[r][v] = denominator[r][v] = vf32_zero();
        for (size_t j = 0; j < end; j++, panel += 2 * VF32_LANES) {
            vf32 ev[VF32_TILE_VECTORS], e[VF32_TILE_VECTORS];
            TILE_UNROLL
            for (size_t v = 0; v < vectors; v++) {
                ev[v] = vf32_load(panel + v * chains->stride);
                e[v] = vf32_load(panel + v * chains->stride + VF32_LANES);
            }
            TILE_UNROLL
            for (size_t r = 0; r < rows; r++) {
                vf32 a = vf32_set1(weights[r * AFT_CHAIN_KEYS + j]);
                TILE_UNROLL
                for (size_t v = 0; v < vectors; v++) {
                    numerator[r][v] = vf32_fma(a, ev[v], numerator[r][v]);
                    denominator[r][v] = vf32_fma(a, e[v], denominator[r][v]);
                }
            }
        }
        if (c > 0) {
            const tile_scale *scale = chains->scales[c].of;
            TILE_EACH {
                numerator[r][v] = vf32_fma(numerators[r][v], scale[v].numerator, numerator[r][v]);
                denominator[r][v] = vf32_fma(denominators[r][v], scale[v].denominator, denominator[r][v]);
            }
        }
        if (++c == chains->count)
            break;
        TILE_EACH {
            numerators[r][v] = numerator[r][v];
            denominators[r][v] = denominator[r][v];
        }
    }
    if (chains->behind) {
        const tile_scale *scale = chains->behind->of;
        TILE_EACH {
            numerator[r][v] = vf32_mul(numerator[r][v], scale[v].numerator);
            denominator[r][v] = vf32_mul(denominator[r][v], scale[v].denominator);
        }
    }
    if (chains->carried) {
        const tile_scale *scale = chains->carried->of;
        TILE_EACH {
            const float *before = accumulators + v * SUMS_OF_BLOCK + r * 2 * VF32_LANES;
            numerator[r][v] = vf32_fma(vf32_load(before), scale[v].numerator, numerator[r][v]);
            denominator[r][v] = vf32_fma(vf32_load(before + VF32_LANES), scale[v].denominator, denominator[r][v]);
        }
    }
    TILE_EACH {
        float *sums = accumulators + v * SUMS_OF_BLOCK + r * 2 * VF32_LANES;
        vf32_store(sums, numerator[r][v]);
        vf32_store(sums + VF32_LANES, denominator[r][v]);
    }
}
#pragma GCC diagnostic pop

_Static_assert(VF32_TILE_ROWS <= 14, "tile_run has a case for each number of rows");
_Static_assert(VF32_TILE_VECTORS <= AFT_TILE_VECTORS, "the scratch has sums for so many vectors");

/* The numbers of rows and vectors as constants, so that the accumulators are registers. A vector that is left over goes
 * alone. */
static void tile_run(size_t rows, size_t vectors, const tile_chains *chains, float *restrict accumulators) {
#define TILE_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        if (VF32_TILE_VECTORS == 1 || vectors > 1)                                                                     \
            tile_rows(n <= VF32_TILE_ROWS ? n : 0, VF32_TILE_VECTORS, chains, accumulators);                           \
        else                                                                                                           \
            tile_rows(n <= VF32_TILE_ROWS ? n : 0, 1, chains, accumulators);                                           \
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
