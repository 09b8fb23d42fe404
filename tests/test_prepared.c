/* SPDX-License-Identifier: MIT */
/* A prepared bias gives the bits of the bias it was made from, on every instruction set and wherever its memory lies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_mode.h"
#include "pool.h"
#include "preparation.h"

static const aft_bias_kind kinds[] = {AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static case_spec random_spec(size_t max_rows, size_t *kv_lengths) {
    case_spec spec = case_random(max_rows, 40, kv_lengths);
    spec.kind = kinds[random_size(0, KINDS - 1)];
    return spec;
}

/* Tails of chains, tiles and row blocks, and a bias for each batch and head. */
static case_spec with_tails(aft_bias_kind kind, bool causal) {
    case_spec spec = case_default(harness_pick(35, 75, 75), harness_pick(37, 83, 83), harness_pick(3, 19, 19));
    spec.shape.batch = spec.shape.heads = 2;
    spec.shape.q_offset = 5;
    spec.shape.causal = causal;
    spec.kind = kind;
    spec.window = 21;
    spec.first_row = 3;
    spec.bias_per_batch = spec.bias_per_head = true;
    return spec;
}

static void random_problems(const char *isa) {
    (void)isa;
    pool threads = {3};
    const aft_parallel parallel = pool_parallel(&threads), by_index = {.width = 2};
    tie_count ties = {0};
    for (size_t i = 0; i < harness_pick(8, 300, 1500); i++) {
        size_t kv_lengths[4];
        const case_spec spec = random_spec(harness_pick(50, 150, 250), kv_lengths);
        prepared_case p = prepared_case_of(case_make(&spec));
        const aft_parallel *const ways[] = {NULL, &parallel, &by_index};
        case_run(&p.c, ways[i % 3]);
        if (spec.shape.kv_lengths)
            same_bits_but_ties(&p.c, p.want, &ties);
        else
            case_same_bits(&p.c, p.want, "with the bias prepared");
        prepared_case_free(&p);
    }
    expect_few_ties(&ties);
}

static void every_length(const char *isa) {
    (void)isa;
    for (size_t length = 0; length <= 2 * 64 + 2; length += length < 4 ? 1 : harness_pick(21, 1, 1))
        for (size_t kind = 0; kind < KINDS; kind++)
            for (int causal = 0; causal < 2; causal++) {
                case_spec spec = case_default(length, length, 3);
                spec.kind = kinds[kind];
                spec.window = length / 3 + 1;
                spec.shape.causal = causal;
                prepared_case p = prepared_case_of(case_make(&spec));
                case_run(&p.c, NULL);
                case_same_bits(&p.c, p.want, "with the bias prepared");
                prepared_case_free(&p);
            }
}

/* Wherever in a chain of keys the window of the first row begins and that of the last one ends. */
static void every_window_and_offset(const char *isa) {
    (void)isa;
    for (size_t offset = 0; offset < 16; offset += harness_pick(15, 1, 1))
        for (size_t window = 1; window < 40; window += harness_pick(20, 3, 1)) {
            case_spec spec = case_default(130, 230, 1);
            spec.kind = random_chance(0.5) ? AFT_BIAS_LOCAL : AFT_BIAS_BAND;
            spec.window = window;
            spec.shape.q_offset = 40 + offset;
            prepared_case p = prepared_case_of(case_make(&spec));
            case_run(&p.c, NULL);
            case_same_bits(&p.c, p.want, "with the bias prepared");
            prepared_case_free(&p);
        }
}

/* As wide as the sequence, about, and wider than any. */
static void wide_windows(const char *isa) {
    (void)isa;
    enum { LENGTH = 70 };
    static const size_t windows[] = {LENGTH - 1, LENGTH, LENGTH + 1, SIZE_MAX / 4, SIZE_MAX - 10, SIZE_MAX};
    for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = case_default(LENGTH, LENGTH, 3);
            spec.kind = AFT_BIAS_LOCAL;
            spec.window = windows[w];
            spec.shape.causal = causal;
            prepared_case p = prepared_case_of(case_make(&spec));
            case_run(&p.c, NULL);
            case_same_bits(&p.c, p.want, "with the bias prepared");
            prepared_case_free(&p);
        }
}

