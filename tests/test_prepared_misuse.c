/* SPDX-License-Identifier: MIT */
/* Every misuse of aft_prepare and of what it made has its status and writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "dispatch/seal.h"
#include "preparation.h"
#include "refusal.h"

enum { BATCH = 2, HEADS = 3, ROWS = 9, KEYS = 20, CHANNELS = 5, OFFSET = 4 };

static case_spec spec_of(aft_bias_kind kind, bool causal) {
    case_spec spec = case_default(ROWS, KEYS, CHANNELS);
    spec.shape.batch = BATCH;
    spec.shape.heads = HEADS;
    spec.shape.q_offset = OFFSET;
    spec.shape.causal = causal;
    spec.kind = kind;
    spec.window = 3;
    spec.first_row = 2;
    spec.bias_per_batch = spec.bias_per_head = true;
    return spec;
}

static guarded filled(size_t bytes) {
    guarded memory = guarded_make(bytes, false, 0);
    memset(memory.bytes, 0xa5, bytes);
    return memory;
}

/* A legal call of aft_prepare, to be spoiled. */
typedef struct maker {
    test_case c;
    aft_shape shape;
    aft_bias bias;
    guarded own;
    void *memory;
    size_t bytes;
} maker;

typedef struct bad_prepare {
    const char *name;
    void (*change)(maker *m);
    aft_bias_kind kind;
    aft_status expected;
    bool of_memory; /* aft_prepared_bytes cannot know */
} bad_prepare;

#define CHANGE(name, ...)                                                                                              \
    static void name(maker *m) { __VA_ARGS__; }

CHANGE(no_bias, m->bias.data = NULL)
CHANGE(no_bias_of_no_batch, m->bias.data = NULL; m->shape.batch = m->bias.batch_stride = 0)
CHANGE(no_bias_of_no_head, m->bias.data = NULL; m->shape.heads = m->bias.head_stride = 0)
CHANGE(no_memory, m->memory = NULL)
CHANGE(huge_batch, m->shape.batch = SIZE_MAX)
CHANGE(huge_heads, m->shape.heads = SIZE_MAX)
CHANGE(huge_q_len, m->shape.q_len = SIZE_MAX)
CHANGE(huge_kv_len, m->shape.kv_len = SIZE_MAX)
CHANGE(huge_q_offset, m->shape.q_offset = SIZE_MAX)
CHANGE(huge_first_row, m->bias.first_row = SIZE_MAX)
CHANGE(huge_batch_stride, m->bias.batch_stride = SIZE_MAX)
CHANGE(huge_head_stride, m->bias.head_stride = SIZE_MAX / 2)
CHANGE(huge_row_stride, m->bias.row_stride = SIZE_MAX / 3)
CHANGE(huge_together, m->shape.q_len = SIZE_MAX / 60; m->bias.row_stride = m->bias.first_row = 0)
CHANGE(no_window, m->bias.window = 0)
CHANGE(huge_window, m->bias.window = SIZE_MAX / 2 + 2)
CHANGE(one_byte_short, m->bytes -= 1)
CHANGE(no_bytes, m->bytes = 0)
CHANGE(odd_memory, m->memory = m->own.bytes + 2)
CHANGE(memory_at_the_last_address, m->memory = (void *)(UINTPTR_MAX - 63))
CHANGE(memory_is_bias, m->memory = m->c.w.bytes)
CHANGE(memory_ends_in_bias, m->memory = m->c.w.bytes - m->bytes + sizeof(float))
CHANGE(memory_begins_in_bias, m->memory = m->c.w.bytes + m->c.w.count - sizeof(float))
CHANGE(prepared_kind, m->bias.kind = AFT_BIAS_PREPARED)
CHANGE(unknown_kind, m->bias.kind = (aft_bias_kind)77)

