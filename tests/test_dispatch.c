/* SPDX-License-Identifier: MIT */
/* The choice of the instruction set. Each test runs in a process of its own, in which nothing was chosen before. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "child.h"
#include "harness.h"

static size_t level_of(const char *name) {
    size_t i = 0;
    while (aft_isa_at(i) && strcasecmp(aft_isa_at(i), name) != 0)
        i++;
    return i;
}

static size_t highest_usable(void) {
    size_t highest = 0;
    for (size_t i = 0; aft_isa_at(i); i++)
        if (aft_use_isa(aft_isa_at(i)) == AFT_OK)
            highest = i;
    return highest;
}

static void first_choice_is_highest(void) {
    const size_t first = level_of(aft_isa_name());
    REQUIRE(aft_isa_at(first));
    unsetenv("AFT_ISA"); /* whatever limit it set to the first choice, highest_usable() has none */
    REQUIRE(first == highest_usable());
}

static void first_choice_stays(void) {
    const char *const first = aft_isa_name();
    setenv("AFT_ISA", "scalar", 1);
    REQUIRE(strcmp(aft_isa_name(), first) == 0);
}

static void chooses_once(const char *isa) {
    (void)isa;
    in_child(NULL, first_choice_stays);
}

static void chooses_highest(const char *isa) {
    (void)isa;
    in_child(NULL, first_choice_is_highest);
}

static void first_choice_is_expected(void) { REQUIRE(strcmp(aft_isa_name(), getenv("AFT_TEST_EXPECTED_ISA")) == 0); }

/* On a CPU that is known, as an emulated one is. */
static void chooses_expected(const char *isa) {
    (void)isa;
    if (!getenv("AFT_TEST_EXPECTED_ISA")) {
        print_message(
            "chooses_expected: skipped, AFT_TEST_EXPECTED_ISA names no instruction set to expect of this CPU\n");
        skip();
    }
    in_child(NULL, first_choice_is_expected);
}

static void list_is_right(void) {
    static const char *const known[] = {"scalar", "avx2", "avx512", "neon"};
    REQUIRE(strcmp(aft_isa_at(0), "scalar") == 0);
    for (size_t i = 0; aft_isa_at(i); i++) {
        bool found = false;
        for (size_t n = 0; n < sizeof known / sizeof known[0]; n++)
            found = found || strcmp(known[n], aft_isa_at(i)) == 0;
        REQUIRE(found);
    }
    size_t beyond = level_of("none");
    for (size_t i = 0; i < 1000; i++)
        REQUIRE(!aft_isa_at(beyond++));
    REQUIRE(!aft_isa_at(SIZE_MAX));
}

static void list_of_names(const char *isa) {
    (void)isa;
    in_child(NULL, list_is_right);
}

static void each_name_is_active_or_refused(void) {
    for (size_t i = 0; aft_isa_at(i); i++) {
        char before[16];
        snprintf(before, sizeof before, "%s", aft_isa_name());
        const aft_status status = aft_use_isa(aft_isa_at(i));
        REQUIRE(status == AFT_OK || status == AFT_UNSUPPORTED);
        REQUIRE(strcmp(aft_isa_name(), status == AFT_OK ? aft_isa_at(i) : before) == 0);
    }
    REQUIRE(aft_use_isa("scalar") == AFT_OK);
}

static void use_isa(const char *isa) {
    (void)isa;
    in_child(NULL, each_name_is_active_or_refused);
}

static void nonsense_changes_nothing(void) {
    static const char *const names[] = {"", "sse9", "avx", "avx2 ", "avx5122", "scalar,avx2", "%s"};
    REQUIRE(aft_use_isa("scalar") == AFT_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        REQUIRE(aft_use_isa(names[i]) == AFT_UNSUPPORTED);
        REQUIRE(strcmp(aft_isa_name(), "scalar") == 0);
    }
    REQUIRE(aft_use_isa(NULL) == AFT_NULL);
}

static void nonsense_is_refused(const char *isa) {
    (void)isa;
    in_child(NULL, nonsense_changes_nothing);
}

