/* SPDX-License-Identifier: MIT */
#include "preparation.h"

#include <stdlib.h>
#include <string.h>

/* The prepared bias takes the place of the other, as a caller may write it. */
static guarded prepare_into(const aft_shape *shape, const aft_bias *bias, bool at_start, size_t slack,
                            aft_bias *prepared) {
    size_t bytes;
    *prepared = *bias;
    assert_int_equal(aft_prepared_bytes(shape, bias, &bytes), AFT_OK);
    guarded memory = guarded_make(bytes, at_start, slack);
    memset(memory.bytes, at_start ? 0x5a : 0xa5, bytes);
    assert_int_equal(aft_prepare(shape, prepared, memory.bytes, bytes, prepared), AFT_OK);
    assert_int_equal(prepared->kind, AFT_BIAS_PREPARED);
    assert_ptr_equal(prepared->data, memory.bytes);
    assert_int_equal(prepared->first_row, bias->first_row);
    return memory;
}

preparation preparation_in_place(const aft_shape *shape, const aft_bias *bias, bool at_start, size_t slack) {
    preparation p;
    guarded other = prepare_into(shape, bias, !at_start, slack, &p.bias);
    p.memory = prepare_into(shape, bias, at_start, slack, &p.bias);
    assert_int_equal(p.memory.count, other.count);
    assert_memory_equal(p.memory.bytes, other.bytes, other.count);
    guarded_free(&other);
    guarded_read_only(&p.memory);
    return p;
}

preparation preparation_make(const aft_shape *shape, const aft_bias *bias) {
    return preparation_in_place(shape, bias, false, 0);
}

void preparation_free(preparation *p) { guarded_free(&p->memory); }

prepared_case prepared_case_of(test_case c) {
    prepared_case p = {.kept = malloc(c.w.count + 1)};
    assert_non_null(p.kept);
    case_run(&c, NULL);
    p.want = case_snapshot(&c);
    p.prepared =
        preparation_in_place(&c.problem.shape, &c.problem.bias, c.spec.at_start, c.spec.misalign * sizeof(float));
    memcpy(p.kept, c.w.bytes, c.w.count);
    guarded_free(&c.w);
    c.problem.bias = p.prepared.bias;
    c.problem.bias.batch_stride = c.problem.bias.head_stride = c.problem.bias.row_stride = SIZE_MAX; /* not read */
    c.problem.bias.window = SIZE_MAX;
    c.truth.bias.data = p.kept;
    p.c = c;
    return p;
}

void prepared_case_free(prepared_case *p) {
    free(p->want);
    free(p->kept);
    preparation_free(&p->prepared);
    case_free(&p->c);
}

void same_bits_but_ties(const test_case *c, const float *want, tie_count *ties) {
    const aft_shape *const s = &c->problem.shape;
    const size_t outputs = s->batch * s->heads * s->q_len * s->channels;
    float *const got = case_snapshot(c);
    size_t moved = 0;
    for (size_t i = 0; i < outputs; i++)
        moved += float_bits(got[i]) != float_bits(want[i]);
    free(got);
    if (moved)
        case_check(c, 1);
    ties->moved += moved;
    ties->compared += outputs;
}

void expect_few_ties(const tie_count *ties) {
    if (ties->moved > 1 + ties->compared / 1000000)
        harness_fail("%zu of %zu outputs moved where fewer keys were used than prepared", ties->moved, ties->compared);
}