static const bad_prepare bad_prepares[] = {
    {"full bias is NULL", no_bias, AFT_BIAS_FULL, AFT_NULL, true},
    {"local bias is NULL", no_bias, AFT_BIAS_LOCAL, AFT_NULL, true},
    {"band bias is NULL", no_bias, AFT_BIAS_BAND, AFT_NULL, true},
    {"bias is NULL that all batches share, and there is none", no_bias_of_no_batch, AFT_BIAS_FULL, AFT_NULL, true},
    {"bias is NULL that all heads share, and there is none", no_bias_of_no_head, AFT_BIAS_LOCAL, AFT_NULL, true},
    {"memory is NULL", no_memory, AFT_BIAS_FULL, AFT_NULL, true},
    {"batch overflows", huge_batch, AFT_BIAS_FULL, AFT_SIZE, false},
    {"heads overflows", huge_heads, AFT_BIAS_LOCAL, AFT_SIZE, false},
    {"q_len overflows", huge_q_len, AFT_BIAS_BAND, AFT_SIZE, false},
    {"kv_len overflows", huge_kv_len, AFT_BIAS_FULL, AFT_SIZE, false},
    {"q_offset + q_len overflows", huge_q_offset, AFT_BIAS_LOCAL, AFT_SIZE, false},
    {"first_row + q_len overflows", huge_first_row, AFT_BIAS_FULL, AFT_SIZE, false},
    {"batch_stride overflows", huge_batch_stride, AFT_BIAS_FULL, AFT_SIZE, false},
    {"head_stride overflows", huge_head_stride, AFT_BIAS_LOCAL, AFT_SIZE, false},
    {"row_stride overflows", huge_row_stride, AFT_BIAS_BAND, AFT_SIZE, false},
    {"what is prepared overflows, full", huge_together, AFT_BIAS_FULL, AFT_SIZE, false},
    {"what is prepared overflows, local", huge_together, AFT_BIAS_LOCAL, AFT_SIZE, false},
    {"window 0 of a band", no_window, AFT_BIAS_BAND, AFT_SIZE, false},
    {"window of a band overflows", huge_window, AFT_BIAS_BAND, AFT_SIZE, false},
    {"one byte short, full", one_byte_short, AFT_BIAS_FULL, AFT_WORKSPACE, true},
    {"one byte short, local", one_byte_short, AFT_BIAS_LOCAL, AFT_WORKSPACE, true},
    {"one byte short, band", one_byte_short, AFT_BIAS_BAND, AFT_WORKSPACE, true},
    {"no byte", no_bytes, AFT_BIAS_FULL, AFT_WORKSPACE, true},
    {"memory is not aligned", odd_memory, AFT_BIAS_LOCAL, AFT_WORKSPACE, true},
    {"memory ends behind the last address", memory_at_the_last_address, AFT_BIAS_FULL, AFT_SIZE, true},
    {"memory is the bias", memory_is_bias, AFT_BIAS_FULL, AFT_OVERLAP, true},
    {"memory ends in the bias", memory_ends_in_bias, AFT_BIAS_LOCAL, AFT_OVERLAP, true},
    {"memory begins in the bias", memory_begins_in_bias, AFT_BIAS_BAND, AFT_OVERLAP, true},
    {"a prepared bias", prepared_kind, AFT_BIAS_FULL, AFT_UNSUPPORTED, false},
    {"unknown kind", unknown_kind, AFT_BIAS_FULL, AFT_UNSUPPORTED, false},
};

static maker make_maker(aft_bias_kind kind) {
    const case_spec spec = spec_of(kind, false);
    maker m = {.c = case_make(&spec), .shape = spec.shape};
    m.bias = m.c.problem.bias;
    assert_int_equal(aft_prepared_bytes(&m.shape, &m.bias, &m.bytes), AFT_OK);
    m.own = filled(m.bytes);
    m.memory = m.own.bytes;
    return m;
}

