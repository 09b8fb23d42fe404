/* SPDX-License-Identifier: MIT */
/*
 * What dispatch and kernels share: the plan of a forward, and the table of an instruction set's kernels.
 *
 * A plan turns a checked problem into phases. The tasks of a phase are independent. Where every key of a problem counts
 * alike for all rows (AFT-simple, not causal) it streams: group states of the keys, then rows. Where a row differs from
 * the one before by one key (AFT-simple, causal) it scans: one phase. Everything else aggregates: key panels for a set of
 * (batch, head) pairs, then blocks of rows over them; so many pairs a set as fit in a bounded workspace. A bias that
 * serves several pairs, or several slices of channels, is packed before all that.
 */
#ifndef AFT_DISPATCH_TABLE_H
#define AFT_DISPATCH_TABLE_H

#include "dispatch/internal.h"
#include "dispatch/isa_list.h"

#include <aft.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0) ||                           \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "libaft: -ffast-math, -Ofast and each part of them change results: compile these files without"
#endif

enum {
    /* These lengths decide the order of every sum, and with it the bits of the result: constants of the library. */
    AFT_CHAIN_KEYS = 16,   /* a chain of FMAs restarts at absolute multiples of this */
    AFT_FAN_IN = 4,        /* this many sums of one level make one of the next; chains are added on level 0 */
    AFT_LEVELS = 3,        /* then come groups, added in order */
    AFT_GROUP_CHAINS = 64, /* AFT_FAN_IN to the power of AFT_LEVELS */
    AFT_GROUP_KEYS = AFT_CHAIN_KEYS * AFT_GROUP_CHAINS,

    AFT_PRODUCT_CHAIN = 128, /* the same of a product: a chain restarts at multiples of this */

    AFT_ROW_BLOCK = 64,    /* query rows of an aggregation task */
    AFT_TILE_VECTORS = 2,  /* vectors of channels that are aggregated together, at most */
    AFT_PACK_VECTORS = 32, /* vectors of channels of a packing or scanning task, at most */
    AFT_SLICE_VECTORS = 8, /* and of an aggregation task, at least */
    AFT_STREAM_ROWS = 512, /* query rows of a streaming task, at least */

    AFT_PANEL_COLUMNS = 16, /* of a packed matrix: a cache line, and the widest vector */
    AFT_PRODUCT_ROWS = 96,  /* rows of a product's task */
};

/* What the workspace holds for one vector of channels of one (batch, head) pair: offsets in floats from the start of
 * that record. A vector takes `lanes` floats, a state AFT_STATE_VECTORS vectors. */
typedef struct aft_key_record {
    size_t panel;     /* [chains][AFT_CHAIN_KEYS] (e * v, e) */
    size_t exponents; /* [chains, at least 1] (of e * v, of e) */
    size_t threshold; /* the least |numerator| that can be trusted */
    size_t prefix;    /* [chains + 1] states of the keys before a chain */
    size_t suffix;    /* [chains + 1] states of the keys from a chain on */
    size_t floats;
} aft_key_record;

/* What one worker needs for itself: offsets in floats from the start of its scratch. */
typedef struct aft_scratch {
    size_t rows;          /* [AFT_ROW_BLOCK] aft_row */
    size_t weights;       /* [chains, of a group at most][AFT_ROW_BLOCK][AFT_CHAIN_KEYS] */
    size_t accumulators;  /* [AFT_LEVELS - 1][AFT_TILE_VECTORS][AFT_ROW_BLOCK] (numerator, denominator) */
    size_t groups;        /* [vectors][AFT_ROW_BLOCK] the same, where the keys of a row fill more than one group */
    size_t chain;         /* one chain of keys, taken apart: AFT_PART_VECTORS vectors a key */
    size_t exact;         /* [AFT_ROW_BLOCK] AFT_EXACT_VECTORS vectors: elements computed again */
    size_t exact_weights; /* [chains][AFT_ROW_BLOCK] (p, n)[AFT_CHAIN_KEYS]: the weights of their rows */
    size_t floats;
} aft_scratch;

enum { AFT_STATE_VECTORS = 5, AFT_PART_VECTORS = 5, AFT_EXACT_VECTORS = 7 + 2 * AFT_LEVELS };

/* How one query row sees the keys: those in [dense_begin, dense_end) by their bias, those before and after as states.
 */
