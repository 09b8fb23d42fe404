/* SPDX-License-Identifier: MIT */
/* AFT-full: a dense bias w[first_row + t][j]; every visible key is dense. */
#ifndef AFT_KERNELS_BIAS_FULL_H
#define AFT_KERNELS_BIAS_FULL_H

#include "kernels/kernel.h"

AFT_INLINE void full_row(aft_row *row, size_t visible) {
    row->dense_begin = row->bias_begin = 0;
    row->dense_end = row->bias_end = visible;
}

#endif