static refusal refusal_of_maker(const char *name, const maker *m, aft_bias *prepared, size_t *answer) {
    refusal r = {.misuse = name};
    memset(prepared, 0xa5, sizeof *prepared);
    refusal_keep(&r, "memory", m->own.bytes, m->own.count);
    refusal_keep(&r, "prepared bias", prepared, sizeof *prepared);
    refusal_keep(&r, "answer", answer, sizeof *answer);
    return r;
}

static void bad_prepares_are_refused(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof bad_prepares / sizeof bad_prepares[0]; i++) {
        const bad_prepare *const bad = &bad_prepares[i];
        maker m = make_maker(bad->kind);
        aft_bias prepared;
        size_t answer = 12345;
        refusal r = refusal_of_maker(bad->name, &m, &prepared, &answer);
        guarded_read_only(&m.c.w);
        bad->change(&m);
        if (!bad->of_memory)
            REFUSED(&r, bad->expected, aft_prepared_bytes(&m.shape, &m.bias, &answer));
        REFUSED(&r, bad->expected, aft_prepare(&m.shape, &m.bias, m.memory, m.bytes, &prepared));
        refusal_free(&r);
        guarded_free(&m.own);
        case_free(&m.c);
    }
}

static void null_arguments(const char *isa) {
    (void)isa;
    maker m = make_maker(AFT_BIAS_FULL);
    size_t bytes = 12345;
    aft_bias prepared;
    refusal r = refusal_of_maker("NULL", &m, &prepared, &bytes);
    REFUSED(&r, AFT_NULL, aft_prepared_bytes(NULL, &m.bias, &bytes));
    REFUSED(&r, AFT_NULL, aft_prepared_bytes(&m.shape, NULL, &bytes));
    REFUSED(&r, AFT_NULL, aft_prepared_bytes(&m.shape, &m.bias, NULL));
    REFUSED(&r, AFT_NULL, aft_prepare(NULL, &m.bias, m.memory, m.bytes, &prepared));
    REFUSED(&r, AFT_NULL, aft_prepare(&m.shape, NULL, m.memory, m.bytes, &prepared));
    REFUSED(&r, AFT_NULL, aft_prepare(&m.shape, &m.bias, m.memory, m.bytes, NULL));
    refusal_free(&r);
    guarded_free(&m.own);
    case_free(&m.c);
}

/* A legal problem with a prepared bias, to be spoiled. It is the inside of what was prepared: a row less at either end,
 * and a key less. */
typedef struct user {
    test_case c;
    preparation prepared;
    aft_problem problem;
    guarded garbage, workspace;
    void *work;
} user;

typedef struct bad_use {
    const char *name;
    void (*change)(user *u);
    aft_bias_kind kind;
    bool causal;
    aft_status expected;
    bool of_run; /* sizes can be asked for all the same */
} bad_use;

#undef CHANGE
#define CHANGE(name, ...)                                                                                              \
    static void name(user *u) { __VA_ARGS__; }

static float *last_float(const guarded *memory) { return (float *)memory->bytes + memory->count / sizeof(float) - 1; }

/* Prepared memory in whose header one byte is another. */
static void damage(user *u, size_t byte) {
    memcpy(u->garbage.bytes, u->prepared.memory.bytes, u->prepared.memory.count);
    u->garbage.bytes[byte] ^= 1;
    u->problem.bias.data = u->garbage.bytes;
}

/* Prepared memory in whose header one word is another, and the seal is right. */
enum { MAGIC_WORD = 0, ROWS_WORD = 6, SEAL_WORD = 15 };

static void forge(user *u, size_t word, uint64_t value) {
    uint64_t words[SEAL_WORD + 1];
    memcpy(u->garbage.bytes, u->prepared.memory.bytes, u->prepared.memory.count);
    memcpy(words, u->garbage.bytes, sizeof words);
    words[word] = value;
    words[SEAL_WORD] = aft_seal(words, SEAL_WORD * sizeof words[0]);
    memcpy(u->garbage.bytes, words, sizeof words);
    u->problem.bias.data = u->garbage.bytes;
}

