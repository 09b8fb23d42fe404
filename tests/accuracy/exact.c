/* SPDX-License-Identifier: MIT */
/*
 * The formula of aft.h in MPFR's arithmetic of 256 bits, for the rows and channels that rows.npy and channels.npy of a
 * problem's folder name. It shares nothing with the kernels.
 *
 *     y[t,c] = sigmoid(q[t,c]) * sum_j exp(k[j,c] + w[t,j]) * v[j,c] / sum_j exp(k[j,c] + w[t,j])
 *
 * exp(k + w) is taken as exp(k) * exp(w): MPFR's exponents do not end where a float's do, so nothing under- or
 * overflows, and T + T exponentials serve T * T terms. test_exact.py holds it against mpmath, which takes exp(k + w).
 *
 * Reads one problem a line and writes exact.f64 into its folder: for each [batch][head][row][channel] the fields below.
 */
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

#include "problem.h"

enum { PRECISION = 256 };
static const double logit_limit = 0x1p20; /* larger finite logits count as this, says aft.h */

typedef struct exact_element {
    double y, y_rest;    /* their sum has twice the precision of a double */
    double scale;        /* sigmoid(q) * sum p |v| */
    double visible;      /* keys */
    double mean_of_v;    /* what a kernel would answer that returned the mean of v */
    double dropped_keys; /* and one that dropped one key in a hundred, the last of the row among them */
} exact_element;

enum { DROPPED_EVERY = 100 };

/* exp of `count` logits, `stride` apart; -inf gives 0, and the key does not count. */
static mpfr_t *exponentials(const float *logits, size_t count, size_t stride) {
    mpfr_t *const all = allocate(count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        const double logit = logits[i * stride];
        mpfr_init2(all[i], PRECISION);
        mpfr_set_d(all[i], isinf(logit) ? logit : fmax(-logit_limit, fmin(logit_limit, logit)), MPFR_RNDN);
        mpfr_exp(all[i], all[i], MPFR_RNDN);
    }
    return all;
}

static void free_all(mpfr_t *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        mpfr_clear(all[i]);
    free(all);
}

typedef struct sums {
    mpfr_t num, den, size; /* of p v, p and p |v| */
} sums;

static void sums_begin(sums *s) {
    mpfr_inits2(PRECISION, s->num, s->den, s->size, NULL);
    mpfr_set_zero(s->num, 1);
    mpfr_set_zero(s->den, 1);
    mpfr_set_zero(s->size, 1);
}

static void sums_end(sums *s) { mpfr_clears(s->num, s->den, s->size, NULL); }

static void sums_add(sums *s, const sums *other) {
    mpfr_add(s->num, s->num, other->num, MPFR_RNDN);
    mpfr_add(s->den, s->den, other->den, MPFR_RNDN);
    mpfr_add(s->size, s->size, other->size, MPFR_RNDN);
}

/* gate * part / den, or 0 where nothing is visible. */
static void quotient(mpfr_t result, const mpfr_t gate, const mpfr_t part, const mpfr_t den) {
    if (mpfr_zero_p(den)) {
        mpfr_set_zero(result, 1);
        return;
    }
    mpfr_div(result, part, den, MPFR_RNDN);
    mpfr_mul(result, result, gate, MPFR_RNDN);
}

static void sigmoid(mpfr_t gate, float q) {
    mpfr_set_d(gate, -(double)q, MPFR_RNDN);
    mpfr_exp(gate, gate, MPFR_RNDN);
    mpfr_add_ui(gate, gate, 1, MPFR_RNDN);
    mpfr_ui_div(gate, 1, gate, MPFR_RNDN);
}

/* How one row sees the keys: those below `keys`, by the weight w[j - w_begin] within [w_begin, w_end), by 1 outside. */
typedef struct row_view {
    size_t keys, w_begin, w_end;
    mpfr_t *w;
} row_view;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static row_view see(const accuracy_problem *problem, size_t batch, size_t row) {
    const aft_shape *const shape = &problem->aft.shape;
    const aft_bias *const bias = &problem->aft.bias;
    const size_t position = shape->q_offset + row, window = bias->window;
    row_view view = {.keys = problem->kv_len_of[batch]};
    if (shape->causal)
        view.keys = smaller(view.keys, position + 1);
    if (bias->kind == AFT_BIAS_FULL)
        view.w_end = view.keys;
    else if (bias->kind == AFT_BIAS_LOCAL && window > 0) {
        view.w_begin = smaller(position + 1 > window ? position + 1 - window : 0, view.keys);
        view.w_end = smaller(position + window, view.keys);
    }
    if (view.w_end > view.w_begin)
        view.w = exponentials((const float *)bias->data + row * bias->row_stride + view.w_begin,
                              view.w_end - view.w_begin, 1);
    return view;
}

