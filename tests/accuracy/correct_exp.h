/* SPDX-License-Identifier: MIT */
/* The correctly rounded exponential of a float. */
#ifndef AFT_TESTS_ACCURACY_CORRECT_EXP_H
#define AFT_TESTS_ACCURACY_CORRECT_EXP_H

/* exp(x) rounded to nearest even, with gradual underflow, for any x but NaN. Asks of libm's exp in double only an error
 * below LIBM_MARGIN (glibc documents less than one unit in the last place, 2^-52); where that cannot decide the float,
 * MPFR does. */
float correct_exp(float x);

#define LIBM_MARGIN 0x1p-48 /* relative */

/* By MPFR, the relative error of libm's exp(x); 0 where correct_exp does not ask libm. */
double libm_exp_error(float x);

#endif
