/* SPDX-License-Identifier: MIT */
#include "dispatch/sizes.h"

size_t aft_sum(size_t a, size_t b) { return aft_fits(a) && b <= AFT_LARGEST_COUNT - a ? a + b : AFT_TOO_MANY; }

size_t aft_times(size_t a, size_t b) { return b == 0 || a <= AFT_LARGEST_COUNT / b ? a * b : AFT_TOO_MANY; }

size_t aft_append(size_t *total, size_t count, size_t floats) {
    size_t offset = *total, end = aft_sum(aft_sum(offset, aft_times(count, floats)), AFT_ALIGNMENT_FLOATS - 1);
    *total = end - end % AFT_ALIGNMENT_FLOATS; /* of AFT_TOO_MANY nothing goes off */
    return offset;
}
