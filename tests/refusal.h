/* SPDX-License-Identifier: MIT */
/* Calls that must be refused: each says why, and writes nothing (aft.h, "Statuses"). */
#ifndef AFT_TESTS_REFUSAL_H
#define AFT_TESTS_REFUSAL_H

#include "harness.h"

enum { REFUSAL_MOST = 8 };

/* What the calls of a misuse must leave alone. */
typedef struct refusal {
    const char *misuse;
    struct {
        const char *what;
        const unsigned char *bytes;
        unsigned char *before;
        size_t count;
    } kept[REFUSAL_MOST];
    size_t count;
} refusal;

/* To be called while the memory is that of a legal call, before a misuse changes where that call's pointers go. */
void refusal_keep(refusal *r, const char *what, const void *bytes, size_t count);
void refusal_free(refusal *r);

/* Makes the call, and fails the test unless it answers `status` and leaves every byte as it was. */
#define REFUSED(r, status, call) (refusal_before(r), refusal_after((r), #call, (call), (status)))

void refusal_before(refusal *r);
void refusal_after(const refusal *r, const char *call, aft_status said, aft_status expected);

#endif
