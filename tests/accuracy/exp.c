/* SPDX-License-Identifier: MIT */
/*
 * Holds the exponential of one instruction set against the correctly rounded one: aft_accuracy_exp ISA STEP [PART
 * PARTS]. Exit status 3: this CPU or build lacks it.
 *
 * Takes every STEP-th of the 2^32 floats (1: all of them) and, whatever STEP is, all near the places where something
 * changes; of these the PART-th (from 0) of PARTS ranges. Answers one a line, floats as %a (exp_survey.h says what is
 * what):
 *
 *     active ISA             the instruction set that the library says is active
 *     NAME VALUE
 *     NAME VALUE INPUT       an extreme value, and the input that gave it
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aft.h"
#include "exp_survey.h"

enum { USAGE = 2, UNSUPPORTED_ISA = 3 };
enum { NEAR = 1024 }; /* floats on either side of a place */

/* The rank of a float in ascending order: negative NaNs, -infinity, ..., -0, +0, ..., infinity, NaNs. */
#define POSITIVE (UINT64_C(1) << 31)
#define FLOATS (UINT64_C(1) << 32)

static float float_at(uint64_t rank) {
    const uint32_t bits = (uint32_t)(rank < POSITIVE ? FLOATS - 1 - rank : rank - POSITIVE);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t rank_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < POSITIVE ? bits + POSITIVE : FLOATS - 1 - bits;
}

static int ascending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Where exp leaves 0 or 1, becomes subnormal or infinite, saturates, or is cut off by SLEEF (-104, 100); and where the
 * reduction by n ln 2 goes from one n to the next. Ascending. */
enum { LEAST_N = -151, MOST_N = 129, FIXED_PLACES = 12, PLACES = FIXED_PLACES + MOST_N - LEAST_N };
static void find_places(float places[PLACES]) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    const double fixed[FIXED_PLACES] = {
        -INFINITY, -0x1p20, -104, -150 * ln2, -126 * ln2, -0x1p-25, 0, 0x1p-24, 128 * ln2, 100, 0x1p20, INFINITY,
    };
    for (size_t i = 0; i < FIXED_PLACES; i++)
        places[i] = (float)fixed[i];
    for (int n = LEAST_N; n < MOST_N; n++)
        places[FIXED_PLACES + n - LEAST_N] = (float)((n + 0.5) * ln2);
    qsort(places, PLACES, sizeof places[0], ascending);
}

typedef struct part {
    uint64_t begin, end; /* ranks */
} part;

/* Surveys the multiples of step in begin .. end - 1 that belong to the part: either NaNs or numbers. */
static void walk(survey *s, part p, uint64_t begin, uint64_t end, uint64_t step) {
    begin = begin > p.begin ? begin : p.begin;
    end = end < p.end ? end : p.end;
    for (uint64_t rank = (begin + step - 1) / step * step; rank < end;) {
        float x[SURVEY_CHUNK];
        size_t count = 0;
        do {
            x[count++] = float_at(rank);
            rank += step;
        } while (count < SURVEY_CHUNK && rank < end);
        (isnan(x[0]) ? survey_nans : survey_numbers)(s, x, count);
    }
}

static survey survey_part(const aft_probe *probe, part p, uint64_t step) {
    survey s = survey_begin(probe, p.begin ? float_at(p.begin - 1) : NAN);
    const uint64_t first = rank_of(-INFINITY), end = rank_of(INFINITY) + 1;
    float places[PLACES];
    find_places(places);
    walk(&s, p, 0, first, step);
    uint64_t reached = first;
    for (size_t i = 0; i < PLACES; i++) {
        const uint64_t place = rank_of(places[i]), past = place + NEAR < end ? place + NEAR : end;
        walk(&s, p, reached, place - NEAR, step);
        walk(&s, p, place - NEAR > reached ? place - NEAR : reached, past, 1);
        reached = past;
    }
    walk(&s, p, end, FLOATS, step);
    return s;
}

static void print_count(const char *name, uint64_t count) { printf("%s %" PRIu64 "\n", name, count); }

static void print_float(const char *name, float value) { printf("%s %a\n", name, (double)value); }

static void print_extreme(const char *name, extreme e) { printf("%s %.9g %a\n", name, e.value, (double)e.at); }

static void print_digest(const char *name, uint64_t digest) { printf("%s %016" PRIx64 "\n", name, digest); }

static void print_survey(const survey *s) {
    print_count("inputs", s->inputs);
    print_count("nans", s->nans);
    print_count("normal_misrounded", s->normal.count);
    print_extreme("normal_distance", s->normal.distance);
    print_extreme("normal_error", s->normal.error);
    print_count("subnormal_misrounded", s->subnormal.count);
    print_extreme("subnormal_distance", s->subnormal.distance);
    print_extreme("subnormal_error", s->subnormal.error);
    print_float("last_zero", s->seen.last_zero);
    print_float("correct_last_zero", s->correct.last_zero);
    print_float("first_infinity", s->seen.first_infinity);
    print_float("correct_first_infinity", s->correct.first_infinity);
    print_count("wrong_specials", s->wrong_specials);
    print_count("descents", s->descents);
    print_float("first_descent", s->first_descent);
    print_digest("digest", s->digest);
    print_extreme("parts_error", s->parts_error);
    print_float("p_least", s->p_least);
    print_float("p_most", s->p_most);
    print_count("n_fractions", s->n_fractions);
    print_count("wrong_saturations", s->wrong_saturations);
    print_digest("parts_digest", s->parts_digest);
    print_extreme("libm_error", s->libm_error);
}

static uint64_t number(const char *text) {
    char *rest;
    const uint64_t value = strtoull(text, &rest, 10);
    if (*rest || rest == text || *text == '-' || value >= FLOATS) {
        fprintf(stderr, "'%s' is no number below 2^32\n", text);
        exit(USAGE);
    }
    return value;
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: aft_accuracy_exp ISA STEP [PART PARTS]\n");
        return USAGE;
    }
    const char *const isa = argv[1];
    const uint64_t step = number(argv[2]), index = argc == 5 ? number(argv[3]) : 0,
                   parts = argc == 5 ? number(argv[4]) : 1;
    if (step == 0 || index >= parts) {
        fprintf(stderr, "STEP must be at least 1, PART below PARTS\n");
        return USAGE;
    }
    const aft_status status = aft_use_isa(isa);
    const aft_probe *const probe = aft_probe_find(isa);
    if (status != AFT_OK || !probe) {
        printf("unsupported %s\n", aft_status_string(status));
        return UNSUPPORTED_ISA;
    }
    printf("active %s\nisa %s\nprovider %s\n", aft_isa_name(), probe->isa, probe->exp_provider);
    const survey s = survey_part(probe, (part){FLOATS * index / parts, FLOATS * (index + 1) / parts}, step);
    print_survey(&s);
    return EXIT_SUCCESS;
}
