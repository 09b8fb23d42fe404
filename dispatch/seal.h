/* SPDX-License-Identifier: MIT */
/* Headers of memory that the caller keeps, in a file perhaps: sizes in them are followed, so a damaged one must not pass. */
#ifndef AFT_DISPATCH_SEAL_H
#define AFT_DISPATCH_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The last word of a header of words, made of the `bytes` before it (FNV-1a, a word at a time: what changes one word
 * changes the seal). */
static inline uint64_t aft_seal(const void *header, size_t bytes) {
    uint64_t seal = UINT64_C(0xcbf29ce484222325), word;
    for (size_t place = 0; place < bytes; place += sizeof word) {
        memcpy(&word, (const char *)header + place, sizeof word);
        seal = (seal ^ word) * UINT64_C(0x100000001b3);
    }
    return seal;
}

#endif
