/* SPDX-License-Identifier: MIT */
/* The fuzzer's bytes as a row of choices. Where they run out every choice is the first one, so any input is a valid one
 * and a shorter one is a simpler one. */
#ifndef AFT_TESTS_FUZZ_CHOICES_H
#define AFT_TESTS_FUZZ_CHOICES_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct choices {
    const uint8_t *at, *end;
} choices;

/* The interface of libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static inline uint64_t choose_bits(choices *c, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && c->at < c->end; i++)
        value |= (uint64_t)*c->at++ << 8 * i;
    return value;
}

/* low .. high, both included; at most 2^16 of them */
static inline size_t choose_size(choices *c, size_t low, size_t high) {
    return low + (size_t)choose_bits(c, high - low < 256 ? 1 : 2) % (high - low + 1);
}

static inline bool choose_flag(choices *c) { return choose_bits(c, 1) & 1; }

/* A size as nobody means it, once in a while: near what a count or an address can be, or anything. */
static inline size_t choose_any_size(choices *c, size_t usual) {
    const size_t kind = choose_size(c, 0, 255);
    if (kind < 224)
        return kind % (usual + 1);
    if (kind == 255)
        return (size_t)choose_bits(c, sizeof(size_t));
    const size_t power = SIZE_MAX >> choose_size(c, 0, 63), nearby = choose_size(c, 0, 8);
    return kind % 2 ? power - nearby : power + nearby;
}

static inline float choose_float(choices *c) {
    static const float values[] = {
        0,        -0.0f,          1,       -1,      100,       -100,           1e4f,     0x1p20f,
        -0x1p20f, 0x1.000002p20f, 3e38f,   -3e38f,  0x1p-126f, 0x1p-149f,      INFINITY, -INFINITY,
        NAN,      88.7f,          -103.9f, 0x1p96f, 0x1p-64f,  0x1.fffffep127f};
    enum { VALUES = sizeof values / sizeof values[0] };
    const size_t which = choose_size(c, 0, 255);
    if (which < VALUES)
        return values[which];
    if (which < 192) /* small steps */
        return ((float)which - 128) / 8;
    const uint32_t bits = (uint32_t)choose_bits(c, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
