/* SPDX-License-Identifier: MIT */
/* Memory between two unmapped pages: a byte read or written there ends the process. The bytes between it and the pages
 * are canaries, at which guarded_free looks, and no memory to AddressSanitizer (which knows whole eights of them). */
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

/* `slack` bytes lie between the memory and the unmapped page: the one before it if at_start, else the one after it. The
 * memory is full of NaNs, and unset to MemorySanitizer. Where masked loads read whole vectors, the page after it is 64
 * bytes further away. */
guarded guarded_make(size_t bytes, bool at_start, size_t slack);
/* For what is laid out from a cache line on: if at_start as guarded_make, else as near to the page as it can begin `slack`
 * bytes behind a line. With 0, and bytes that are whole lines, it ends at the page, but all that is there to find a line is
 * left behind the layout; with 1, one byte of it is, and what is written further on falls on canaries. */
guarded guarded_workspace(size_t bytes, bool at_start, size_t slack);
/* From here on a write into it ends the process too. */
void guarded_read_only(const guarded *memory);
void guarded_free(guarded *memory);

#endif
