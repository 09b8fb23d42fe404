/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct cell {
    const harness_unit *unit;
    const char *isa; /* NULL for a unit that runs once */
} cell;

static uint64_t base_seed, state;
static double worst_error;

/* splitmix64 (Steele, Lea, Flood 2014): every seed is good, and the state is one word. */
uint64_t random_u64(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double random_unit(void) { return (double)(random_u64() >> 11) * 0x1p-53; }

size_t random_size(size_t low, size_t high) { return low + (size_t)(random_unit() * ((double)(high - low) + 1)); }

bool random_chance(double probability) { return random_unit() < probability; }

float random_float(float low, float high) {
    return (float)((double)low + random_unit() * ((double)high - (double)low));
}

uint64_t random_state(void) { return state; }

void random_resume(uint64_t earlier) { state = earlier; }

static void seed_for(const char *unit_name) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *c = unit_name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    state = base_seed ^ hash;
}

static void choose_seed(void) {
    const char *const given = getenv("AFT_SEED");
    if (!given || !*given) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        state = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        base_seed = random_u64();
        return;
    }
    char *end;
    errno = 0;
    base_seed = strtoull(given, &end, 0);
    if (errno || *end) {
        fprintf(stderr, "AFT_SEED is '%s': give the number that a run printed, such as 0x1234\n", given);
        exit(EXIT_FAILURE);
    }
}

static bool enabled(const char *variable) {
    const char *const value = getenv(variable);
    return value && *value && strcmp(value, "0") != 0;
}

bool harness_thorough(void) { return enabled("AFT_TEST_THOROUGH"); }

bool harness_whole_vectors(void) { return enabled("AFT_TEST_WHOLE_VECTORS"); }

size_t harness_pick(size_t emulated, size_t normal, size_t thorough) {
    if (enabled("AFT_TEST_EMULATED"))
        return emulated;
    return harness_thorough() ? thorough : normal;
}

static size_t lanes_of(const char *isa) { return strcmp(isa, "avx512") == 0 ? 16 : strcmp(isa, "avx2") == 0 ? 8 : 4; }

size_t harness_lanes(const char *isa) { return harness_pick(lanes_of(isa), 16, 16); }

size_t harness_step(const char *isa) { return strcmp(isa, "neon") == 0 ? 1 : harness_pick(7, 1, 1); }

void harness_note_error(double ratio) {
    if (!(ratio <= worst_error))
        worst_error = ratio;
}

void harness_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprint_error(format, arguments);
    va_end(arguments);
    print_error("\nreplay with AFT_SEED=0x%" PRIx64 "\n", base_seed);
    fail();
    abort(); /* fail() does not return, but is not declared so */
}

uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t hash_floats(uint64_t hash, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ float_bits(values[i])) * UINT64_C(0x100000001b3);
    return hash;
}

float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void run_cell(void **cmocka_state) {
    const cell *const c = *cmocka_state;
    if (c->isa) {
        const aft_status status = aft_use_isa(c->isa);
        if (status == AFT_UNSUPPORTED) {
            print_message("%s/%s: skipped, this CPU or AFT_ISA does not allow %s\n", c->unit->name, c->isa, c->isa);
            skip();
        }
        assert_int_equal(status, AFT_OK);
        assert_string_equal(aft_isa_name(), c->isa);
    }
    seed_for(c->unit->name);
    worst_error = 0;
    c->unit->run(c->isa);
    if (worst_error > 0)
        print_message("worst error %.3f of the bound\n", worst_error);
}

int harness_main(const char *group, const harness_unit *units, size_t count) {
    size_t isas = 0;
    while (aft_isa_at(isas))
        isas++;
    cell *const cells = calloc(count * isas, sizeof *cells);
    struct CMUnitTest *const tests = calloc(count * isas, sizeof *tests);
    char(*const names)[96] = calloc(count * isas, sizeof *names);
    if (!cells || !tests || !names) {
        fprintf(stderr, "%s: no memory for the list of tests\n", group);
        return EXIT_FAILURE;
    }
    size_t made = 0;
    for (size_t u = 0; u < count; u++)
        for (size_t i = 0; i < (units[u].once ? 1 : isas); i++, made++) {
            cells[made] = (cell){.unit = &units[u], .isa = units[u].once ? NULL : aft_isa_at(i)};
            snprintf(names[made], sizeof names[made], units[u].once ? "%s" : "%s/%s", units[u].name, aft_isa_at(i));
            tests[made] =
                (struct CMUnitTest){.name = names[made], .test_func = run_cell, .initial_state = &cells[made]};
        }
    choose_seed();
    cmocka_set_test_filter(getenv("AFT_TEST_ONLY"));
    cmocka_set_skip_filter(getenv("AFT_TEST_WITHOUT"));
    print_message("%s: AFT_SEED=0x%" PRIx64 "\n", group, base_seed);
    const int failed = _cmocka_run_group_tests(group, tests, made, NULL, NULL);
    free(names);
    free(tests);
    free(cells);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