/* Rows whose biases fill more than one group of keys. */
static void several_groups(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = case_default(harness_pick(2, 70, 140), 2100, 3);
            spec.shape.q_offset = 2000;
            spec.shape.causal = causal;
            spec.kind = kinds[kind];
            spec.window = 1100;
            spec.first_row = 2;
            prepared_case p = prepared_case_of(case_make(&spec));
            case_run(&p.c, NULL);
            case_same_bits(&p.c, p.want, "with the bias prepared");
            prepared_case_free(&p);
        }
}

/* More key panels than are made at a time. */
static void several_sets(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        case_spec spec = with_tails(kinds[kind], kind % 2);
        spec.shape.batch = 5;
        spec.shape.heads = 6;
        spec.shape.q_len = 3;
        spec.shape.q_offset = 90;
        spec.shape.kv_len = harness_pick(100, 1100, 1100);
        spec.shape.channels = harness_pick(3, 70, 70);
        prepared_case p = prepared_case_of(case_make(&spec));
        case_run(&p.c, NULL);
        case_same_bits(&p.c, p.want, "with the bias prepared");
        prepared_case_free(&p);
    }
}

/* Prepared under each instruction set: the same bytes, and used under this one. */
static void made_on_any_isa(const char *isa) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = with_tails(kinds[kind], causal);
            spec.w_range = 60;
            test_case c = case_make(&spec);
            *case_w(&c, 0, 1, 4, 3) = NAN;
            *case_w(&c, 0, 1, 4, 4) = -INFINITY;
            case_run(&c, NULL);
            float *const want = case_snapshot(&c);
            const aft_bias bias = c.problem.bias;
            preparation here = preparation_make(&spec.shape, &bias);
            for (size_t other = 0; aft_isa_at(other); other++) {
                if (aft_use_isa(aft_isa_at(other)) != AFT_OK)
                    continue;
                preparation there = preparation_make(&spec.shape, &bias);
                assert_int_equal(aft_use_isa(isa), AFT_OK);
                assert_int_equal(here.memory.count, there.memory.count);
                assert_memory_equal(here.memory.bytes, there.memory.bytes, here.memory.count);
                c.problem.bias = there.bias;
                case_run(&c, NULL);
                case_same_bits(&c, want, "with a bias prepared on another instruction set");
                preparation_free(&there);
            }
            preparation_free(&here);
            free(want);
            case_free(&c);
        }
}

/* From a bias at any address into memory at any other, which then moves to a third. */
static void at_any_address(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        const case_spec spec = with_tails(kinds[kind], kind % 2);
        test_case c = case_make(&spec);
        case_run(&c, NULL);
        float *const want = case_snapshot(&c);
        const aft_bias original = c.problem.bias;
        preparation first = preparation_make(&spec.shape, &original);
        const size_t bytes = first.memory.count;
        for (size_t slack = 0; slack < 64; slack += harness_pick(20, 4, 4)) {
            guarded bias = guarded_make(c.w.count, true, slack * 3 % 64);
            memcpy(bias.bytes, c.w.bytes, c.w.count);
            aft_bias elsewhere = original;
            elsewhere.data = bias.bytes;
            guarded memory = guarded_make(bytes, true, slack);
            assert_int_equal(aft_prepare(&spec.shape, &elsewhere, memory.bytes, bytes, &c.problem.bias), AFT_OK);
            assert_memory_equal(memory.bytes, first.memory.bytes, bytes);
            guarded_free(&bias);
            case_run(&c, NULL);
            case_same_bits(&c, want, "prepared at another address");

            guarded copy = guarded_make(bytes, true, slack * 5 % 64);
            memcpy(copy.bytes, memory.bytes, bytes);
            guarded_free(&memory);
            c.problem.bias.data = copy.bytes;
            case_run(&c, NULL);
            case_same_bits(&c, want, "with a prepared bias that was moved");
            guarded_free(&copy);
        }
        preparation_free(&first);
        free(want);
        case_free(&c);
    }
}

