/* SPDX-License-Identifier: MIT */
/* Runs a case and judges what came out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "reference.h"

#define STORED_NAN 0x7fc00000u /* the only one that the library stores */

static void describe(const test_case *c) {
    static const char *const kinds[] = {"none", "full", "local", "band"};
    const case_spec *const p = &c->spec;
    const aft_shape *const s = &p->shape;
    print_error("%s: batch %zu, heads %zu, q_len %zu, kv_len %zu, channels %zu, q_offset %zu, %s, bias %s, window %zu, "
                "first_row %zu%s%s%s%s%s%s, gap %zu, misalign %zu, ranges q %g k %g w %g v %g\n",
                aft_isa_name(), s->batch, s->heads, s->q_len, s->kv_len, s->channels, s->q_offset,
                s->causal ? "causal" : "not causal", kinds[p->kind], p->window, p->first_row,
                p->bias_per_batch ? ", bias per batch" : "", p->bias_per_head ? ", bias per head" : "",
                p->heads_inside ? ", [B,T,H*D]" : ", [B,H,T,D]", p->shared_keys ? ", shared keys" : "",
                p->in_place ? ", in place" : "", p->at_start ? ", page before" : ", page after", p->gap, p->misalign,
                (double)p->q_range, (double)p->k_range, (double)p->w_range, (double)p->v_range);
    for (size_t b = 0; s->kv_lengths && b < s->batch; b++)
        print_error("kv_length[%zu] = %zu\n", b, s->kv_lengths[b]);
}

static const guarded *output_memory(const test_case *c) { return c->spec.in_place ? &c->q : &c->y; }

static uint64_t checksum(const test_case *c) {
    const guarded *const inputs[] = {c->spec.in_place ? &c->q_copy : &c->q, &c->k, &c->v, &c->w};
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t m = 0; m < sizeof inputs / sizeof inputs[0]; m++)
        for (size_t i = 0; i < inputs[m]->count; i += sizeof(float)) {
            uint32_t bits;
            memcpy(&bits, inputs[m]->bytes + i, sizeof bits);
            hash = (hash ^ bits) * 0x100000001b3u;
        }
    return hash;
}

/* Every element of y's memory is either an output or still a canary. */
static void check_surroundings(const test_case *c) {
    const aft_shape *const s = &c->problem.shape;
    const guarded *const memory = output_memory(c);
    const size_t count = memory->count / sizeof(float);
    bool *const output = calloc(count + 1, sizeof *output);
    assert_non_null(output);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t t = 0; t < s->q_len; t++)
                for (size_t i = 0; i < s->channels; i++)
                    output[case_output(c, b, h, t) + i - (const float *)memory->bytes] = true;
    for (size_t i = 0; i < count; i++) {
        const bool canary = float_bits(((const float *)memory->bytes)[i]) == CASE_CANARY;
        if (canary == output[i]) {
            describe(c);
            harness_fail("element %zu of the output's memory %s", i,
                         output[i] ? "is an output and was not written" : "is no output and was written");
        }
    }
    free(output);
}

void case_clear(const test_case *c) {
    const guarded *const memory = output_memory(c);
    if (c->spec.in_place)
        memcpy(memory->bytes, c->q_copy.bytes, memory->count);
    else
        for (size_t i = 0; i < memory->count / sizeof(float); i++)
            ((float *)memory->bytes)[i] = float_of_bits(CASE_CANARY);
}

static aft_status run_by_index(const aft_problem *problem, void *workspace, size_t bytes, size_t workers) {
    size_t phases, tasks;
    aft_status status = aft_phases(problem, &phases);
    for (size_t phase = 0; status == AFT_OK && phase < phases; phase++) {
        status = aft_tasks(problem, phase, &tasks);
        for (size_t task = tasks; status == AFT_OK && task-- > 0;)
            status = aft_run(problem, workspace, bytes, phase, task, task % workers);
    }
    return status;
}

void case_run(const test_case *c, const aft_parallel *parallel) {
    case_clear(c);
    size_t bytes = 0;
    aft_status status = aft_workspace_bytes(&c->problem, parallel, &bytes);
    guarded workspace = guarded_workspace(bytes, c->spec.at_start, c->spec.misalign);
    const uint64_t before = checksum(c);
    if (status == AFT_OK)
        status = parallel && !parallel->run ? run_by_index(&c->problem, workspace.bytes, bytes, parallel->width)
                                            : aft_forward(&c->problem, workspace.bytes, bytes, parallel);
    if (status != AFT_OK || checksum(c) != before) {
        describe(c);
        harness_fail("%s", status != AFT_OK ? aft_status_string(status) : "an input was changed");
    }
    guarded_free(&workspace);
    check_surroundings(c);
}