static exact_element element(const row_view *view, mpfr_t *const k, const float *v, size_t stride, float q) {
    sums kept, dropped;
    mpfr_t p, term, gate;
    double mean = 0, visible = 0;
    sums_begin(&kept);
    sums_begin(&dropped);
    mpfr_inits2(PRECISION, p, term, gate, NULL);
    for (size_t j = 0; j < view->keys; j++) {
        const double value = v[j * stride];
        sums *const into = (view->keys - 1 - j) % DROPPED_EVERY == 0 ? &dropped : &kept;
        if (j >= view->w_begin && j < view->w_end)
            mpfr_mul(p, k[j], view->w[j - view->w_begin], MPFR_RNDN);
        else
            mpfr_set(p, k[j], MPFR_RNDN);
        if (mpfr_zero_p(p))
            continue;
        visible++;
        mean += (value - mean) / visible;
        mpfr_add(into->den, into->den, p, MPFR_RNDN);
        mpfr_mul_d(term, p, value, MPFR_RNDN);
        mpfr_add(into->num, into->num, term, MPFR_RNDN);
        mpfr_abs(term, term, MPFR_RNDN);
        mpfr_add(into->size, into->size, term, MPFR_RNDN);
    }
    for (size_t j = 0; visible == 0 && j < view->keys; j++) /* a kernel that knows no masks */
        mean += (v[j * stride] - mean) / (double)(j + 1);

    exact_element e = {.visible = visible};
    sigmoid(gate, q);
    quotient(term, gate, kept.num, kept.den);
    e.dropped_keys = mpfr_get_d(term, MPFR_RNDN);
    e.mean_of_v = mpfr_get_d(gate, MPFR_RNDN) * mean;
    sums_add(&kept, &dropped);
    quotient(term, gate, kept.num, kept.den);
    e.y = mpfr_get_d(term, MPFR_RNDN);
    mpfr_sub_d(term, term, e.y, MPFR_RNDN);
    e.y_rest = mpfr_get_d(term, MPFR_RNDN);
    quotient(term, gate, kept.size, kept.den);
    e.scale = mpfr_get_d(term, MPFR_RNDN);
    mpfr_clears(p, term, gate, NULL);
    sums_end(&kept);
    sums_end(&dropped);
    return e;
}

typedef struct sample {
    const int *rows, *channels;
    size_t row_count, channel_count;
} sample;

/* One (batch, head) pair; `out` is [row][channel] of the sample. */
static void pair(const accuracy_problem *problem, const sample *chosen, size_t batch, size_t head, exact_element *out) {
    const aft_problem *const aft = &problem->aft;
    const size_t stride = aft->k.time_stride, keys = problem->kv_len_of[batch];
    const size_t offset = batch * aft->k.batch_stride + head * aft->k.head_stride;
    const float *const q = aft->q.data + batch * aft->q.batch_stride + head * aft->q.head_stride;
    mpfr_t **const columns = allocate(chosen->channel_count * sizeof *columns);
    for (size_t i = 0; i < chosen->channel_count; i++)
        columns[i] = exponentials(aft->k.data + offset + chosen->channels[i], keys, stride);
    for (size_t r = 0; r < chosen->row_count; r++) {
        const size_t row = (size_t)chosen->rows[r];
        const row_view view = see(problem, batch, row);
        for (size_t i = 0; i < chosen->channel_count; i++)
            out[r * chosen->channel_count + i] =
                element(&view, columns[i], aft->v.data + offset + chosen->channels[i], stride,
                        q[row * aft->q.time_stride + (size_t)chosen->channels[i]]);
        free_all(view.w, view.w_end - view.w_begin);
    }
    for (size_t i = 0; i < chosen->channel_count; i++)
        free_all(columns[i], keys);
    free(columns);
}

static void check_sample(const int *indices, size_t count, size_t limit, const char *folder) {
    for (size_t i = 0; i < count; i++)
        if (indices[i] < 0 || (size_t)indices[i] >= limit)
            give_up("%s: the sample names index %d of %zu", folder, indices[i], limit);
}

static void solve(const accuracy_problem *problem) {
    const aft_shape *const shape = &problem->aft.shape;
    npy_array rows = problem_array(problem, "rows", NPY_I4, 1);
    npy_array channels = problem_array(problem, "channels", NPY_I4, 1);
    const sample chosen = {rows.data, channels.data, rows.count, channels.count};
    check_sample(chosen.rows, chosen.row_count, shape->q_len, problem->folder);
    check_sample(chosen.channels, chosen.channel_count, shape->channels, problem->folder);
    const size_t each = rows.count * channels.count, pairs = shape->batch * shape->heads;
    exact_element *const out = allocate(pairs * each * sizeof *out);
    for (size_t b = 0; b < shape->batch; b++)
        for (size_t h = 0; h < shape->heads; h++)
            pair(problem, &chosen, b, h, out + (b * shape->heads + h) * each);
    problem_write(problem, "exact.f64", out, pairs * each * sizeof *out);
    free(out);
    npy_free(&rows);
    npy_free(&channels);
}

int main(void) {
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        accuracy_problem problem = problem_read(line);
        solve(&problem);
        problem_free(&problem);
        puts("done");
        fflush(stdout);
    }
    return 0;
}
