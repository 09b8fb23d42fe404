/* SPDX-License-Identifier: MIT */
/*
 * A product of rows with a matrix that was packed ahead, plus a row of biases:
 *
 *     c[t][o] = b[o] + sum_i a[t][i] * m[i][o]
 *
 * The matrix is packed in panels of AFT_PANEL_COLUMNS columns, [panel][i][column], the same on every instruction set; what
 * the last panel lacks is 0. The sum over i goes in ascending order in chains of AFT_PRODUCT_CHAIN FMAs that begin at 0;
 * chain sums are added in order, the bias last. So every element is one sum in one order, whatever the vectors, tiles and
 * tasks are.
 *
 * A tile has VF32_TILE_ROWS rows and twice VF32_TILE_VECTORS vectors of columns, as the micro-kernel of the aggregation
 * (tile.h); the panels of one tile's columns stay in the second cache while all rows of the task pass, and rows of a in the
 * first.
 */
#include "kernels/tile.h"

enum {
    PRODUCT_VECTORS = 2 * VF32_TILE_VECTORS,
    PRODUCT_COLUMNS = PRODUCT_VECTORS * VF32_LANES,
};

/* A column in the packed matrix, row 0. */
AFT_INLINE const float *panel_at(const aft_product *product, size_t column) {
    return product->matrix + column / AFT_PANEL_COLUMNS * AFT_PANEL_COLUMNS * product->inner +
           column % AFT_PANEL_COLUMNS;
}

/* A column of the result, row 0 of batch 0. */
AFT_INLINE float *result_at(const aft_product *product, size_t column) {
    return product->c + column / product->c_columns * product->c_tensor_stride + column % product->c_columns;
}

/* The chains of a tile, summed in order: sums[rows][vectors]. */
AFT_INLINE void product_sum(size_t rows, size_t vectors, const aft_product *product, const float *a, size_t column,
                            vf32 sums[VF32_TILE_ROWS][PRODUCT_VECTORS]) {
    vf32 chain[VF32_TILE_ROWS][PRODUCT_VECTORS];
    const float *panel[PRODUCT_VECTORS];
    const size_t a_stride = product->a_stride;
    TILE_UNROLL
    for (size_t v = 0; v < vectors; v++)
        panel[v] = panel_at(product, column + v * VF32_LANES);
    TILE_EACH
    sums[r][v] = vf32_zero();
    for (size_t begin = 0, end; begin < product->inner; begin = end) {
        end = smaller(product->inner, begin + AFT_PRODUCT_CHAIN);
        TILE_EACH
        chain[r][v] = vf32_zero();
        for (size_t i = begin; i < end; i++) {
            vf32 m[PRODUCT_VECTORS];
            TILE_UNROLL
            for (size_t v = 0; v < vectors; v++)
                m[v] = vf32_load(panel[v] + i * AFT_PANEL_COLUMNS);
            TILE_UNROLL
            for (size_t r = 0; r < rows; r++) {
                vf32 x = vf32_set1(a[r * a_stride + i]);
                TILE_UNROLL
                for (size_t v = 0; v < vectors; v++)
                    chain[r][v] = vf32_fma(x, m[v], chain[r][v]);
            }
        }
        TILE_EACH
        sums[r][v] = vf32_add(sums[r][v], chain[r][v]);
    }
}

/* A tile of `rows` rows from `row` on, at columns of which all, or, of one vector, some exist. */
AFT_INLINE void product_tile(size_t rows, size_t vectors, const aft_product *product, size_t batch, size_t row,
                             size_t column) {
    vf32 sums[VF32_TILE_ROWS][PRODUCT_VECTORS];
    const float *a = product->a + batch * product->a_batch_stride + row * product->a_stride;
    product_sum(rows, vectors, product, a, column, sums);
    const size_t place = batch * product->c_batch_stride + row * product->c_stride;
    const size_t lanes = smaller(product->columns - column, VF32_LANES);
    TILE_EACH {
        vf32 y = vf32_add(sums[r][v], vf32_load(product->bias + column + v * VF32_LANES));
        y = vf32_select(vf32_ne(y, y), vf32_set1(QUIET_NAN), y); /* the same NaN everywhere */
        store_lanes(result_at(product, column + v * VF32_LANES) + place + r * product->c_stride, y, lanes);
    }
}

/* The numbers of rows and vectors as constants, so that the sums are registers. A vector that is left over goes alone. */
static void product_run(size_t rows, const aft_product *product, size_t batch, size_t row, size_t column) {
    const bool whole = product->columns - column >= PRODUCT_COLUMNS;
#define PRODUCT_CASE(n)                                                                                                \
    case n:                                                                                                            \
        if (whole)                                                                                                     \
            product_tile(n <= VF32_TILE_ROWS ? n : 0, PRODUCT_VECTORS, product, batch, row, column);                   \
        else                                                                                                           \
            product_tile(n <= VF32_TILE_ROWS ? n : 0, 1, product, batch, row, column);                                 \
        break
    switch (rows) {
        PRODUCT_CASE(1);
        PRODUCT_CASE(2);
        PRODUCT_CASE(3);
        PRODUCT_CASE(4);
        PRODUCT_CASE(5);
        PRODUCT_CASE(6);
        PRODUCT_CASE(7);
        PRODUCT_CASE(8);
        PRODUCT_CASE(9);
        PRODUCT_CASE(10);
        PRODUCT_CASE(11);
        PRODUCT_CASE(12);
        PRODUCT_CASE(13);
        PRODUCT_CASE(14);
    }
#undef PRODUCT_CASE
}

static void product_rows(const aft_product *product, size_t task) {
    size_t slice = task % product->slices, block = task / product->slices % product->row_blocks;
    size_t batch = task / product->slices / product->row_blocks;
    size_t first = block * AFT_PRODUCT_ROWS, end = smaller(first + AFT_PRODUCT_ROWS, product->rows);
    size_t column = slice * product->slice_columns, stop = smaller(column + product->slice_columns, product->columns);
    for (size_t width; column < stop; column += width) {
        width = product->columns - column >= PRODUCT_COLUMNS ? PRODUCT_COLUMNS : VF32_LANES;
        for (size_t row = first; row < end; row += VF32_TILE_ROWS)
            product_run(smaller(end - row, VF32_TILE_ROWS), product, batch, row, column);
    }
}