/* What decides one output: its query, and the keys of largest weight. */
static void print_inputs(const test_case *c, const aft_problem *truth, size_t b, size_t h, size_t t, size_t i) {
    const aft_shape *const s = &truth->shape;
    print_error("q = %a; its heaviest keys:\n", (double)*case_q(c, b, h, t, i));
    double below = (double)INFINITY;
    for (size_t shown = 0; shown < 4; shown++) {
        size_t best = SIZE_MAX;
        double best_logit = (double)-INFINITY;
        for (size_t j = 0; j < (s->kv_lengths ? s->kv_lengths[b] : s->kv_len); j++) {
            const double x = (double)*case_k(c, b, h, j, i) + reference_bias(truth, b, h, t, j);
            if (x < below && x > best_logit && !(s->causal && j > s->q_offset + t)) {
                best = j;
                best_logit = x;
            }
        }
        if (best == SIZE_MAX)
            return;
        below = best_logit;
        print_error("    key %zu: k = %a, w = %a, v = %a, k + w = %.9g\n", best, (double)*case_k(c, b, h, best, i),
                    (double)reference_bias(truth, b, h, t, best), (double)*case_v(c, b, h, best, i), best_logit);
    }
}

static bool acceptable(float got, const reference_value *want) {
    if (isnan(want->y))
        return float_bits(got) == STORED_NAN;
    if (isinf(want->y))
        return (double)got == want->y;
    const double error = fabs((double)got - want->y);
    if (error == 0)
        return true;
    const double ratio = error / reference_bound(want);
    harness_note_error(ratio);
    return ratio <= 1;
}

void case_check_against(const test_case *c, const aft_problem *truth, size_t row_step) {
    const aft_shape *const s = &truth->shape;
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t t = 0; t < s->q_len; t += row_step)
                for (size_t i = 0; i < s->channels; i++) {
                    const reference_value want = reference_output(truth, b, h, t, i);
                    const float got = case_output(c, b, h, t)[i];
                    if (acceptable(got, &want))
                        continue;
                    describe(c);
                    print_inputs(c, truth, b, h, t, i);
                    harness_fail("y[%zu][%zu][%zu][%zu] is %a (0x%08x), should be %a; allowed error %.3g, scale %.3g, "
                                 "%zu visible keys",
                                 b, h, t, i, (double)got, (unsigned)float_bits(got), want.y, reference_bound(&want),
                                 want.scale, want.visible);
                }
}

void case_check(const test_case *c, size_t row_step) { case_check_against(c, &c->truth, row_step); }

void case_try(const case_spec *spec) {
    test_case c = case_make(spec);
    case_run(&c, NULL);
    case_check(&c, 1);
    case_free(&c);
}

float *case_snapshot(const test_case *c) {
    const aft_shape *const s = &c->problem.shape;
    const size_t rows = s->batch * s->heads * s->q_len;
    float *const dense = malloc((rows * s->channels + 1) * sizeof *dense);
    assert_non_null(dense);
    for (size_t r = 0; r < rows; r++)
        memcpy(dense + r * s->channels, case_output(c, r / s->q_len / s->heads, r / s->q_len % s->heads, r % s->q_len),
               s->channels * sizeof *dense);
    return dense;
}

void case_same_bits(const test_case *c, const float *want, const char *what) {
    const aft_shape *const s = &c->problem.shape;
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t t = 0; t < s->q_len; t++)
                for (size_t i = 0; i < s->channels; i++, want++) {
                    const float got = case_output(c, b, h, t)[i];
                    if (float_bits(got) == float_bits(*want))
                        continue;
                    describe(c);
                    print_inputs(c, &c->truth, b, h, t, i);
                    harness_fail("y[%zu][%zu][%zu][%zu] is %a (0x%08x) %s, else %a (0x%08x)", b, h, t, i, (double)got,
                                 (unsigned)float_bits(got), what, (double)*want, (unsigned)float_bits(*want));
                }
}
