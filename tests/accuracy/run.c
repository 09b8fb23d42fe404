/* SPDX-License-Identifier: MIT */
/*
 * Runs the library on problems, on one instruction set: aft_accuracy_run ISA. Exit status 3: this CPU or build lacks it.
 *
 * Reads one problem a line, with a last word: `bits` to run it in every way that must not change a bit, `plain` to run
 * it once. Writes y-ISA.f32 ([B,H,T,D]) into its folder, and answers, one a line:
 *
 *     ran ISA                the instruction set that the library says it ran on
 *     differs HOW: ...       a way in which other bits came out
 *     compared N             ways
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "float_mode.h"
#include "guarded.h"
#include "harness.h"
#include "pool.h"
#include "problem.h"

enum { UNSUPPORTED_ISA = 3 };
static const uint32_t canary = 0x7fe5a5a5u; /* a NaN that no computation makes */

/* A problem whose tensors lie `misalign` floats before an unmapped page. */
typedef struct placement {
    aft_problem problem;
    guarded q, k, v, w, y;
} placement;

static guarded copy(const float *data, size_t count, size_t misalign) {
    guarded memory = guarded_make(count * sizeof(float), false, misalign * sizeof(float));
    if (count)
        memcpy(memory.bytes, data, count * sizeof(float));
    return memory;
}

static size_t outputs(const aft_shape *shape) { return shape->batch * shape->heads * shape->q_len * shape->channels; }

static placement place(const accuracy_problem *source, size_t misalign) {
    placement p = {.problem = source->aft};
    p.q = copy(source->q.data, source->q.count, misalign);
    p.k = copy(source->k.data, source->k.count, misalign);
    p.v = copy(source->v.data, source->v.count, misalign);
    p.y = guarded_make(source->q.count * sizeof(float), false, misalign * sizeof(float));
    p.problem.q.data = (const float *)p.q.bytes;
    p.problem.k.data = (const float *)p.k.bytes;
    p.problem.v.data = (const float *)p.v.bytes;
    p.problem.y =
        (aft_tensor){(float *)p.y.bytes, p.problem.q.batch_stride, p.problem.q.head_stride, p.problem.q.time_stride};
    if (source->aft.bias.kind != AFT_BIAS_NONE) {
        p.w = copy(source->w.data, source->w.count, misalign);
        p.problem.bias.data = p.w.bytes;
    }
    return p;
}

static void unplace(placement *p) {
    guarded *const all[] = {&p->q, &p->k, &p->v, &p->w, &p->y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        guarded_free(all[i]);
}

static void expect_ok(aft_status status, const char *what) {
    if (status != AFT_OK)
        give_up("%s: %s", what, aft_status_string(status));
}

/* With a workspace of its own, whose end is guarded too. */
static void forward(const aft_problem *problem, size_t workers, size_t misalign) {
    pool threads = {workers};
    const aft_parallel parallel = pool_parallel(&threads), *const with = workers > 1 ? &parallel : NULL;
    size_t bytes;
    expect_ok(aft_workspace_bytes(problem, with, &bytes), "aft_workspace_bytes");
    guarded workspace = guarded_make(bytes, false, misalign * sizeof(float));
    expect_ok(aft_forward(problem, workspace.bytes, bytes, with), "aft_forward");
    guarded_free(&workspace);
}

static void forget_outputs(const placement *p) {
    for (size_t i = 0; i < p->y.count / sizeof(float); i++)
        p->problem.y.data[i] = float_of_bits(canary);
}

typedef struct comparison {
    const accuracy_problem *source;
    const float *want; /* the outputs of the plain run */
    size_t ways;
} comparison;

/* Holds the first `rows` rows of each pair against the plain run. */
__attribute__((format(printf, 4, 5))) static void compare(comparison *c, const float *y, size_t rows, const char *how,
                                                          ...) {
    const aft_shape *const s = &c->source->aft.shape;
    size_t moved = 0, first = 0, compared = 0;
    for (size_t pair = 0; pair < s->batch * s->heads; pair++)
        for (size_t i = 0; i < rows * s->channels; i++, compared++) {
            const size_t at = pair * s->q_len * s->channels + i;
            if (float_bits(y[at]) != float_bits(c->want[at]) && moved++ == 0)
                first = at;
        }
    c->ways++;
    if (!moved)
        return;
    va_list arguments;
    va_start(arguments, how);
    fputs("differs ", stdout);
    vprintf(how, arguments);
    va_end(arguments);
    printf(": %zu of %zu outputs, the first at pair %zu, row %zu, channel %zu: %a instead of %a\n", moved, compared,
           first / (s->q_len * s->channels), first / s->channels % s->q_len, first % s->channels, (double)y[first],
           (double)c->want[first]);
}

static void try_workers(comparison *c) {
    static const size_t widths[] = {2, 3, 7};
    placement p = place(c->source, 0);
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        forget_outputs(&p);
        forward(&p.problem, widths[i], 0);
        compare(c, p.problem.y.data, p.problem.shape.q_len, "with %zu threads", widths[i]);
    }
    unplace(&p);
}

static void try_misalignments(comparison *c) {
    for (size_t misalign = 0; misalign < 16; misalign++) {
        placement p = place(c->source, misalign);
        forget_outputs(&p);
        forward(&p.problem, 1, misalign);
        compare(c, p.problem.y.data, p.problem.shape.q_len, "%zu floats off alignment", misalign);
        unplace(&p);
    }
}

