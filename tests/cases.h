/* SPDX-License-Identifier: MIT */
/* One problem of any shape, layout and bias, in guarded memory, run by the library and held against the reference.
 * What a kernel must not read (gaps of strides, keys past a kv_length, the bias outside a window) holds NaN; what it
 * must not write is checked afterwards. */
#ifndef AFT_TESTS_CASES_H
#define AFT_TESTS_CASES_H

#include "guarded.h"
#include "harness.h"

#define CASE_CANARY 0x7fe5a5a5u /* a NaN that no computation makes */

typedef struct case_spec {
    aft_shape shape; /* kv_lengths, if any, outlives the case */
    aft_bias_kind kind;
    size_t window, first_row;
    bool bias_per_batch, bias_per_head;
    bool heads_inside;                        /* [B,T,H*D], else [B,H,T,D] */
    bool shared_keys;                         /* k and v of batch 0 serve all of them */
    bool in_place;                            /* y is q */
    bool at_start;                            /* the unmapped page lies just before each tensor, else just after */
    size_t gap;                               /* elements between rows */
    size_t misalign;                          /* elements between tensor and page; slack of the workspace */
    float q_range, k_range, w_range, v_range; /* uniform in +- range */
} case_spec;

typedef struct test_case {
    case_spec spec;
    aft_problem problem;
    aft_problem truth; /* the same, with a q that a run in place does not overwrite */
    guarded q, k, v, w, y, q_copy;
} test_case;

/* batch = heads = 1, no bias, ranges of 1: a start to change. */
case_spec case_default(size_t q_len, size_t kv_len, size_t channels);
/* Anything that fits the limits. `kv_lengths` needs room for 4 batches. */
case_spec case_random(size_t max_rows, size_t max_channels, size_t *kv_lengths);

test_case case_make(const case_spec *spec);
void case_free(test_case *c);

/* Elements of the inputs, to be changed between make and run. The bias's is NULL where its kind has none. */
float *case_q(const test_case *c, size_t batch, size_t head, size_t row, size_t channel);
float *case_k(const test_case *c, size_t batch, size_t head, size_t key, size_t channel);
float *case_v(const test_case *c, size_t batch, size_t head, size_t key, size_t channel);
float *case_w(const test_case *c, size_t batch, size_t head, size_t row, size_t key);
/* Every channel of a key at once, in batch 0 and head 0. */
void case_set_key(const test_case *c, size_t key, float k, float v);
void case_set_queries(const test_case *c, float q);

const float *case_output(const test_case *c, size_t batch, size_t head, size_t row);

/* Puts into the output's memory what is there before a run. */
void case_clear(const test_case *c);

/* Runs the library, expects AFT_OK, and checks that nothing but the outputs was written. Without a run() in `parallel`, it
 * runs every task by its number, from the last to the first, under `width` workers. Computes no floating-point numbers. */
void case_run(const test_case *c, const aft_parallel *parallel);

/* Holds every row_step-th row against the reference, or against the reference of another description of the same
 * problem. */
void case_check(const test_case *c, size_t row_step);
void case_check_against(const test_case *c, const aft_problem *truth, size_t row_step);

/* make, run, check, free. */
void case_try(const case_spec *spec);

/* The outputs alone, [B,H,T,D]; free() it. */
float *case_snapshot(const test_case *c);
/* Fails at the first difference, and names it. */
void case_same_bits(const test_case *c, const float *want, const char *what);

#endif
