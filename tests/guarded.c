/* SPDX-License-Identifier: MIT */
#include "guarded.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

/* QEMU (7.2) reads all 32 bytes of a VMASKMOVPS load, also the masked ones that a CPU leaves alone. */
#if defined(__x86_64__)
enum { EMULATED_OVERREAD = 32 };
#else
enum { EMULATED_OVERREAD = 0 };
#endif

guarded guarded_make(size_t bytes, bool at_start, size_t slack) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = at_start ? slack : 0, after = harness_pick(EMULATED_OVERREAD, 0, 0) + (at_start ? 0 : slack);
    const size_t inside = (before + bytes + after + page - 1) / page * page;
    guarded memory = {.count = bytes, .map_bytes = inside + 2 * page};
    memory.map = mmap(NULL, memory.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *const first = (unsigned char *)memory.map + page;
    if (memory.map == MAP_FAILED || (inside && mprotect(first, inside, PROT_READ | PROT_WRITE) != 0))
        harness_fail("no guarded memory of %zu bytes: %s", bytes, strerror(errno));
    memory.bytes = at_start ? first + before : first + inside - after - bytes;
    return memory;
}

void guarded_read_only(const guarded *memory) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = memory->map_bytes - 2 * page;
    if (inside && mprotect((unsigned char *)memory->map + page, inside, PROT_READ) != 0)
        harness_fail("memory of %zu bytes cannot be made read-only: %s", memory->count, strerror(errno));
}

void guarded_free(guarded *memory) {
    if (memory->map)
        munmap(memory->map, memory->map_bytes);
    *memory = (guarded){0};
}