static void try_split(comparison *c) {
    placement p = place(c->source, 0);
    const aft_shape *const s = &p.problem.shape;
    forget_outputs(&p);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++) {
            aft_problem part = p.problem;
            part.shape.batch = part.shape.heads = 1;
            part.shape.kv_lengths = s->kv_lengths ? s->kv_lengths + b : NULL;
            part.q.data += b * part.q.batch_stride + h * part.q.head_stride;
            part.k.data += b * part.k.batch_stride + h * part.k.head_stride;
            part.v.data += b * part.v.batch_stride + h * part.v.head_stride;
            part.y.data += b * part.y.batch_stride + h * part.y.head_stride;
            forward(&part, 1, 0);
        }
    compare(c, p.problem.y.data, s->q_len, "one batch and head at a time");
    unplace(&p);
}

/* A causal sequence that ends earlier. */
static void try_prefixes(comparison *c) {
    placement p = place(c->source, 0);
    const aft_shape *const whole = &c->source->aft.shape;
    const size_t lengths[] = {1, whole->q_len / 3, whole->q_len / 2 + 1, whole->q_len - 1};
    size_t *const kv_lengths = allocate(whole->batch * sizeof *kv_lengths);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        aft_shape *const prefix = &p.problem.shape;
        const size_t seen = whole->q_offset + lengths[i];
        prefix->q_len = lengths[i];
        prefix->kv_len = seen < whole->kv_len ? seen : whole->kv_len;
        for (size_t b = 0; b < whole->batch; b++)
            kv_lengths[b] = c->source->kv_len_of[b] < prefix->kv_len ? c->source->kv_len_of[b] : prefix->kv_len;
        prefix->kv_lengths = kv_lengths;
        forget_outputs(&p);
        forward(&p.problem, 1, 0);
        compare(c, p.problem.y.data, lengths[i], "as a sequence of its first %zu rows", lengths[i]);
    }
    free(kv_lengths);
    unplace(&p);
}

static void try_float_modes(comparison *c) {
    placement p = place(c->source, 0);
    for (size_t m = 1; m < float_mode_count; m++)
        for (size_t workers = 1; workers <= 2; workers++) {
            forget_outputs(&p);
            float_mode_set(&float_modes[m]); /* which threads inherit */
            forward(&p.problem, workers, 0);
            const uint64_t left = float_mode_bits();
            float_mode_set(&float_modes[0]);
            compare(c, p.problem.y.data, p.problem.shape.q_len, "on a host %s, %zu threads", float_modes[m].name,
                    workers);
            if (left != float_modes[m].bits)
                printf("differs on a host %s: the mode was not put back\n", float_modes[m].name);
        }
    unplace(&p);
}

/* The same bias stored as 2 * window - 1 columns. */
static void try_band(comparison *c) {
    placement p = place(c->source, 0);
    const aft_shape *const s = &p.problem.shape;
    const size_t window = p.problem.bias.window, columns = 2 * window - 1;
    guarded band = guarded_make(s->q_len * columns * sizeof(float), false, 0);
    for (size_t t = 0; t < s->q_len; t++)
        for (size_t i = 0; i < columns; i++) {
            const size_t key = s->q_offset + t + i - (window - 1); /* wraps around where it is negative */
            ((float *)band.bytes)[t * columns + i] =
                key < s->kv_len ? ((const float *)p.w.bytes)[t * s->kv_len + key] : float_of_bits(canary);
        }
    p.problem.bias.kind = AFT_BIAS_BAND;
    p.problem.bias.data = band.bytes;
    p.problem.bias.row_stride = columns;
    forget_outputs(&p);
    forward(&p.problem, 1, 0);
    compare(c, p.problem.y.data, s->q_len, "with the bias stored as a band");
    guarded_free(&band);
    unplace(&p);
}

/* The bias prepared, and its own memory gone. */
static void try_prepared(comparison *c) {
    placement p = place(c->source, 0);
    aft_problem *const problem = &p.problem;
    size_t bytes;
    expect_ok(aft_prepared_bytes(&problem->shape, &problem->bias, &bytes), "aft_prepared_bytes");
    guarded memory = guarded_make(bytes, false, 0);
    expect_ok(aft_prepare(&problem->shape, &problem->bias, memory.bytes, bytes, &problem->bias), "aft_prepare");
    guarded_free(&p.w);
    forget_outputs(&p);
    forward(problem, 1, 0);
    compare(c, problem->y.data, problem->shape.q_len, "with the bias prepared");
    guarded_free(&memory);
    unplace(&p);
}

static void compare_all(comparison *c) {
    const aft_problem *const problem = &c->source->aft;
    try_workers(c);
    try_misalignments(c);
    try_split(c);
    try_float_modes(c);
    if (problem->shape.causal && problem->shape.q_len > 1)
        try_prefixes(c);
    if (problem->bias.kind == AFT_BIAS_LOCAL && problem->bias.window > 0)
        try_band(c);
    if (problem->bias.kind != AFT_BIAS_NONE)
        try_prepared(c);
}

int main(int count, char **arguments) {
    if (count != 2)
        give_up("usage: aft_accuracy_run ISA");
    if (aft_use_isa(arguments[1]) != AFT_OK)
        return UNSUPPORTED_ISA;
    char line[1024], name[64];
    snprintf(name, sizeof name, "y-%s.f32", arguments[1]);
    while (fgets(line, sizeof line, stdin)) {
        accuracy_problem source = problem_read(line);
        placement p = place(&source, 0);
        forget_outputs(&p);
        forward(&p.problem, 1, 0);
        problem_write(&source, name, p.y.bytes, outputs(&source.aft.shape) * sizeof(float));
        comparison c = {&source, (const float *)p.y.bytes, 0};
        if (strncmp(line + source.words, " bits", 5) == 0)
            compare_all(&c);
        printf("ran %s\ncompared %zu\n", aft_isa_name(), c.ways);
        fflush(stdout);
        unplace(&p);
        problem_free(&source);
    }
    return 0;
}
