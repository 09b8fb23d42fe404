/* SPDX-License-Identifier: MIT */
/* A layer in the caller's memory: what aft_layer_prepare writes, and where its parts lie. */
#ifndef AFT_DISPATCH_LAYER_H
#define AFT_DISPATCH_LAYER_H

#include "dispatch/table.h"

#include <stdint.h>

/* Begins the memory; the parts follow in this order, each from a multiple of AFT_ALIGNMENT_FLOATS floats on. */
typedef struct aft_layer_header {
    uint64_t magic, dim, heads, channels, max_length, causal;
    uint64_t has_bias; /* a prepared one; else it is AFT-simple */
    uint64_t bytes;    /* of all */
    uint64_t reserved[7];
    uint64_t seal;
} aft_layer_header;

/* Offsets in floats from the beginning of the memory. */
typedef struct aft_layer_layout {
    size_t hidden, hidden_columns, dim_columns; /* columns: rounded up to whole panels */
    size_t in_matrix, in_bias;                  /* of to_q, to_k and to_v, one after the other */
    size_t out_matrix, out_bias;
    size_t bias;
    size_t floats; /* without the prepared bias, which comes last */
} aft_layer_layout;

/* False where it would not fit an address space. */
AFT_INTERNAL bool aft_layer_lay_out(size_t dim, size_t heads, size_t channels, aft_layer_layout *layout);

/* AFT_NULL or AFT_STALE where the memory is no prepared layer, or its header is damaged. */
AFT_INTERNAL aft_status aft_layer_open(const void *memory, aft_layer_header *header, aft_layer_layout *layout);

#endif