CHANGE(not_prepared, u->problem.bias.data = NULL)
CHANGE(odd_prepared,
       u->problem.bias.data = memcpy(u->garbage.bytes + 2, u->prepared.memory.bytes, u->prepared.memory.count))
CHANGE(zeros, memset(u->garbage.bytes, 0, u->garbage.count); u->problem.bias.data = u->garbage.bytes)
CHANGE(ones, memset(u->garbage.bytes, 0xff, u->garbage.count); u->problem.bias.data = u->garbage.bytes)
CHANGE(first_byte, damage(u, 0))
CHANGE(third_byte, damage(u, 2))
CHANGE(window_damaged, damage(u, 24))
CHANGE(rows_damaged, damage(u, 49))
CHANGE(keys_damaged, damage(u, 65))
CHANGE(magic_forged, forge(u, MAGIC_WORD, 1))
CHANGE(rows_forged, forge(u, ROWS_WORD, SIZE_MAX / 64))
CHANGE(other_mask, u->problem.shape.causal = !u->problem.shape.causal)
CHANGE(more_keys, u->problem.shape.kv_len += 2)
CHANGE(earlier, u->problem.shape.q_offset -= 2; u->problem.bias.first_row -= 2)
CHANGE(later, u->problem.shape.q_offset += 2; u->problem.bias.first_row += 2)
CHANGE(longer, u->problem.shape.q_len += 2)
CHANGE(more_rows, u->problem.shape.q_len += 1000)
CHANGE(other_offset, u->problem.shape.q_offset += 1)
CHANGE(other_row, u->problem.bias.first_row -= 1)
CHANGE(less_batches, u->problem.shape.batch -= 1)
CHANGE(more_batches, u->problem.shape.batch += 1)
CHANGE(less_heads, u->problem.shape.heads -= 1)
CHANGE(more_heads, u->problem.shape.heads += 1)
CHANGE(last_row, u->problem.bias.first_row = SIZE_MAX)
CHANGE(last_position, u->problem.shape.q_offset = SIZE_MAX)
CHANGE(no_y, u->problem.y.data = NULL)
CHANGE(no_k, u->problem.k.data = NULL)
CHANGE(y_is_prepared, u->problem.y.data = (float *)u->prepared.memory.bytes)
CHANGE(y_begins_in_prepared, u->problem.y.data = last_float(&u->prepared.memory))
CHANGE(work_is_prepared, u->work = u->prepared.memory.bytes)
CHANGE(work_ends_in_prepared, u->work = u->prepared.memory.bytes - u->workspace.count + 1)
CHANGE(work_begins_in_prepared, u->work = u->prepared.memory.bytes + u->prepared.memory.count - 1)

