/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include <stdlib.h>
#include <string.h>

void refusal_keep(refusal *r, const char *what, const void *bytes, size_t count) {
    assert_true(r->count < REFUSAL_MOST);
    unsigned char *const before = malloc(count + 1);
    assert_non_null(before);
    r->kept[r->count].what = what;
    r->kept[r->count].bytes = bytes;
    r->kept[r->count].before = before;
    r->kept[r->count++].count = count;
}

void refusal_free(refusal *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->kept[i].before);
    *r = (refusal){0};
}

void refusal_before(refusal *r) {
    for (size_t i = 0; i < r->count; i++)
        if (r->kept[i].count > 0)
            memcpy(r->kept[i].before, r->kept[i].bytes, r->kept[i].count);
}

void refusal_after(const refusal *r, const char *call, aft_status said, aft_status expected) {
    if (said != expected)
        harness_fail("%s: %s says '%s', should say '%s'", r->misuse, call, aft_status_string(said),
                     aft_status_string(expected));
    for (size_t i = 0; i < r->count; i++)
        for (size_t byte = 0; byte < r->kept[i].count; byte++)
            if (r->kept[i].bytes[byte] != r->kept[i].before[byte])
                harness_fail("%s: %s is refused but writes byte %zu of the %s", r->misuse, call, byte, r->kept[i].what);
}
