/* SPDX-License-Identifier: MIT */
/* Prepared biases: declared, so that callers can ask; not in this version. */
#include <aft.h>

aft_status aft_prepared_bytes(const aft_shape *shape, const aft_bias *bias, size_t *bytes) {
    return shape && bias && bytes ? AFT_UNSUPPORTED : AFT_NULL;
}

aft_status aft_prepare(const aft_shape *shape, const aft_bias *bias, void *memory, size_t bytes, aft_bias *prepared) {
    (void)bytes;
    return shape && bias && memory && prepared ? AFT_UNSUPPORTED : AFT_NULL;
}