/* The limit is the environment's name, or what the CPU has, whichever is lower. */
static void limit_holds(void) {
    const size_t limit = level_of(getenv("AFT_ISA")), first = level_of(aft_isa_name());
    REQUIRE(first <= limit);
    REQUIRE(first == highest_usable());
    for (size_t i = limit + 1; aft_isa_at(i); i++)
        REQUIRE(aft_use_isa(aft_isa_at(i)) == AFT_UNSUPPORTED);
}

static void environment_lowers(const char *isa) {
    (void)isa;
    for (size_t i = 0; aft_isa_at(i); i++)
        in_child(aft_isa_at(i), limit_holds);
}

static void environment_in_capitals(const char *isa) {
    (void)isa;
    for (size_t i = 0; aft_isa_at(i); i++) {
        char name[16] = {0};
        for (size_t c = 0; aft_isa_at(i)[c]; c++)
            name[c] = (char)toupper(aft_isa_at(i)[c]);
        in_child(name, limit_holds);
        name[0] = (char)tolower(name[0]);
        in_child(name, limit_holds);
    }
}

static void environment_of_nonsense(const char *isa) {
    (void)isa;
    static const char *const names[] = {"", " ", "nonsense", "avx9", "mmx", "AVX2 ", "avx", "avx2,scalar", "0", "%s"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        in_child(names[i], first_choice_is_highest);
}

static void forward_is_first_call(void) {
    const float one = 1;
    float y = 0;
    const aft_problem problem = {.shape = {.batch = 1, .heads = 1, .q_len = 1, .kv_len = 1, .channels = 1},
                                 .q = {.data = &one},
                                 .k = {.data = &one},
                                 .v = {.data = &one},
                                 .y = {.data = &y}};
    size_t bytes;
    REQUIRE(aft_workspace_bytes(&problem, NULL, &bytes) == AFT_OK);
    void *const workspace = malloc(bytes + 1);
    REQUIRE(workspace);
    REQUIRE(aft_forward(&problem, workspace, bytes, NULL) == AFT_OK);
    REQUIRE(y > 0.731058f && y < 0.731059f);
    free(workspace);
}

static void any_function_chooses(const char *isa) {
    (void)isa;
    in_child(NULL, forward_is_first_call);
    in_child("scalar", forward_is_first_call);
}

/* Each says what was wrong, in words that no other says it in. */
static void status_texts(const char *isa) {
    (void)isa;
    static const struct {
        aft_status status;
        const char *words[3];
    } texts[] = {
        {AFT_OK, {"ok"}},
        {AFT_NULL, {"NULL"}},
        {AFT_SIZE, {"size", "stride", "kv_length"}},
        {AFT_OVERLAP, {"overlaps"}},
        {AFT_WORKSPACE, {"too small", "aft_workspace_bytes", "aft_prepared_bytes"}},
        {AFT_STALE, {"no packed one", "another shape", "several instruction sets"}},
        {AFT_UNSUPPORTED, {"kind of bias", "CPU", "does not have"}},
        {(aft_status)99, {"not a status"}},
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    for (size_t i = 0; i < COUNT; i++) {
        const char *const text = aft_status_string(texts[i].status);
        for (size_t word = 0; word < 3 && texts[i].words[word]; word++)
            if (!strstr(text, texts[i].words[word]))
                harness_fail("status %zu does not say '%s': %s", i, texts[i].words[word], text);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(text, aft_status_string(texts[other].status));
    }
}

int main(void) {
    static const harness_unit units[] = {
        ONCE(chooses_highest),         ONCE(chooses_once),       ONCE(chooses_expected),
        ONCE(environment_in_capitals), ONCE(list_of_names),      ONCE(use_isa),
        ONCE(nonsense_is_refused),     ONCE(environment_lowers), ONCE(environment_of_nonsense),
        ONCE(any_function_chooses),    ONCE(status_texts),
    };
    return HARNESS_MAIN("dispatch", units);
}
