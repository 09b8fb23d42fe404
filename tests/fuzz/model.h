/* SPDX-License-Identifier: MIT */
/* What aft.h says of arguments, written down a second time and apart from dispatch/check.c: every reason for which a call
 * may be refused. Sums are long doubles, which hold every count below 2^64. */
#ifndef AFT_TESTS_FUZZ_MODEL_H
#define AFT_TESTS_FUZZ_MODEL_H

#include <stdint.h>

#include "aft.h"

/* A sum of 1 << status; 0 where nothing is wrong. */
typedef unsigned reasons;

typedef struct extent {
    long double begin, end; /* addresses; empty where equal */
} extent;

/* floats[size[0]][size[1]][size[2]][columns] */
typedef struct view {
    const void *data;
    size_t size[3], stride[3], columns;
} view;

extent extent_of_bytes(const void *data, size_t bytes);
/* Empty where the array has no address or no element; SIZE or NULL where it is not possible. */
extent extent_of_view(const view *v, bool addresses, reasons *why);
bool extents_meet(extent a, extent b);
/* Of an array that is written to: two dimensions interleave, or share an element. */
bool view_interleaves(const view *v);

view view_of_input(const aft_tensor_in *tensor, const aft_shape *shape, size_t times);
view view_of_output(const aft_problem *problem);
/* Of a FULL, LOCAL or BAND bias whose window is possible. */
view view_of_bias(const aft_shape *shape, const aft_bias *bias);

/* Whether nothing is to be computed. */
bool shape_is_empty(const aft_shape *shape);

/* Of a bias that batches or heads share, aft_prepare reads that of one, however many there are. */
aft_shape shape_to_prepare(const aft_shape *shape, const aft_bias *bias);

/* The bias array alone, of a shape that is possible. */
reasons why_no_bias_array(const aft_shape *shape, const aft_bias *bias, bool addresses);
reasons why_no_bias(const aft_shape *shape, const aft_bias *bias, bool addresses);
/* Of any kind but PREPARED. */
reasons why_no_problem(const aft_problem *problem, bool addresses);
/* A problem with what aft_prepare made of `bias` for `shape`, which may differ from that of the problem. */
reasons why_no_prepared_problem(const aft_problem *problem, bool addresses, const aft_shape *shape,
                                const aft_bias *bias);

/* A pool; one that does not run only says how wide a workspace is to be. */
reasons why_no_pool(const aft_parallel *pool, bool runs);
/* A workspace of a call that needs so many bytes and has arrays in `taken`. */
reasons why_no_workspace(const void *workspace, size_t bytes, size_t needed, const extent *taken, size_t count);

/* So large that a workspace or a prepared bias may not fit an address space. */
bool shape_is_huge(const aft_shape *shape, const aft_bias *bias);

/* Elements of y times keys. */
long double work_of(const aft_shape *shape);

#endif
