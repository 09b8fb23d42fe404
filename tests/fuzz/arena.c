/* SPDX-License-Identifier: MIT */
#include "fuzz/arena.h"

#include <stdlib.h>

#include "guarded.h"
#include "harness.h"

static guarded arena;
static unsigned char fills[2][ARENA_BYTES], before[ARENA_BYTES], outcome[ARENA_BYTES];

void arena_make(void) {
    arena = guarded_make(ARENA_BYTES, false, 0);
    for (size_t special = 0; special < 2; special++)
        for (size_t i = 0; i < ARENA_FLOATS; i++) {
            const float value = special && random_chance(0.02) ? INFINITY : random_float(-3, 3);
            memcpy(fills[special] + i * sizeof value, &value, sizeof value);
        }
    setenv("CMOCKA_TEST_ABORT", "1", 1);
}

void arena_fill(choices *c, size_t longest) {
    memcpy(before, fills[choose_flag(c)], ARENA_BYTES);
    for (size_t b = 0; b < ARENA_LENGTHS; b++) {
        const size_t length = choose_size(c, 0, longest);
        memcpy(before + b * sizeof length, &length, sizeof length);
    }
    memcpy(arena.bytes, before, ARENA_BYTES);
}

const size_t *arena_lengths(void) { return (const size_t *)(const void *)arena.bytes; }

const size_t *arena_move_lengths(choices *c) {
    const size_t bytes = ARENA_LENGTHS * sizeof(size_t),
                 at = choose_size(c, 0, (ARENA_BYTES - bytes) / sizeof(size_t)) * sizeof(size_t);
    memmove(before + at, before, bytes);
    memcpy(arena.bytes, before, ARENA_BYTES);
    return (const size_t *)(const void *)(arena.bytes + at);
}

float *arena_place(size_t index) { return (float *)(void *)arena.bytes + index; }

float *arena_lay_out(choices *c, size_t *used, const aft_shape *shape, size_t times, size_t columns,
                     size_t strides[3]) {
    const size_t gap = choose_size(c, 0, 2), start = *used + choose_size(c, 0, 1);
    const bool heads_inside = choose_flag(c);
    strides[2] = (heads_inside ? shape->heads * columns : columns) + gap;
    strides[1] = heads_inside ? columns : times * strides[2];
    strides[0] = times * strides[2] * (heads_inside ? 1 : shape->heads);
    *used = start + shape->batch * strides[0];
    return arena_place(ARENA_LENGTHS * sizeof(size_t) / sizeof(float) + start);
}

const float *arena_choose(choices *c, const float *other) {
    const size_t way = choose_size(c, 0, 7);
    if (way < 4)
        return (const float *)((uintptr_t)other + way % 2 * sizeof(float));
    if (way < 6)
        return arena_place(choose_size(c, 0, ARENA_FLOATS - 1));
    return way == 6 ? NULL : (const float *)(UINTPTR_MAX - 4 * choose_size(c, 0, 300) + 1);
}

bool arena_holds(const view *v) {
    reasons ignored = 0;
    const extent at = extent_of_view(v, false, &ignored), whole = extent_of_bytes(arena.bytes, arena.count);
    return at.begin == at.end || (at.begin >= whole.begin && at.end <= whole.end);
}

static size_t offset_of(const void *data) { return (uintptr_t)data - (uintptr_t)arena.bytes; }

const void *arena_before(const void *data) { return offset_of(data) <= ARENA_BYTES ? before + offset_of(data) : NULL; }

void arena_begin_outcome(void) { memcpy(outcome, before, ARENA_BYTES); }

void arena_expect_float(const float *place, float value) { memcpy(outcome + offset_of(place), &value, sizeof value); }

void arena_check_outcome(const char *function) {
    for (size_t i = 0; i < ARENA_BYTES; i++)
        if (arena.bytes[i] != outcome[i])
            harness_fail("%s, %s: byte %zu is 0x%02x, should be 0x%02x", function, aft_isa_name(), i, arena.bytes[i],
                         outcome[i]);
    memcpy(arena.bytes, before, ARENA_BYTES);
}

bool arena_is_untouched(void) { return memcmp(arena.bytes, before, ARENA_BYTES) == 0; }

void arena_expect_untouched(const char *function) {
    if (!arena_is_untouched())
        harness_fail("%s wrote where it must not", function);
}

void expect_reason(const char *function, aft_status answer, reasons why, bool huge) {
    const bool true_reason = why & (1u << answer);
    if (why ? !true_reason : answer != AFT_OK && !(answer == AFT_SIZE && huge))
        harness_fail("%s says '%s'; the reasons are 0x%x", function, aft_status_string(answer), why);
}

size_t count_isas(void) {
    size_t count = 0;
    while (aft_isa_at(count) && aft_use_isa(aft_isa_at(count)) == AFT_OK)
        count++;
    return count;
}

void use_isa(size_t index) { assert_int_equal(aft_use_isa(aft_isa_at(index)), AFT_OK); }