typedef struct aft_row {
    size_t index;    /* of the row in q */
    size_t position; /* q_offset + index */
    size_t visible;  /* keys that it may see at all */
    size_t dense_begin, dense_end;
    size_t bias_begin, bias_end; /* keys that have a bias of their own; the other dense ones have 0 */
    size_t bias_origin;          /* where these begin; see bias_rows.h */
    size_t prefix, suffix;       /* chains of the states; suffix counts only where the problem is not causal */
    float exponent;              /* the largest n of the row's biases */
    float threshold;             /* the least |numerator| that can be trusted, for each key */
    bool near;                   /* its biases that lie in place are near (weights.h) */
    bool weights_taken;          /* for the elements that are computed again */
} aft_row;

/* Weights that are packed before any row is aggregated, in blocks of AFT_ROW_BLOCK bias rows from first_row on. A block
 * has the chains that its rows may see as dense. Nothing here depends on the instruction set. */
typedef struct aft_packed {
    float *scales;         /* [copies][rows] (exponent, threshold), as in aft_row */
    float *weights;        /* [copies][blocks][chains][AFT_ROW_BLOCK][AFT_CHAIN_KEYS]; NULL: each task packs its own */
    float *logits;         /* the same of the biases; NULL: they are read where the bias lies */
    size_t batches, heads; /* copies: 1 serves all, else one each */
    size_t first_row, rows, blocks, chains;
} aft_packed;

typedef struct aft_plan {
    aft_problem problem;
    float *workspace;      /* aligned to 64 bytes */
    size_t lanes, vectors; /* of a vector; vectors of channels */
    size_t window;         /* rows see keys by their bias where |position - key| < window; 0 for AFT-simple */
    bool streams;          /* AFT-simple, not causal */
    bool scans;            /* AFT-simple, causal */
    bool has_states;       /* a row may see keys as states */
    bool packs_bias;       /* the bias serves several tasks with the same rows: the first phase packs it for all */
    size_t pairs;          /* batch * heads */
    size_t pairs_per_set;
    size_t key_groups;   /* of AFT_GROUP_KEYS, in kv_len */
    size_t task_rows;    /* query rows of a streaming task */
    size_t pack_vectors; /* vectors of channels of a packing or scanning task */
    size_t pack_blocks;  /* packing or scanning tasks a pair */
    size_t row_blocks;   /* of a pair; each as many tasks as there are slices */
    size_t slices;       /* of the channels, in which the tasks of a row block share them */
    size_t slice_vectors;
    size_t phases;
    size_t row_skew; /* rows that the first row task lacks, so that the others begin where a block does */
    aft_key_record record;
    aft_scratch scratch;
    aft_packed packed;
    size_t pair_floats;    /* what the workspace holds for a pair */
    size_t packed_offset;  /* of a bias that the first phase packs, in floats from the workspace */
    size_t scratch_offset; /* of worker 0 */
} aft_plan;

/* Runs one task; `set` is the first pair of the phase's set. */
typedef void aft_kernel(const aft_plan *plan, size_t set, size_t task, float *scratch);

/* Rows times a packed matrix, plus a row of biases (kernels/product_rows.c). Columns go to one tensor after the other,
 * c_columns to each; between two chains the sums wait there, so nothing else may lie in c. */
typedef struct aft_product {
    const float *a; /* [batches][rows][inner] */
    size_t a_batch_stride, a_stride;
    const float *matrix; /* [panels][inner][AFT_PANEL_COLUMNS]; what the last panel lacks is 0 */
    const float *bias;   /* [panels][AFT_PANEL_COLUMNS] */
    float *c;            /* [tensors][batches][rows][c_columns] */
    size_t c_tensor_stride, c_batch_stride, c_stride;
    size_t batches, rows, inner, columns, c_columns;
    size_t row_blocks, slices, slice_columns; /* tasks: batches * row_blocks * slices */
} aft_product;

typedef void aft_product_kernel(const aft_product *product, size_t task);

typedef struct aft_table {
    const char *name;
    size_t lanes;
#define AFT_KERNEL(kernel) aft_kernel *kernel;
#include "dispatch/kernels.def"
#undef AFT_KERNEL
    aft_product_kernel *product_rows;
} aft_table;

/* aft_table_avx2() and its kin. */
#define AFT_ISA_ROW(isa) AFT_INTERNAL const aft_table *aft_table_##isa(void);
AFT_ISA_LIST(AFT_ISA_ROW)
#undef AFT_ISA_ROW

#endif
