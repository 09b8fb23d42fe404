/* SPDX-License-Identifier: MIT */
/* Sizes up to the largest: what a call asks for holds at least what must lie there, or the call is refused. None of the
 * memory exists. */
#include <stdlib.h>

#include "dispatch/sizes.h"
#include "harness.h"

/* Powers of two and what lies around them: where products and sums begin to wrap. */
static size_t any_size(size_t largest_exponent) {
    const size_t power = (size_t)1 << random_size(0, largest_exponent);
    const size_t near = random_size(0, 4);
    return random_chance(0.2) ? random_u64() % power + 1 : power - 2 + near;
}

static size_t at_most_size(long double count) { return count < 0x1p63L ? (size_t)count : SIZE_MAX; }

enum { NO_ANSWER = 12345 };

/* What a call answered is possible: enough for the floats that must be there, yet fewer bytes than an object may have; or
 * it answered nothing. */
static void expect_possible(const char *what, aft_status status, size_t bytes, long double least_floats) {
    if (status != AFT_OK) {
        assert_int_equal(status, AFT_SIZE);
        assert_int_equal(bytes, NO_ANSWER);
        return;
    }
    if ((long double)bytes < least_floats * sizeof(float) || bytes > PTRDIFF_MAX)
        harness_fail("%s: %zu bytes for %.0Lf floats", what, bytes, least_floats);
}

static void sums_and_products(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < 100000; i++) {
        const size_t a = any_size(63), b = any_size(63);
        const long double sum = (long double)a + (long double)b, product = (long double)a * (long double)b;
        assert_int_equal(aft_fits(a), (long double)a <= (long double)AFT_LARGEST_COUNT);
        assert_int_equal(aft_sum(a, b), sum <= (long double)AFT_LARGEST_COUNT ? a + b : AFT_TOO_MANY);
        assert_int_equal(aft_times(a, b), product <= (long double)AFT_LARGEST_COUNT ? a * b : AFT_TOO_MANY);
    }
    assert_int_equal(aft_times(AFT_TOO_MANY, 0), 0);
    assert_int_equal(aft_times(0, SIZE_MAX), 0);
}

static void layouts(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < 20000; i++) {
        size_t total = 0;
        long double want = 0;
        bool fits = true;
        for (size_t field = 0; field < 4; field++) {
            const size_t count = any_size(40), floats = any_size(20), offset = aft_append(&total, count, floats);
            if (fits)
                assert_int_equal(offset, (size_t)want);
            want += (long double)count * (long double)floats + (long double)(AFT_ALIGNMENT_FLOATS - 1);
            fits = fits && want <= (long double)AFT_LARGEST_COUNT;
            want = fits ? (long double)((size_t)want / AFT_ALIGNMENT_FLOATS * AFT_ALIGNMENT_FLOATS) : want;
            assert_int_equal(aft_fits(total), fits);
            assert_int_equal(total, fits ? (size_t)want : AFT_TOO_MANY);
        }
    }
}

/* A problem without addresses, whose inputs repeat one row: so an input is no larger than a row. */
static aft_problem problem_of(const aft_shape *shape, const aft_bias *bias) {
    const long double row = (long double)shape->channels, head = row * (long double)shape->q_len;
    return (aft_problem){.shape = *shape,
                         .bias = *bias,
                         .y = {.time_stride = shape->channels,
                               .head_stride = at_most_size(head),
                               .batch_stride = at_most_size(head * (long double)shape->heads)}};
}

/* Floats that the workspace must hold: key panels of a pair at least or the group states of all, and a chain of keys for
 * each worker. */
static long double least_workspace(const aft_problem *problem, size_t width) {
    const aft_shape *const shape = &problem->shape;
    const bool windowed = problem->bias.kind == AFT_BIAS_LOCAL || problem->bias.kind == AFT_BIAS_BAND;
    const long double keys = (long double)shape->kv_len, channels = (long double)shape->channels;
    long double least = 80.0L * (long double)width;
    if (problem->bias.kind == AFT_BIAS_FULL || (windowed && problem->bias.window > 0))
        least += 2 * keys * channels;
    else if (!shape->causal)
        least += keys / 1024 * channels * 5 * (long double)shape->batch * (long double)shape->heads;
    return least;
}

