/* SPDX-License-Identifier: MIT */
#include "guarded.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#ifdef __has_feature
#define HAS_ASAN __has_feature(address_sanitizer)
#define HAS_MSAN __has_feature(memory_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#endif

/* What a sanitizer is to know of memory that it has not seen malloc give. */
#if HAS_ASAN
#include <sanitizer/asan_interface.h>
static void forbid(const void *memory, size_t bytes) { __asan_poison_memory_region(memory, bytes); }
static void allow(const void *memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
#else
static void forbid(const void *memory, size_t bytes) { (void)memory, (void)bytes; }
static void allow(const void *memory, size_t bytes) { (void)memory, (void)bytes; }
#endif
#if HAS_MSAN
#include <sanitizer/msan_interface.h>
static void take_for_unset(const void *memory, size_t bytes) { __msan_allocated_memory(memory, bytes); }
#else
static void take_for_unset(const void *memory, size_t bytes) { (void)memory, (void)bytes; }
#endif

enum {
    LINE = 64,         /* bytes, to which the library aligns what it lays out */
    WHOLE_VECTOR = 64, /* bytes that a masked load may read on an emulator, a multiple of LINE */
    CANARY = 0xff      /* four are a NaN */
};

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Between the unmapped pages: the memory, and what lies around it. */
static unsigned char *first_of(const guarded *memory) { return (unsigned char *)memory->map + page_bytes(); }
static size_t inside_of(const guarded *memory) { return memory->map_bytes - 2 * page_bytes(); }
static size_t bytes_before(const guarded *memory) { return (size_t)(memory->bytes - first_of(memory)); }
static size_t bytes_behind(const guarded *memory) { return inside_of(memory) - bytes_before(memory) - memory->count; }

guarded guarded_make(size_t bytes, bool at_start, size_t slack) {
    const size_t page = page_bytes();
    const size_t before = at_start ? slack : 0,
                 after = (harness_whole_vectors() ? WHOLE_VECTOR : 0) + (at_start ? 0 : slack);
    const size_t inside = (before + bytes + after + page - 1) / page * page;
    guarded memory = {.count = bytes, .map_bytes = inside + 2 * page};
    memory.map = mmap(NULL, memory.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory.map == MAP_FAILED || (inside && mprotect(first_of(&memory), inside, PROT_READ | PROT_WRITE) != 0))
        harness_fail("no guarded memory of %zu bytes: %s", bytes, strerror(errno));
    memory.bytes = first_of(&memory) + (at_start ? before : inside - after - bytes);
    memset(first_of(&memory), CANARY, inside);
    forbid(first_of(&memory), bytes_before(&memory));
    forbid(memory.bytes + bytes, bytes_behind(&memory));
    take_for_unset(memory.bytes, bytes);
    return memory;
}

guarded guarded_workspace(size_t bytes, bool at_start, size_t slack) {
    return guarded_make(bytes, at_start, at_start ? slack : (-bytes - slack) % LINE);
}

void guarded_read_only(const guarded *memory) {
    if (inside_of(memory) && mprotect(first_of(memory), inside_of(memory), PROT_READ) != 0)
        harness_fail("memory of %zu bytes cannot be made read-only: %s", memory->count, strerror(errno));
}

static void expect_canaries(const guarded *memory, const unsigned char *first, size_t bytes) {
    if (bytes == 0 || (*first == CANARY && memcmp(first, first + 1, bytes - 1) == 0))
        return;
    while (*first == CANARY)
        first++;
    harness_fail("byte %td of memory of %zu bytes, which is outside it, was written", first - memory->bytes,
                 memory->count);
}

void guarded_free(guarded *memory) {
    if (memory->map) {
        allow(first_of(memory), inside_of(memory));
        expect_canaries(memory, first_of(memory), bytes_before(memory));
        expect_canaries(memory, memory->bytes + memory->count, bytes_behind(memory));
        munmap(memory->map, memory->map_bytes);
    }
    *memory = (guarded){0};
}
