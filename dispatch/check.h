/* SPDX-License-Identifier: MIT */
#ifndef AFT_DISPATCH_CHECK_H
#define AFT_DISPATCH_CHECK_H

#include "dispatch/packed.h"

/* What is asked of a problem: before it runs, all tensors have addresses; before that, those that have none are NULL, and
 * in nobody's way. */
typedef enum aft_checked { AFT_ADDRESSES, AFT_SIZES } aft_checked;

/* Everything about a problem that can be wrong, before a byte is written. *prepared says what its bias is. */
AFT_INTERNAL aft_status aft_check_problem(const aft_problem *problem, aft_checked checked, aft_prepared *prepared);

/* That a workspace, which is there if it has a byte, overlaps neither an input nor the output of a checked problem. */
AFT_INTERNAL aft_status aft_check_workspace(const aft_problem *problem, const void *workspace, size_t bytes);

/* What can be wrong about a bias that is to be prepared. */
AFT_INTERNAL aft_status aft_check_bias(const aft_shape *shape, const aft_bias *bias, aft_checked checked);

/* That the memory of a prepared bias does not overlap the bias, which is checked. */
AFT_INTERNAL aft_status aft_check_bias_memory(const aft_shape *shape, const aft_bias *bias, const void *memory,
                                              size_t bytes);

/* Whether two arrays have a byte in common. */
AFT_INTERNAL bool aft_arrays_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes);

/* Everything about sequences of rows of `dim` floats, and the memory of their layer, that can be wrong; and that a
 * workspace is in the way of none of them, once they are checked. */
AFT_INTERNAL aft_status aft_check_sequences(const aft_sequences *sequences, size_t dim, const void *layer,
                                            size_t layer_bytes, aft_checked checked);
AFT_INTERNAL aft_status aft_check_sequences_workspace(const aft_sequences *sequences, size_t dim, const void *layer,
                                                      size_t layer_bytes, const void *workspace, size_t bytes);

#endif
