/* SPDX-License-Identifier: MIT */
/*
 * A product of rows with a matrix that was packed ahead, plus a row of biases:
 *
 *     c[t][o] = b[o] + sum_i a[t][i] * m[i][o]
 *
 * The matrix is packed in panels of AFT_PANEL_COLUMNS columns, [panel][i][column], the same on every instruction set;
 * what the last panel lacks is 0. The sum over i goes in ascending order in chains of AFT_PRODUCT_CHAIN FMAs that begin
 * at 0; chain sums are added in order, the bias last. So every element is one sum in one order, whatever the vectors,
 * tiles and tasks are.
 *
 * A tile has VF32_TILE_ROWS rows and twice VF32_TILE_VECTORS vectors of columns, as the micro-kernel of the aggregation
 * (tile.h). All rows of a task take one chain of a tile's columns before any takes the next, and their sums wait in c:
 * so a chain's panels, 32 KiB with 4 vectors of 16 lanes, stay in the first cache. Meanwhile tiles ask for the panels
 * that come next, and for what may lie beyond the second cache: rows that are new, and their places in c. What else was
 * tried stands in bench/PERFORMANCE.md.
 */
#include "kernels/tile.h"

enum {
    PRODUCT_VECTORS = 2 * VF32_TILE_VECTORS,
    PRODUCT_COLUMNS = PRODUCT_VECTORS * VF32_LANES,
    PRODUCT_PANELS = (PRODUCT_COLUMNS + AFT_PANEL_COLUMNS - 1) / AFT_PANEL_COLUMNS,
    PRODUCT_STEPS = 4, /* terms, for each of which a tile asks for one line: 16 tiles for 4 panels of a chain */
    PRODUCT_SHARE = AFT_PRODUCT_CHAIN / PRODUCT_STEPS,
};

/* One chain of a tile's columns, for all rows of a task. */
typedef struct product_chain {
    size_t length;
    bool first, last;
    bool rows_are_new;                    /* no tile of the task has read them */
    size_t lanes;                         /* of the vector, where it is but one */
    const float *panels[PRODUCT_VECTORS]; /* from the chain's first term on */
    const float *bias;
    float *sums[PRODUCT_VECTORS]; /* of the chains before, in c, row 0 */
} product_chain;

/* A column in the packed matrix, row 0. */
AFT_INLINE const float *panel_at(const aft_product *product, size_t column) {
    return product->matrix + column / AFT_PANEL_COLUMNS * AFT_PANEL_COLUMNS * product->inner +
           column % AFT_PANEL_COLUMNS;
}

/* A column of the result, row 0. */
AFT_INLINE float *result_at(const aft_product *product, size_t batch, size_t column) {
    return product->c + column / product->c_columns * product->c_tensor_stride + batch * product->c_batch_stride +
           column % product->c_columns;
}

/* Term i of the chains of a tile. */
AFT_INLINE void product_step(size_t rows, size_t vectors, const product_chain *chain, const float *a, size_t a_stride,
                             size_t i, vf32 sums[VF32_TILE_ROWS][PRODUCT_VECTORS]) {
    vf32 m[PRODUCT_VECTORS];
    TILE_UNROLL
    for (size_t v = 0; v < vectors; v++)
        m[v] = vf32_load(chain->panels[v] + i * AFT_PANEL_COLUMNS);
    TILE_UNROLL
    for (size_t r = 0; r < rows; r++) {
        vf32 x = vf32_set1(a[r * a_stride + i]);
        TILE_UNROLL
        for (size_t v = 0; v < vectors; v++)
            sums[r][v] = vf32_fma(x, m[v], sums[r][v]);
    }
}

/* The rows of a tile from `row` on; `a` is the first of them, from the chain's first term on. */
AFT_INLINE void product_tile(size_t rows, size_t vectors, const aft_product *product, const product_chain *chain,
                             const float *a, uintptr_t ahead, size_t row) {
    vf32 sums[VF32_TILE_ROWS][PRODUCT_VECTORS];
    TILE_EACH
    sums[r][v] = vf32_zero();
    size_t i = 0;
    for (; i + PRODUCT_STEPS <= chain->length; i += PRODUCT_STEPS) {
        prefetch_far(ahead + i / PRODUCT_STEPS * AFT_PANEL_COLUMNS * sizeof(float));
        TILE_UNROLL
        for (size_t step = 0; step < PRODUCT_STEPS; step++)
            product_step(rows, vectors, chain, a, product->a_stride, i + step, sums);
    }
    for (; i < chain->length; i++)
        product_step(rows, vectors, chain, a, product->a_stride, i, sums);

    const size_t lanes = vectors == 1 ? chain->lanes : VF32_LANES, place = row * product->c_stride;
    TILE_EACH {
        const float *before = chain->sums[v] + place + r * product->c_stride;
        sums[r][v] = vf32_add(chain->first ? vf32_zero() : load_lanes(before, lanes), sums[r][v]);
    }
    if (chain->last)
        TILE_EACH {
            vf32 y = vf32_add(sums[r][v], vf32_load(chain->bias + v * VF32_LANES));
            sums[r][v] = vf32_select(vf32_ne(y, y), vf32_set1(QUIET_NAN), y); /* the same NaN everywhere */
        }
    TILE_EACH
    store_lanes(chain->sums[v] + place + r * product->c_stride, sums[r][v], lanes);
}

