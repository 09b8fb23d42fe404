/* SPDX-License-Identifier: MIT */
#include "exp_survey.h"

#include <math.h>
#include <string.h>

#include "correct_exp.h"

#define LOGIT_LIMIT 0x1p+20f /* exp_parts saturates; a NaN counts as -LOGIT_LIMIT */

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void note(extreme *e, double value, float at) {
    if (!(value <= e->value))
        *e = (extreme){isnan(value) ? INFINITY : value, at};
}

/* The end of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t hash(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t hash_pair(float x, float y) { return hash((uint64_t)bits_of(x) << 32 | bits_of(y)); }

static void note_thresholds(thresholds *t, float x, float y) {
    if (y == 0)
        t->last_zero = x;
    if (isinf(y) && isnan(t->first_infinity))
        t->first_infinity = x;
}

static void note_misrounded(misrounded *m, float x, float y, float correct) {
    const double exact = exp((double)x);
    int exponent;
    frexp(exact, &exponent);
    const double ulp = ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
    m->count++;
    note(&m->distance, fabs((double)bits_of(y) - bits_of(correct)), x);
    note(&m->error, fabs((double)y - exact) / ulp, x);
}

static void survey_exp(survey *s, const float *x, size_t count) {
    float y[SURVEY_CHUNK];
    s->probe->exp(count, x, y);
    for (size_t i = 0; i < count; i++) {
        const float correct = correct_exp(x[i]);
        s->digest += hash_pair(x[i], y[i]);
        if (bits_of(y[i]) != bits_of(correct)) {
            note_misrounded(correct < 0x1p-126f ? &s->subnormal : &s->normal, x[i], y[i], correct);
            s->wrong_specials += x[i] == 0 || isinf(x[i]);
        }
        if (!(y[i] >= s->previous) && s->descents++ == 0)
            s->first_descent = x[i];
        s->previous = y[i];
        note_thresholds(&s->seen, x[i], y[i]);
        note_thresholds(&s->correct, x[i], correct);
    }
    note(&s->libm_error, libm_exp_error(x[0]), x[0]);
}

/* exp(x) / 2^n in double. n ln 2 is taken in two parts, the first of them exact for |n| < 2^21: all in all an error of
 * less than 2^-26 u. */
static double scaled_exp(float x, float n) {
    const double ln2_high = 0x1.62e42fefp-1, ln2_low = 0x1.473de6af278edp-34;
    const double reduced = ((double)x - n * ln2_high) - n * ln2_low;
    return fabs(reduced) < 0x1p-26 ? 1 + reduced : exp(reduced);
}

static void survey_parts(survey *s, const float *x, size_t count) {
    float p[SURVEY_CHUNK], n[SURVEY_CHUNK];
    s->probe->exp_parts(count, x, p, n);
    for (size_t i = 0; i < count; i++) {
        s->parts_digest += hash(hash_pair(x[i], p[i]) ^ bits_of(n[i]));
        if (fabsf(x[i]) <= LOGIT_LIMIT) {
            note(&s->parts_error, fabs((double)p[i] / scaled_exp(x[i], n[i]) - 1) * 0x1p24, x[i]);
            s->n_fractions += rintf(n[i]) != n[i];
            s->p_least = p[i] < s->p_least ? p[i] : s->p_least;
            s->p_most = p[i] > s->p_most ? p[i] : s->p_most;
        } else if (x[i] > LOGIT_LIMIT)
            s->wrong_saturations += p[i] != s->high_p || n[i] != s->high_n;
        else
            s->wrong_saturations += p[i] != s->low_p || n[i] != s->low_n;
    }
}

survey survey_begin(const aft_probe *probe, float before) {
    survey s = {.probe = probe, .p_least = INFINITY, .p_most = -INFINITY, .first_descent = NAN};
    s.seen = s.correct = (thresholds){NAN, NAN};
    if (!isnan(before))
        probe->exp(1, &before, &s.previous);
    probe->exp_parts(1, &(float){-LOGIT_LIMIT}, &s.low_p, &s.low_n);
    probe->exp_parts(1, &(float){LOGIT_LIMIT}, &s.high_p, &s.high_n);
    return s;
}

void survey_numbers(survey *s, const float *x, size_t count) {
    survey_exp(s, x, count);
    survey_parts(s, x, count);
    s->inputs += count;
}

void survey_nans(survey *s, const float *x, size_t count) {
    float y[SURVEY_CHUNK];
    s->probe->exp(count, x, y);
    for (size_t i = 0; i < count; i++)
        if (!isnan(y[i]))
            s->wrong_specials++;
    survey_parts(s, x, count);
    s->nans += count;
}
