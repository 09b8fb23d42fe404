/* SPDX-License-Identifier: MIT */
/* A bias prepared for a long sequence serves parts of it, and other batches and heads. */
#include <math.h>
#include <stdlib.h>

#include "preparation.h"

static const aft_bias_kind kinds[] = {AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static case_spec sliceable_spec(size_t max_rows) {
    size_t kv_lengths[4];
    case_spec spec = case_random(max_rows, 40, kv_lengths);
    spec.kind = kinds[random_size(0, KINDS - 1)];
    spec.shape.kv_lengths = NULL;
    spec.in_place = false;
    return spec;
}

/* Rows [first, first + rows) of a case that has no lengths, over its first `keys` keys. */
static test_case slice(const test_case *whole, size_t first, size_t rows, size_t keys) {
    test_case part = *whole;
    aft_problem *const both[] = {&part.problem, &part.truth};
    for (size_t i = 0; i < 2; i++) {
        aft_problem *const p = both[i];
        p->shape.q_offset += first;
        p->shape.q_len = rows;
        p->shape.kv_len = keys;
        p->bias.first_row += first;
        p->q.data += first * p->q.time_stride;
        p->y.data += first * p->y.time_stride;
    }
    part.spec.shape = part.problem.shape;
    part.spec.first_row = part.problem.bias.first_row;
    return part;
}

static void set_lengths(test_case *part, const size_t *kv_lengths) {
    part->problem.shape.kv_lengths = part->truth.shape.kv_lengths = part->spec.shape.kv_lengths = kv_lengths;
}

/* A slice gives what the same slice gives with the bias itself: the same bits, if they are counted. */
static void try_slices(const prepared_case *p, tie_count *ties) {
    const aft_shape *const s = &p->c.spec.shape;
    for (size_t i = 0; i < 4; i++) {
        const size_t first = random_size(0, s->q_len - 1), rows = random_size(1, s->q_len - first);
        const size_t keys = random_chance(0.3) ? s->kv_len : random_size(0, s->kv_len);
        size_t kv_lengths[4];
        test_case part = slice(&p->c, first, rows, keys);
        if (p->c.spec.kind == AFT_BIAS_FULL && !s->causal) /* then positions do not matter */
            part.problem.shape.q_offset = part.truth.shape.q_offset = random_size(0, 300);
        for (size_t b = 0; b < s->batch; b++)
            kv_lengths[b] = random_size(0, keys);
        if (random_chance(0.3))
            set_lengths(&part, kv_lengths);
        test_case unprepared = part;
        unprepared.problem.bias = part.truth.bias;
        case_run(&unprepared, NULL);
        float *const want = case_snapshot(&unprepared);
        case_run(&part, NULL);
        if (ties && keys == s->kv_len && !part.spec.shape.kv_lengths)
            case_same_bits(&part, want, "with the bias prepared for more rows");
        else if (ties)
            same_bits_but_ties(&part, want, ties);
        else
            case_check(&part, 1);
        free(want);
    }
}

static void slices(const char *isa) {
    (void)isa;
    tie_count ties = {0};
    for (size_t i = 0; i < harness_pick(4, 150, 400); i++) {
        const case_spec spec = sliceable_spec(harness_pick(50, 150, 250));
        prepared_case p = prepared_case_of(case_make(&spec));
        try_slices(&p, &ties);
        prepared_case_free(&p);
    }
    expect_few_ties(&ties);
}

/* Biases that poison a whole row, hide keys or outweigh all others, and values that matter however little their keys
 * weigh. */
static void make_hostile(const test_case *c) {
    static const float biases[] = {-INFINITY, INFINITY, NAN, 3e38f, -3e38f, 1e4f, 300, -300, 90, -70};
    const size_t last = sizeof biases / sizeof biases[0] - 1;
    const double probability = (double[]){0.002, 0.05, 0.5, 1}[random_size(0, 3)];
    const float only = random_chance(0.5) ? biases[random_size(0, last)] : 0;
    for (size_t e = 0; e < c->w.count / sizeof(float); e++)
        if (random_chance(probability))
            ((float *)c->w.bytes)[e] = only != 0 ? only : biases[random_size(0, last)];
    for (size_t e = 0; e < c->v.count / sizeof(float); e++)
        if (random_chance(0.02) && float_bits(((float *)c->v.bytes)[e]) != CASE_CANARY)
            ((float *)c->v.bytes)[e] = random_chance(0.5) ? 3e38f : -3e38f;
}

/* Also among keys that a slice does not see. */
static void hostile_biases(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(4, 200, 800); i++) {
        const case_spec spec = sliceable_spec(harness_pick(40, 90, 120));
        test_case c = case_make(&spec);
        make_hostile(&c);
        prepared_case p = prepared_case_of(c);
        case_run(&p.c, NULL);
        case_same_bits(&p.c, p.want, "with the bias prepared");
        try_slices(&p, NULL);
        prepared_case_free(&p);
    }
}

