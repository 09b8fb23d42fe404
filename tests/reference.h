/* SPDX-License-Identifier: MIT */
/* The formula of aft.h as a plain loop in double, with the maximum of k + w of the visible keys taken out. It shares
 * nothing with the library. */
#ifndef AFT_TESTS_REFERENCE_H
#define AFT_TESTS_REFERENCE_H

#include "aft.h"

typedef struct reference_value {
    double y;       /* may be an infinity or NaN, by the table of special values in aft.h */
    double scale;   /* sigmoid(q) * sum p |v|: what an error is measured by */
    size_t visible; /* keys */
} reference_value;

#ifdef __cplusplus
extern "C" {
#endif

/* One output of a valid problem, of any kind but PREPARED. */
reference_value reference_output(const aft_problem *problem, size_t batch, size_t head, size_t row, size_t channel);

/* The largest error allowed: 24 u scale + n 2^-136. */
double reference_bound(const reference_value *value);

/* The bias of one row and key; 0 outside the window of LOCAL and BAND. */
float reference_bias(const aft_problem *problem, size_t batch, size_t head, size_t row, size_t key);

#ifdef __cplusplus
}
#endif

#endif
