/* SPDX-License-Identifier: MIT */
/* Every tensor, the bias, what is prepared of it and the workspace begin or end at an unmapped page, at every offset from
 * it, with every length of a vector's tail: nothing outside is touched, and the bits are always the same. */
#include <stdlib.h>

#include "cases.h"
#include "preparation.h"

enum {
    KEYS_OF_CHAINS = 2 * 16, /* behind which a tail of keys begins */
    MOST_ROWS = 3 * 14 + 1   /* tiles of as many as a kernel takes at once, and one */
};

/* One problem in one place. Answers the outputs of the first; all others must have their bits. */
static float *run_in_place(const case_spec *spec, bool prepared, float *want) {
    test_case c = case_make(spec);
    if (prepared) {
        prepared_case p = prepared_case_of(c);
        case_run(&p.c, NULL);
        case_same_bits(&p.c, want, "with a prepared bias, at another place");
        prepared_case_free(&p);
        return want;
    }
    case_run(&c, NULL);
    if (want) {
        case_same_bits(&c, want, "at another place");
    } else {
        case_check(&c, 1);
        want = case_snapshot(&c);
    }
    case_free(&c);
    return want;
}

/* So many floats, fewer than a vector has, lie between each tensor and the page. */
static void try_every_place(const char *isa, size_t batch, size_t q_len, size_t kv_len, size_t channels) {
    for (aft_bias_kind kind = AFT_BIAS_NONE; kind <= AFT_BIAS_BAND; kind++)
        for (int causal = 0; causal < 2; causal++) {
            const uint64_t numbers = random_state();
            float *want = NULL;
            for (size_t offset = 0; offset < harness_lanes(isa); offset += harness_step(isa))
                for (int at_start = 0; at_start < 2; at_start++) {
                    case_spec spec = case_default(q_len, kv_len, channels);
                    spec.shape.batch = batch;
                    spec.kind = kind;
                    spec.window = 5;
                    spec.shape.causal = causal;
                    spec.at_start = at_start;
                    spec.misalign = offset;
                    spec.gap = offset % 3;
                    random_resume(numbers);
                    want = run_in_place(&spec, false, want);
                    if (kind == AFT_BIAS_NONE || offset % 5 > 0)
                        continue;
                    random_resume(numbers);
                    want = run_in_place(&spec, true, want);
                }
            free(want);
        }
}

static void every_channel_count(const char *isa) {
    for (size_t channels = 1; channels <= 3 * harness_lanes(isa) + 1; channels += harness_step(isa))
        try_every_place(isa, 1, 2, 3, channels);
}

static void every_key_count(const char *isa) {
    for (size_t keys = 1; keys <= 3 * harness_lanes(isa) + 1; keys += harness_step(isa))
        try_every_place(isa, 1, 2, keys, 5);
}

static void every_row_count(const char *isa) {
    for (size_t rows = 1; rows <= MOST_ROWS; rows += harness_step(isa))
        try_every_place(isa, 1, rows, KEYS_OF_CHAINS + 1, harness_lanes(isa) + 1);
}

/* Whose bias is packed into the workspace first, once for both batches. */
static void every_key_count_of_two_batches(const char *isa) {
    for (size_t keys = 1; keys <= KEYS_OF_CHAINS + 1; keys += harness_step(isa))
        try_every_place(isa, 2, 2, keys, harness_lanes(isa) + 1);
}

int main(void) {
    static const harness_unit units[] = {EACH_ISA(every_channel_count), EACH_ISA(every_key_count),
                                         EACH_ISA(every_row_count), EACH_ISA(every_key_count_of_two_batches)};
    return HARNESS_MAIN("guard_pages", units);
}
