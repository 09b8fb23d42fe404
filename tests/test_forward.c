/* SPDX-License-Identifier: MIT */
/* Problems of every shape, layout and bias against the reference. */
#include "cases.h"

static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void random_problems(const char *isa) {
    (void)isa;
    const size_t repetitions = harness_pick(8, 250, 500), rows = harness_pick(50, 150, 200);
    for (size_t i = 0; i < repetitions; i++) {
        size_t kv_lengths[4];
        const case_spec spec = case_random(rows, 70, kv_lengths);
        case_try(&spec);
    }
}

/* Each kind of bias, causal or not, at one size. */
static void try_all_kinds(size_t q_len, size_t kv_len, size_t channels) {
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int causal = 0; causal < 2; causal++) {
            case_spec spec = case_default(q_len, kv_len, channels);
            spec.kind = kinds[kind];
            spec.window = 5;
            spec.shape.causal = causal;
            spec.at_start = random_chance(0.5);
            case_try(&spec);
        }
}

/* No channel, one, and every tail of up to four of the widest vectors. */
static void every_channel_count(const char *isa) {
    (void)isa;
    const size_t step = harness_pick(9, 1, 1);
    for (size_t channels = 0; channels <= 4 * 16 + 1; channels += channels < 4 ? 1 : step)
        try_all_kinds(3, 5, channels);
}

/* No row, one, and every tail of tiles and of chains of 16 keys. */
static void every_length(const char *isa) {
    (void)isa;
    const size_t step = harness_pick(21, 1, 1);
    for (size_t length = 0; length <= 2 * 64 + 2; length += length < 4 ? 1 : step)
        try_all_kinds(length, length, 3);
}

static void every_query_count(const char *isa) {
    (void)isa;
    const size_t step = harness_pick(13, 1, 1);
    for (size_t q_len = 0; q_len <= 64 + 2; q_len += q_len < 4 ? 1 : step)
        try_all_kinds(q_len, 9, 18);
}

/* Sums of 4096 keys, the longest that the bound is stated for, and of more than two groups of 4096. */
static void long_sums(const char *isa) {
    (void)isa;
    const size_t lengths[] = {4096, 2 * 4096 + 77};
    for (size_t l = 0; l < (harness_pick(1, 2, 2)); l++)
        for (size_t kind = 0; kind < KINDS; kind++)
            for (int causal = 0; causal < 2; causal++) {
                case_spec spec = case_default(harness_pick(2, 70, 100), lengths[l], 3);
                spec.shape.q_offset = lengths[l] - spec.shape.q_len - 1;
                spec.shape.causal = causal;
                spec.kind = kinds[kind];
                spec.window = 100;
                spec.k_range = spec.w_range = 3;
                test_case c = case_make(&spec);
                case_run(&c, NULL);
                case_check(&c, harness_pick(2, 9, 9));
                case_free(&c);
            }
}

/* All keys alike in sign and size: no rounding error averages out. */
static void same_sign_values(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        case_spec spec = case_default(harness_pick(1, 5, 5), 1000, 3);
        spec.kind = kinds[kind];
        spec.window = 300;
        test_case c = case_make(&spec);
        for (size_t j = 0; j < 1000; j++)
            for (size_t i = 0; i < 3; i++)
                *case_v(&c, 0, 0, j, i) = random_float(1, 1.0001f);
        case_run(&c, NULL);
        case_check(&c, 1);
        case_free(&c);
    }
}

static void output_over_queries(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        case_spec spec = case_default(harness_pick(9, 70, 70), 80, harness_pick(9, 19, 19));
        spec.shape.batch = spec.shape.heads = 2;
        spec.kind = kinds[kind];
        spec.window = 9;
        spec.in_place = true;
        spec.gap = 3;
        case_try(&spec);
    }
}

/* A key panel made of the first k and v of a batch only, or a bias of the first head, would be found here. */
static void batches_and_heads_differ(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int shared = 0; shared < 2; shared++) {
            case_spec spec = case_default(9, 20, 5);
            spec.shape.batch = 3;
            spec.shape.heads = 4;
            spec.kind = kinds[kind];
            spec.window = 4;
            spec.bias_per_batch = spec.bias_per_head = !shared;
            spec.shared_keys = shared;
            spec.heads_inside = true;
            case_try(&spec);
        }
}

/* The bias of a row a long way down a stored matrix, for a chunk of queries. */
static void chunk_of_queries(const char *isa) {
    (void)isa;
    for (size_t kind = 0; kind < KINDS; kind++) {
        case_spec spec = case_default(13, 200, 5);
        spec.shape.causal = true;
        spec.shape.q_offset = spec.first_row = 101;
        spec.kind = kinds[kind];
        spec.window = 30;
        case_try(&spec);
    }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(random_problems),     EACH_ISA(every_channel_count),
        EACH_ISA(every_length),        EACH_ISA(every_query_count),
        EACH_ISA(long_sums),           EACH_ISA(same_sign_values),
        EACH_ISA(output_over_queries), EACH_ISA(batches_and_heads_differ),
        EACH_ISA(chunk_of_queries),
    };
    return HARNESS_MAIN("forward", units);
}