/* The numbers of rows and vectors as constants, so that the sums are registers. A vector that is left over goes alone.
 */
static void product_run(size_t rows, size_t vectors, const aft_product *product, const product_chain *chain,
                        const float *a, uintptr_t ahead, size_t row) {
#define PRODUCT_CASE(n)                                                                                                \
    case n:                                                                                                            \
        if (vectors > 1)                                                                                               \
            product_tile(n <= VF32_TILE_ROWS ? n : 0, PRODUCT_VECTORS, product, chain, a, ahead, row);                 \
        else                                                                                                           \
            product_tile(n <= VF32_TILE_ROWS ? n : 0, 1, product, chain, a, ahead, row);                               \
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

/* Where a tile's share of the panels ahead begins: 16 tiles together ask for all. */
AFT_INLINE uintptr_t product_share(const aft_product *product, const float *ahead, size_t tile) {
    const size_t line = tile * PRODUCT_SHARE % (PRODUCT_PANELS * AFT_PRODUCT_CHAIN);
    return address_behind(ahead,
                          (line / AFT_PRODUCT_CHAIN * product->inner + line % AFT_PRODUCT_CHAIN) * AFT_PANEL_COLUMNS);
}

/* Ahead of a tile: the lines that it will write first, and the rows of the tile after it. */
AFT_INLINE void product_ask(size_t rows, size_t width, const aft_product *product, const product_chain *chain,
                            const float *a, size_t row) {
    if (chain->first)
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < width; o += LINE_FLOATS)
                prefetch_written(chain->sums[o / VF32_LANES] + (row + r) * product->c_stride);
    if (chain->rows_are_new)
        for (size_t r = rows; r < 2 * rows; r++)
            for (size_t i = 0; i < AFT_PRODUCT_CHAIN; i += LINE_FLOATS)
                prefetch_far(address_behind(a, r * product->a_stride + i));
}

/* The rows [first, end) of a batch, in the columns of a tile; the tile after them begins at column `next`. */
AFT_INLINE void product_columns(const aft_product *product, size_t batch, size_t first, size_t end, size_t column,
                                size_t width, size_t next, bool rows_are_new) {
    const size_t vectors = width / VF32_LANES;
    product_chain chain = {.rows_are_new = rows_are_new,
                           .lanes = smaller(product->columns - column, VF32_LANES),
                           .bias = product->bias + column};
    for (size_t v = 0; v < vectors; v++)
        chain.sums[v] = result_at(product, batch, column + v * VF32_LANES);
    size_t begin = 0;
    do { /* once at least: where there are no terms, the sums are the biases */
        chain.length = smaller(AFT_PRODUCT_CHAIN, product->inner - begin);
        chain.first = begin == 0;
        chain.last = begin + chain.length == product->inner;
        for (size_t v = 0; v < vectors; v++)
            chain.panels[v] = panel_at(product, column + v * VF32_LANES) + begin * AFT_PANEL_COLUMNS;
        const float *ahead = chain.last ? panel_at(product, next)
                                        : panel_at(product, column) + (begin + chain.length) * AFT_PANEL_COLUMNS;
        const float *terms = product->a + batch * product->a_batch_stride + begin;
        for (size_t row = first, tile = 0; row < end; row += VF32_TILE_ROWS, tile++) {
            const size_t rows = smaller(end - row, VF32_TILE_ROWS);
            const float *a = terms + row * product->a_stride;
            product_ask(rows, width, product, &chain, a, row);
            product_run(rows, vectors, product, &chain, a, product_share(product, ahead, tile), row);
        }
        begin += chain.length;
    } while (begin < product->inner);
}

static void product_rows(const aft_product *product, size_t task) {
    size_t slice = task % product->slices, block = task / product->slices % product->row_blocks;
    size_t batch = task / product->slices / product->row_blocks;
    size_t first = block * AFT_PRODUCT_ROWS, end = smaller(first + AFT_PRODUCT_ROWS, product->rows);
    size_t begin = slice * product->slice_columns, stop = smaller(begin + product->slice_columns, product->columns);
    for (size_t column = begin, width; column < stop; column += width) {
        width = product->columns - column >= PRODUCT_COLUMNS ? PRODUCT_COLUMNS : VF32_LANES;
        size_t next = column + width < stop ? column + width : begin; /* which the next rows begin with */
        product_columns(product, batch, first, end, column, width, next, column == begin);
    }
}
