/* SPDX-License-Identifier: MIT */
/* What is measured of an exponential, float by float. */
#ifndef AFT_TESTS_ACCURACY_EXP_SURVEY_H
#define AFT_TESTS_ACCURACY_EXP_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/probe.h"

enum { SURVEY_CHUNK = 4096 };

/* The largest value so far, and the input that gave it. */
typedef struct extreme {
    double value;
    float at;
} extreme;

/* The results of one kind, normal or subnormal, that are not correctly rounded. */
typedef struct misrounded {
    uint64_t count;
    extreme distance; /* in floats, from the correctly rounded result */
    extreme error;    /* in ULP, from the exact result; of a correctly rounded one it is at most 0.5 */
} misrounded;

typedef struct thresholds {
    float last_zero, first_infinity; /* the greatest input with the result 0, the least with the result infinity */
} thresholds;

typedef struct survey {
    const aft_probe *probe;
    uint64_t inputs, nans;

    /* y = exp(x) */
    misrounded normal, subnormal;
    thresholds seen, correct;
    uint64_t wrong_specials; /* at +-0, +-infinity or NaN */
    uint64_t descents;       /* a result below the one before */
    float previous, first_descent;
    extreme libm_error; /* relative, of a sample; see LIBM_MARGIN */

    /* exp(x) = p * 2^n */
    extreme parts_error; /* relative, in u = 2^-24 */
    float p_least, p_most;
    uint64_t n_fractions;               /* n that are no integers */
    float low_p, low_n, high_p, high_n; /* at -2^20 and below, at 2^20 and above */
    uint64_t wrong_saturations;

    /* Sums of a hash of input and output: those of disjoint sets of inputs add up to that of all, in any order. */
    uint64_t digest, parts_digest;
} survey;

/* `before` is the float below the first one to come. */
survey survey_begin(const aft_probe *probe, float before);

/* At most SURVEY_CHUNK numbers, ascending over all calls. */
void survey_numbers(survey *s, const float *x, size_t count);
void survey_nans(survey *s, const float *x, size_t count);

#endif