/* Row by row, as a decoder goes: each call sees one key more. */
static void decoding(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < harness_pick(3, 30, 150); i++) {
        const size_t length = random_size(1, harness_pick(30, 150, 300));
        case_spec spec = case_default(length, length, random_size(1, 20));
        spec.shape.causal = true;
        spec.kind = kinds[i % KINDS];
        spec.window = random_size(1, 60);
        spec.k_range = spec.w_range = (float[]){1, 20, 100}[random_size(0, 2)];
        prepared_case p = prepared_case_of(case_make(&spec));
        for (size_t t = 0; t < length; t++) {
            const test_case row = slice(&p.c, t, 1, t + 1);
            case_run(&row, NULL);
            case_same_bits(&row, p.want + t * spec.shape.channels, "decoded alone");
        }
        prepared_case_free(&p);
    }
}

static void try_counts(const test_case *c, size_t batch, size_t heads, size_t batch_stride, size_t head_stride,
                       const float *want) {
    aft_shape shape = c->problem.shape;
    shape.batch = batch;
    shape.heads = heads;
    aft_bias bias = c->problem.bias;
    bias.batch_stride = batch_stride;
    bias.head_stride = head_stride;
    preparation p = preparation_make(&shape, &bias);
    test_case used = *c;
    used.problem.bias = p.bias;
    case_run(&used, NULL);
    case_same_bits(&used, want, "with a bias prepared for another number of batches and heads");
    preparation_free(&p);
}

/* A bias that all batches (and heads) share serves any number of them, also where it was prepared as that of one, whose
 * strides are never stepped. */
static void any_number_of_batches_and_heads(const char *isa) {
    (void)isa;
    enum { HEADS = 3, NEVER = 12345 };
    for (size_t kind = 0; kind < KINDS; kind++)
        for (int per_head = 0; per_head < 2; per_head++) {
            case_spec spec = case_default(harness_pick(9, 70, 70), 83, 5);
            spec.shape.batch = 2;
            spec.shape.heads = HEADS;
            spec.kind = kinds[kind];
            spec.window = 11;
            spec.shape.causal = kind % 2;
            spec.bias_per_head = per_head;
            test_case c = case_make(&spec);
            case_run(&c, NULL);
            float *const want = case_snapshot(&c);
            const size_t head_stride = c.problem.bias.head_stride;
            try_counts(&c, 5, HEADS, 0, head_stride, want);
            try_counts(&c, 1, HEADS, NEVER, head_stride, want);
            if (!per_head) {
                try_counts(&c, 1, 1, NEVER, NEVER, want);
                try_counts(&c, 3, 7, 0, 0, want);
            }
            free(want);
            case_free(&c);
        }
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(slices),
        EACH_ISA(hostile_biases),
        EACH_ISA(decoding),
        EACH_ISA(any_number_of_batches_and_heads),
    };
    return HARNESS_MAIN("prepared_parts", units);
}