static const bad_use bad_uses[] = {
    {"prepared memory is NULL", not_prepared, AFT_BIAS_FULL, false, AFT_NULL, false},
    {"y is NULL", no_y, AFT_BIAS_FULL, false, AFT_NULL, true},
    {"k is NULL", no_k, AFT_BIAS_LOCAL, false, AFT_NULL, true},
    {"first_row + q_len overflows", last_row, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"q_offset + q_len overflows", last_position, AFT_BIAS_FULL, false, AFT_SIZE, false},
    {"prepared memory is not aligned", odd_prepared, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"memory of zeros", zeros, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"memory of ones", ones, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"the first byte is another", first_byte, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"the third byte is another", third_byte, AFT_BIAS_BAND, true, AFT_STALE, false},
    {"another window in the header", window_damaged, AFT_BIAS_BAND, true, AFT_STALE, false},
    {"more rows in the header", rows_damaged, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"more keys in the header", keys_damaged, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"another magic number, and its seal", magic_forged, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"more rows than fit, and their seal", rows_forged, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"prepared without mask", other_mask, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"prepared with mask", other_mask, AFT_BIAS_FULL, true, AFT_STALE, false},
    {"local prepared without mask", other_mask, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"more keys than prepared, full", more_keys, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"more keys than prepared, local", more_keys, AFT_BIAS_LOCAL, true, AFT_STALE, false},
    {"more keys than prepared, band", more_keys, AFT_BIAS_BAND, false, AFT_STALE, false},
    {"a row before those prepared", earlier, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"a row before those prepared, band", earlier, AFT_BIAS_BAND, true, AFT_STALE, false},
    {"a row after those prepared", later, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"a row after those prepared, local", later, AFT_BIAS_LOCAL, true, AFT_STALE, false},
    {"one row too many", longer, AFT_BIAS_FULL, true, AFT_STALE, false},
    {"many rows too many", more_rows, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"another q_offset, causal", other_offset, AFT_BIAS_FULL, true, AFT_STALE, false},
    {"another q_offset, local", other_offset, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"another q_offset, band", other_offset, AFT_BIAS_BAND, false, AFT_STALE, false},
    {"another first_row, causal", other_row, AFT_BIAS_FULL, true, AFT_STALE, false},
    {"another first_row, local", other_row, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"another first_row, band", other_row, AFT_BIAS_BAND, true, AFT_STALE, false},
    {"a batch less", less_batches, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"a batch more", more_batches, AFT_BIAS_LOCAL, false, AFT_STALE, false},
    {"a head less", less_heads, AFT_BIAS_BAND, false, AFT_STALE, false},
    {"a head more", more_heads, AFT_BIAS_FULL, false, AFT_STALE, false},
    {"y is the prepared memory", y_is_prepared, AFT_BIAS_FULL, false, AFT_OVERLAP, false},
    {"y begins in the prepared memory", y_begins_in_prepared, AFT_BIAS_BAND, true, AFT_OVERLAP, false},
    {"workspace is the prepared memory", work_is_prepared, AFT_BIAS_FULL, false, AFT_OVERLAP, true},
    {"workspace ends in the prepared memory", work_ends_in_prepared, AFT_BIAS_LOCAL, false, AFT_OVERLAP, true},
    {"workspace begins in the prepared memory", work_begins_in_prepared, AFT_BIAS_FULL, true, AFT_OVERLAP, true},
};

static user make_user(aft_bias_kind kind, bool causal) {
    const case_spec spec = spec_of(kind, causal);
    user u = {.c = case_make(&spec)};
    u.prepared = preparation_make(&spec.shape, &u.c.problem.bias);
    u.garbage = filled(u.prepared.memory.count + sizeof(float));
    u.problem = u.c.problem;
    u.problem.bias = u.prepared.bias;
    u.problem.bias.first_row += 1;
    u.problem.shape.q_offset += 1;
    u.problem.shape.q_len -= 2;
    u.problem.shape.kv_len -= 1;
    size_t bytes;
    assert_int_equal(aft_workspace_bytes(&u.problem, NULL, &bytes), AFT_OK);
    u.workspace = filled(bytes);
    u.work = u.workspace.bytes;
    return u;
}

static void free_user(user *u) {
    preparation_free(&u->prepared);
    guarded_free(&u->garbage);
    guarded_free(&u->workspace);
    case_free(&u->c);
}

