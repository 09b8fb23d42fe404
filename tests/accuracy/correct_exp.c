/* SPDX-License-Identifier: MIT */
#include "correct_exp.h"

#include <math.h>
#include <mpfr.h>

enum { FLOAT_PRECISION = 24, EXACT_PRECISION = 128 };
enum { FLOAT_EMIN = -148, FLOAT_EMAX = 128 }; /* MPFR's mantissas lie in [1/2, 1) */

/* MPFR rounds its functions correctly, in the precision and the range of exponents given. */
static float rounded_by_mpfr(float x) {
    const mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_set_emin(FLOAT_EMIN);
    mpfr_set_emax(FLOAT_EMAX);
    MPFR_DECL_INIT(value, FLOAT_PRECISION);
    mpfr_set_flt(value, x, MPFR_RNDN);
    const int direction = mpfr_exp(value, value, MPFR_RNDN);
    mpfr_subnormalize(value, direction, MPFR_RNDN); /* knows the direction: the value is not rounded twice */
    const float rounded = mpfr_get_flt(value, MPFR_RNDN);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    return rounded;
}

#define LEAST_LOGIT (-104) /* exp(-104) < 2^-150, half of the smallest float */
#define MOST_LOGIT 89      /* exp(89) > 2^128 */

float correct_exp(float x) {
    if (x < LEAST_LOGIT)
        return 0;
    if (x > MOST_LOGIT)
        return INFINITY;
    if (fabsf(x) <= 0x1p-25f) /* 1 - 2^-25 < exp(x) < 1 + 2^-24: nearer to 1 than to its neighbours */
        return 1;
    const double value = exp((double)x);
    const float low = (float)(value * (1 - LIBM_MARGIN)), high = (float)(value * (1 + LIBM_MARGIN));
    return low == high ? low : rounded_by_mpfr(x);
}

double libm_exp_error(float x) {
    if (x < LEAST_LOGIT || x > MOST_LOGIT)
        return 0;
    MPFR_DECL_INIT(value, EXACT_PRECISION);
    MPFR_DECL_INIT(error, EXACT_PRECISION);
    mpfr_set_flt(value, x, MPFR_RNDN);
    mpfr_exp(value, value, MPFR_RNDN);
    mpfr_d_sub(error, exp((double)x), value, MPFR_RNDN);
    mpfr_div(error, error, value, MPFR_RNDN);
    return fabs(mpfr_get_d(error, MPFR_RNDN));
}