/* The largest of each size that is legal, and one more. A causal problem without a bias needs little whatever its sizes. */
static void largest_sizes(const char *isa) {
    (void)isa;
    enum { BATCH, HEADS, ROWS, KEYS, CHANNELS, OFFSET, FIRST_ROW, WINDOW, Q_STRIDE, SIZES };
    static const size_t most[SIZES] = {[BATCH] = AFT_LARGEST_COUNT / sizeof(size_t),
                                       [HEADS] = AFT_LARGEST_COUNT,
                                       [ROWS] = AFT_LARGEST_COUNT,
                                       [KEYS] = AFT_LARGEST_COUNT - 1,
                                       [CHANNELS] = AFT_LARGEST_COUNT,
                                       [OFFSET] = AFT_LARGEST_COUNT - 1,
                                       [FIRST_ROW] = AFT_LARGEST_COUNT - 1,
                                       [WINDOW] = AFT_LARGEST_COUNT / 2,
                                       [Q_STRIDE] = AFT_LARGEST_COUNT - 1};
    for (size_t which = 0; which < SIZES; which++)
        for (size_t more = 0; more < 2; more++) {
            size_t s[SIZES] = {[BATCH] = 1, [HEADS] = 1, [ROWS] = 1, [CHANNELS] = 1};
            s[which] = most[which] + more;
            const aft_shape shape = {s[BATCH], s[HEADS], s[ROWS], s[KEYS], s[CHANNELS], s[OFFSET], true, NULL};
            aft_bias bias = {.first_row = s[FIRST_ROW], .window = s[WINDOW]};
            if (which == FIRST_ROW || which == WINDOW)
                bias.kind = which == WINDOW ? AFT_BIAS_BAND : AFT_BIAS_FULL;
            aft_problem problem = problem_of(&shape, &bias);
            problem.shape.kv_len += bias.kind != AFT_BIAS_NONE;
            problem.shape.heads += which == Q_STRIDE;
            problem.q.head_stride = s[Q_STRIDE];
            size_t bytes;
            const aft_status status = aft_workspace_bytes(&problem, NULL, &bytes);
            if (status != (more ? AFT_SIZE : AFT_OK))
                harness_fail("size %zu is %zu: '%s'", which, s[which], aft_status_string(status));
        }
}

/* Nothing reads or writes there. */
static float *at_address(uintptr_t address) { return (float *)address; }

static float *before_the_end(size_t bytes) { return at_address(UINTPTR_MAX - bytes); }

/* An array may end at the last address. What is refused for another reason besides shows how far the check came. */
static void last_addresses(const char *isa) {
    (void)isa;
    const aft_shape shape = {.batch = 1, .heads = 1, .q_len = 2, .kv_len = 1, .channels = 3};
    aft_problem problem = problem_of(&shape, &(aft_bias){.kind = AFT_BIAS_NONE});
    static const float key[3];
    size_t bytes;
    problem.q.data = before_the_end(3 * sizeof(float));
    assert_int_equal(aft_workspace_bytes(&problem, NULL, &bytes), AFT_OK);
    problem.q.data = before_the_end(3 * sizeof(float) - 1);
    assert_int_equal(aft_workspace_bytes(&problem, NULL, &bytes), AFT_SIZE);
    problem.q.data = problem.k.data = problem.v.data = key;
    problem.y.data = before_the_end(bytes);
    assert_int_equal(aft_forward(&problem, before_the_end(bytes), bytes, NULL), AFT_OVERLAP);
    assert_int_equal(aft_forward(&problem, before_the_end(bytes - 1), bytes, NULL), AFT_SIZE);
    problem.y.data = at_address(UINTPTR_MAX / 3); /* divides the last address */
    assert_int_equal(aft_workspace_bytes(&problem, NULL, &bytes), AFT_OK);
    assert_int_equal(aft_forward(&problem, problem.y.data, bytes, NULL), AFT_OVERLAP);

    /* Key lengths that are not given lie nowhere, however many there would be. */
    const aft_shape many = {.batch = (size_t)1 << 48, .heads = 1, .q_len = 1, .channels = 1, .causal = true};
    aft_problem batches = problem_of(&many, &(aft_bias){.kind = AFT_BIAS_NONE});
    batches.y.data = at_address(1 << 20);
    assert_int_equal(aft_workspace_bytes(&batches, NULL, &bytes), AFT_OK);

    aft_bias bias = {.kind = AFT_BIAS_FULL, .row_stride = 1, .data = key}, prepared;
    assert_int_equal(aft_prepared_bytes(&shape, &bias, &bytes), AFT_OK);
    assert_int_equal(aft_prepare(&shape, &bias, before_the_end(bytes - 1), bytes, &prepared), AFT_SIZE);
    bias.data = at_address((UINTPTR_MAX - 3) / 3);
    assert_int_equal(aft_prepare(&shape, &bias, at_address((UINTPTR_MAX - 3) / 3), bytes, &prepared), AFT_OVERLAP);
}

