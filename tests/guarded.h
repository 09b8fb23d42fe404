/* SPDX-License-Identifier: MIT */
/* Memory between two unmapped pages: a byte read or written outside it ends the process. */
#ifndef AFT_TESTS_GUARDED_H
#define AFT_TESTS_GUARDED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct guarded {
    unsigned char *bytes;
    size_t count; /* of bytes */
    void *map;
    size_t map_bytes;
} guarded;

/* `slack` bytes lie between the memory and the unmapped page: the one before it if at_start, else the one after it.
 * On an emulated x86 the page after it is 32 bytes further away. */
guarded guarded_make(size_t bytes, bool at_start, size_t slack);
/* From here on a write ends the process too. */
void guarded_read_only(const guarded *memory);
void guarded_free(guarded *memory);

#endif
