/* SPDX-License-Identifier: MIT */
/* Prepared biases for tests: in guarded memory of exactly the bytes that were asked for, and cases that have one. */
#ifndef AFT_TESTS_PREPARATION_H
#define AFT_TESTS_PREPARATION_H

#include "cases.h"

typedef struct preparation {
    aft_bias bias;
    guarded memory; /* read-only */
} preparation;

/* Prepares twice, over other garbage each time, and expects the same bytes: in the place that is stayed in, as of
 * guarded_make, and in the same one at the other end. */
preparation preparation_in_place(const aft_shape *shape, const aft_bias *bias, bool at_start, size_t slack);
/* Right before an unmapped page. */
preparation preparation_make(const aft_shape *shape, const aft_bias *bias);
void preparation_free(preparation *p);

/* A case whose bias is prepared, as far from the page as the bias itself was; the memory of that is unmapped. */
typedef struct prepared_case {
    test_case c;
    preparation prepared;
    float *want; /* the outputs with the bias itself */
    float *kept; /* a copy of the bias, by which the truth is told */
} prepared_case;

/* Takes the case over. */
prepared_case prepared_case_of(test_case c);
void prepared_case_free(prepared_case *p);

/* Where fewer keys are used than were prepared, a term that is dropped may tip a tie, says aft.h: the outputs that moved, and
 * of how many. */
typedef struct tie_count {
    size_t moved, compared;
} tie_count;

/* The outputs have these bits, or some of them move, within the bound. */
void same_bits_but_ties(const test_case *c, const float *want, tie_count *ties);
/* One in a million, or one. */
void expect_few_ties(const tie_count *ties);

#endif