static const aft_bias_kind kinds[] = {AFT_BIAS_NONE, AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};

static void run_none(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker),
                     void *argument) {
    (void)context, (void)tasks, (void)task, (void)argument;
}

/* All sizes at once, most of them small in each problem. */
static void workspaces(const char *isa) {
    (void)isa;
    size_t refused = 0, legal = 0;
    for (size_t i = 0; i < harness_pick(2000, 20000, 200000); i++) {
        size_t sizes[8];
        for (size_t s = 0; s < 8; s++)
            sizes[s] = any_size(random_chance(0.3) ? 63 : 10);
        const aft_shape shape = {.batch = sizes[0],
                                 .heads = sizes[1],
                                 .q_len = sizes[2],
                                 .kv_len = sizes[3],
                                 .channels = sizes[4],
                                 .q_offset = sizes[5],
                                 .causal = random_chance(0.5)};
        const aft_bias bias = {.kind = kinds[random_size(0, 3)], .window = sizes[6]};
        const aft_problem problem = problem_of(&shape, &bias);
        const aft_parallel parallel = {.run = run_none, .width = sizes[7]};
        if (shape.batch == 0 || shape.heads == 0 || shape.q_len == 0 || shape.channels == 0 || sizes[7] == 0)
            continue;
        size_t bytes = NO_ANSWER, phases = 0, tasks;
        const aft_status status = aft_workspace_bytes(&problem, &parallel, &bytes);
        if (bias.kind == AFT_BIAS_BAND && bias.window == 0)
            assert_int_equal(status, AFT_SIZE);
        else
            expect_possible("workspace", status, bytes, least_workspace(&problem, parallel.width));
        refused += status != AFT_OK;
        legal += status == AFT_OK;
        if (aft_phases(&problem, &phases) == AFT_OK) {
            for (size_t phase = 0; phase < phases && phase < 3; phase++)
                assert_int_equal(aft_tasks(&problem, phase, &tasks), AFT_OK);
        } else {
            assert_int_not_equal(status, AFT_OK);
        }
    }
    assert_true(refused > 100 && legal > 100);
}

