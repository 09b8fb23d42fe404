/* SPDX-License-Identifier: MIT */
/* Biases that are exponentiated and packed before the rows run: their shape, and the memory of a prepared one. */
#ifndef AFT_DISPATCH_PACKED_H
#define AFT_DISPATCH_PACKED_H

#include "dispatch/table.h"

/* Chains that the rows of one block may see as dense; a window of 0 is AFT-full, where all keys are. */
AFT_INTERNAL size_t aft_block_chains(size_t keys, size_t window);

/* How a bias is packed for the rows and keys of a shape: everything but the pointers. FULL, or LOCAL and BAND with a
 * window of at least 1. False where it would not fit an address space. */
AFT_INTERNAL bool aft_packed_describe(const aft_shape *shape, const aft_bias *bias, aft_packed *packed);

/* Points a description to its floats; returns how many these are. NULL only counts. Without logits, these are read where
 * the bias lies. */
AFT_INTERNAL size_t aft_packed_place(aft_packed *packed, float *floats, bool logits);

/* A prepared bias in the caller's memory; of another bias, only that itself. */
typedef struct aft_prepared {
    aft_bias bias; /* of what is prepared, its kind and window; no data */
    aft_packed packed;
    size_t bytes;
} aft_prepared;

/* Reads what aft_prepare wrote: AFT_NULL without memory, AFT_STALE where it does not serve this problem. */
AFT_INTERNAL aft_status aft_prepared_open(const aft_problem *problem, aft_prepared *prepared);

#endif