/* aft_prepare computes in a mode of its own, and puts the host's back. */
static void under_any_mode(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        case_spec spec = with_tails(kinds[kind], kind % 2);
        spec.w_range = (float[]){0x1p-126f, 5, 100}[kind];
        test_case c = case_make(&spec);
        preparation here = preparation_make(&spec.shape, &c.problem.bias);
        for (size_t m = 1; m < float_mode_count; m++) {
            float_mode_set(&float_modes[m]);
            preparation there = preparation_make(&spec.shape, &c.problem.bias);
            const uint64_t after = float_mode_bits();
            float_mode_set(&float_modes[0]);
            if (after != float_modes[m].bits)
                harness_fail("the host's mode (%s) was not put back", float_modes[m].name);
            assert_memory_equal(here.memory.bytes, there.memory.bytes, here.memory.count);
            preparation_free(&there);
        }
        preparation_free(&here);
        case_free(&c);
    }
}

/* Gaps of strides and what lies outside a window are not part of the bias. */
static void gaps_leave_no_trace(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(4, 60, 300); i++) {
        size_t kv_lengths[4];
        case_spec spec = random_spec(harness_pick(40, 100, 200), kv_lengths);
        spec.gap = random_size(1, 9);
        spec.shape.kv_lengths = NULL;
        test_case c = case_make(&spec);
        preparation with_canaries = preparation_make(&spec.shape, &c.problem.bias);
        for (size_t e = 0; e < c.w.count / sizeof(float); e++)
            if (float_bits(((float *)c.w.bytes)[e]) == CASE_CANARY)
                ((float *)c.w.bytes)[e] = 7;
        preparation with_numbers = preparation_make(&spec.shape, &c.problem.bias);
        assert_int_equal(with_canaries.memory.count, with_numbers.memory.count);
        assert_memory_equal(with_canaries.memory.bytes, with_numbers.memory.bytes, with_numbers.memory.count);
        preparation_free(&with_canaries);
        preparation_free(&with_numbers);
        case_free(&c);
    }
}

static void nothing_to_prepare(const char *isa) {
    (void)isa;
    static const aft_bias_kind simple[] = {AFT_BIAS_NONE, AFT_BIAS_LOCAL};
    for (size_t kind = 0; kind < 2; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = with_tails(simple[kind], causal);
            spec.window = 0;
            test_case c = case_make(&spec);
            case_run(&c, NULL);
            float *const want = case_snapshot(&c);
            size_t bytes = 12345;
            aft_bias prepared = {.kind = AFT_BIAS_FULL};
            assert_int_equal(aft_prepared_bytes(&spec.shape, &c.problem.bias, &bytes), AFT_OK);
            assert_int_equal(bytes, 0);
            assert_int_equal(aft_prepare(&spec.shape, &c.problem.bias, NULL, 0, &prepared), AFT_OK);
            assert_int_equal(prepared.kind, AFT_BIAS_NONE);
            c.problem.bias = prepared;
            case_run(&c, NULL);
            case_same_bits(&c, want, "with the bias prepared to nothing");
            free(want);
            case_free(&c);
        }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(random_problems),     EACH_ISA(every_length),       EACH_ISA(every_window_and_offset),
        EACH_ISA(wide_windows),        EACH_ISA(several_groups),     EACH_ISA(several_sets),
        EACH_ISA(made_on_any_isa),     EACH_ISA(at_any_address),     EACH_ISA(under_any_mode),
        EACH_ISA(gaps_leave_no_trace), EACH_ISA(nothing_to_prepare),
    };
    return HARNESS_MAIN("prepared", units);
}