/* What fits nowhere has no phases either: of panels of keys too large, and of a worker's own memory. */
static void phases_of_what_fits_nowhere(const char *isa) {
    (void)isa;
    static const aft_shape shapes[] = {
        {.batch = 1, .heads = 1, .q_len = 1, .kv_len = (size_t)1 << 50, .channels = 1 << 13},
        {.batch = 1, .heads = 1, .q_len = 1, .kv_len = AFT_LARGEST_COUNT / 125, .channels = 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const aft_problem problem = problem_of(&shapes[i], &(aft_bias){.kind = AFT_BIAS_FULL});
        size_t phases = NO_ANSWER;
        assert_int_equal(aft_phases(&problem, &phases), AFT_SIZE);
        assert_int_equal(phases, NO_ANSWER);
    }
}

static void prepared_biases(const char *isa) {
    (void)isa;
    size_t refused = 0, legal = 0;
    for (size_t i = 0; i < harness_pick(2000, 20000, 200000); i++) {
        size_t sizes[6];
        for (size_t s = 0; s < 6; s++)
            sizes[s] = any_size(random_chance(0.3) ? 63 : 10);
        const bool copied = random_chance(0.5);
        const aft_shape shape = {
            .batch = sizes[0], .heads = sizes[1], .q_len = sizes[2], .kv_len = sizes[3], .q_offset = sizes[4]};
        const aft_bias bias = {.kind = AFT_BIAS_FULL, .batch_stride = copied, .head_stride = copied};
        const long double copies = copied ? (long double)shape.batch * (long double)shape.heads : 1;
        size_t bytes = NO_ANSWER;
        const aft_status status = aft_prepared_bytes(&shape, &bias, &bytes);
        expect_possible("prepared bias", status, bytes,
                        2 * copies * (long double)shape.q_len * (long double)shape.kv_len);
        refused += status != AFT_OK;
        legal += status == AFT_OK;
    }
    assert_true(refused > 100 && legal > 100);

    /* Scales and weights fit, but not the header too. */
    const aft_shape shape = {.batch = 1, .heads = 1117172000588030, .q_len = 8, .kv_len = 1, .channels = 1};
    const aft_bias bias = {.kind = AFT_BIAS_FULL, .head_stride = 1};
    refused = NO_ANSWER;
    assert_int_equal(aft_prepared_bytes(&shape, &bias, &refused), AFT_SIZE);
    assert_int_equal(refused, NO_ANSWER);
}

static void layers(const char *isa) {
    (void)isa;
    size_t refused = 0, legal = 0;
    for (size_t i = 0; i < harness_pick(2000, 20000, 200000); i++) {
        const bool full = random_chance(0.5);
        size_t sizes[4];
        for (size_t s = 0; s < 4; s++)
            sizes[s] = any_size(random_chance(0.3) ? 63 : random_chance(0.3) ? 31 : 10);
        const aft_layer layer = {.dim = sizes[0],
                                 .heads = sizes[1],
                                 .channels = sizes[2],
                                 .max_length = sizes[3],
                                 .bias = {.kind = full ? AFT_BIAS_FULL : AFT_BIAS_NONE}};
        const long double hidden = (long double)layer.heads * (long double)layer.channels,
                          length = (long double)layer.max_length;
        size_t bytes = NO_ANSWER;
        const aft_status status = aft_layer_bytes(&layer, &bytes);
        expect_possible("layer", status, bytes, 4 * hidden * (long double)layer.dim + (full ? 2 * length * length : 0));
        refused += status != AFT_OK;
        legal += status == AFT_OK;
    }
    assert_true(refused > 100 && legal > 100);

    /* The maps fit, and so does the bias, but not both. */
    aft_layer both = {.dim = (size_t)1 << 28, .heads = 1, .channels = (size_t)1 << 30, .max_length = 900000000};
    assert_int_equal(aft_layer_bytes(&both, &refused), AFT_OK);
    both.bias.kind = AFT_BIAS_FULL;
    assert_int_equal(aft_layer_bytes(&both, &refused), AFT_SIZE);
    both.channels = 1;
    assert_int_equal(aft_layer_bytes(&both, &refused), AFT_OK);

    const aft_layer no_units = {.dim = SIZE_MAX, .max_length = 1};
    assert_int_equal(aft_layer_bytes(&no_units, &refused), AFT_SIZE);
}

/* A layer without a bias takes sequences of any length. */
static void workspaces_of_layers(const char *isa) {
    (void)isa;
    enum { HIDDEN = 40, HIDDEN_COLUMNS = 48 };
    static const float weight[HIDDEN];
    const aft_linear linear = {weight, NULL};
    const aft_layer layer = {.dim = 1,
                             .heads = 2,
                             .channels = HIDDEN / 2,
                             .max_length = AFT_LARGEST_COUNT / 2,
                             .to_q = linear,
                             .to_k = linear,
                             .to_v = linear,
                             .project = linear};
    size_t bytes, refused = 0, legal = 0;
    assert_int_equal(aft_layer_bytes(&layer, &bytes), AFT_OK);
    void *const memory = malloc(bytes);
    assert_int_equal(aft_layer_prepare(&layer, memory, bytes), AFT_OK);
    for (size_t i = 0; i < harness_pick(2000, 20000, 200000); i++) {
        const size_t batch = any_size(random_chance(0.3) ? 63 : 10), length = any_size(random_chance(0.5) ? 63 : 10);
        const aft_sequences sequences = {
            .batch = batch, .length = length, .y_time_stride = 1, .y_batch_stride = length};
        const aft_parallel parallel = {.width = any_size(random_chance(0.5) ? 63 : 10)};
        size_t phases;
        if (batch == 0 || length == 0 || parallel.width == 0)
            continue;
        bytes = NO_ANSWER;
        const aft_status status = aft_layer_workspace_bytes(memory, &sequences, &parallel, &bytes);
        const long double rows = (long double)batch * (long double)length;
        expect_possible("workspace of a layer", status, bytes, 3 * HIDDEN * rows + 80.0L * (long double)parallel.width);
        if (status == AFT_OK)
            assert_int_equal(aft_layer_phases(memory, &sequences, &phases), AFT_OK);
        refused += status != AFT_OK;
        legal += status == AFT_OK;
    }
    assert_true(refused > 100 && legal > 100);

    /* q, k and v fit, and so does what as many workers need, but not both. */
    aft_sequences sequences = {.batch = 1, .length = 1, .x = weight, .y_time_stride = 1};
    size_t two_workers;
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, &(aft_parallel){.width = 1}, &bytes), AFT_OK);
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, &(aft_parallel){.width = 2}, &two_workers), AFT_OK);
    const aft_parallel many = {.width = PTRDIFF_MAX / 4 * 3 / (two_workers - bytes)};
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, &many, &bytes), AFT_OK);
    sequences.length = AFT_LARGEST_COUNT / 4 * 3 / (3 * HIDDEN_COLUMNS);
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, NULL, &bytes), AFT_OK);
    bytes = NO_ANSWER;
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, &many, &bytes), AFT_SIZE);
    assert_int_equal(bytes, NO_ANSWER);
    /* Each of q, k and v fits, but not all. */
    sequences.length = AFT_LARGEST_COUNT / 2 / HIDDEN_COLUMNS;
    assert_int_equal(aft_layer_phases(memory, &sequences, &bytes), AFT_SIZE);
    assert_int_equal(bytes, NO_ANSWER);
    sequences.length = 1;
    assert_int_equal(aft_layer_workspace_bytes(memory, &sequences, NULL, &bytes), AFT_OK);
    sequences.y = before_the_end(bytes);
    assert_int_equal(aft_layer_forward(memory, &sequences, before_the_end(bytes), bytes, NULL), AFT_OVERLAP);
    assert_int_equal(aft_layer_forward(memory, &sequences, before_the_end(bytes - 1), bytes, NULL), AFT_SIZE);
    sequences.y = at_address(UINTPTR_MAX / 3); /* divides the last address */
    assert_int_equal(aft_layer_forward(memory, &sequences, sequences.y, bytes, NULL), AFT_OVERLAP);
    free(memory);
}

int main(void) {
    static const harness_unit units[] = {
        ONCE(sums_and_products),  ONCE(layouts),        EACH_ISA(largest_sizes),
        EACH_ISA(last_addresses), EACH_ISA(workspaces), EACH_ISA(phases_of_what_fits_nowhere),
        ONCE(prepared_biases),    ONCE(layers),         EACH_ISA(workspaces_of_layers),
    };
    return HARNESS_MAIN("sizes", units);
}