static void bad_uses_are_refused(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof bad_uses / sizeof bad_uses[0]; i++) {
        const bad_use *const bad = &bad_uses[i];
        user u = make_user(bad->kind, bad->causal);
        const size_t bytes = u.workspace.count;
        size_t answer = 12345;
        refusal r = {.misuse = bad->name};
        refusal_keep(&r, "y", u.c.y.bytes, u.c.y.count);
        refusal_keep(&r, "workspace", u.workspace.bytes, bytes);
        refusal_keep(&r, "answer", &answer, sizeof answer);
        bad->change(&u);
        if (!bad->of_run) {
            REFUSED(&r, bad->expected, aft_workspace_bytes(&u.problem, NULL, &answer));
            REFUSED(&r, bad->expected, aft_phases(&u.problem, &answer));
            REFUSED(&r, bad->expected, aft_tasks(&u.problem, 0, &answer));
        }
        REFUSED(&r, bad->expected, aft_forward(&u.problem, u.work, bytes, NULL));
        REFUSED(&r, bad->expected, aft_run(&u.problem, u.work, bytes, 0, 0, 0));
        refusal_free(&r);
        free_user(&u);
    }
}

/* What each misuse above starts from is a legal use. */
static void the_inside_is_allowed(const char *isa) {
    (void)isa;
    static const aft_bias_kind kinds[] = {AFT_BIAS_FULL, AFT_BIAS_LOCAL, AFT_BIAS_BAND};
    for (size_t kind = 0; kind < 3; kind++)
        for (int causal = 0; causal < 2; causal++) {
            user u = make_user(kinds[kind], causal);
            assert_int_equal(aft_forward(&u.problem, u.work, u.workspace.count, NULL), AFT_OK);
            free_user(&u);
        }
}

/* What was prepared for a problem without an output serves that problem, whatever its other sizes. */
static void nothing_serves_nothing(const char *isa) {
    (void)isa;
    case_spec spec = spec_of(AFT_BIAS_FULL, false);
    spec.shape.batch = 0;
    test_case c = case_make(&spec);
    c.problem.shape.heads = SIZE_MAX / 2;
    preparation p = preparation_make(&c.problem.shape, &c.problem.bias);
    c.problem.bias = p.bias;
    assert_int_equal(aft_forward(&c.problem, NULL, 0, NULL), AFT_OK);
    preparation_free(&p);
    case_free(&c);
}

/* The structures of a call may lie in the memory that it writes, but not where its answer goes. */
static void structures_in_what_is_written(const char *isa) {
    (void)isa;
    maker m = make_maker(AFT_BIAS_FULL);
    unsigned char *const memory = calloc(1, m.bytes + sizeof(aft_bias));
    assert_non_null(memory);
    aft_bias prepared;
    assert_int_equal(aft_prepare(&m.shape, &m.bias, m.memory, m.bytes, &prepared), AFT_OK);
    const size_t places[] = {0, 128, m.bytes / 2 / 64 * 64, m.bytes - 64};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        void *const place = memory + places[i];
        *(aft_shape *)place = m.shape;
        assert_int_equal(aft_prepare(place, &m.bias, memory, m.bytes, &prepared), AFT_OK);
        assert_memory_equal(memory, m.memory, m.bytes);
        *(aft_bias *)place = m.bias;
        assert_int_equal(aft_prepare(&m.shape, place, memory, m.bytes, &prepared), AFT_OK);
        assert_memory_equal(memory, m.memory, m.bytes);
        refusal r = {.misuse = "the answer in the memory"};
        refusal_keep(&r, "memory", memory, m.bytes);
        REFUSED(&r, AFT_OVERLAP, aft_prepare(&m.shape, &m.bias, memory, m.bytes, place));
        refusal_free(&r);
    }
    assert_int_equal(aft_prepare(&m.shape, &m.bias, memory, m.bytes, (aft_bias *)(void *)(memory + m.bytes)), AFT_OK);
    free(memory);
    guarded_free(&m.own);
    case_free(&m.c);
}

int main(void) {
    static const harness_unit units[] = {
        EACH_ISA(bad_prepares_are_refused), EACH_ISA(null_arguments),         EACH_ISA(bad_uses_are_refused),
        EACH_ISA(the_inside_is_allowed),    EACH_ISA(nothing_serves_nothing), EACH_ISA(structures_in_what_is_written),
    };
    return HARNESS_MAIN("prepared_misuse", units);
}
