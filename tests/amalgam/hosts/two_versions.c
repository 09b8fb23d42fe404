/* SPDX-License-Identifier: MIT */
/* Two libaft in one program, called in turn: this file sees the plain one, other_version.c the one with a prefix. */
#include "aft.h"

#include "forward.h"

#include <stdio.h>
#include <string.h>

aft_status forward_of_other(float *y);
const char *isa_of_other(void);
aft_status use_isa_of_other(const char *name);

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                  \
            return EXIT_FAILURE;                                                                                       \
        }                                                                                                              \
    } while (0)

int main(void) {
    static float y[HOST_T * HOST_D], y_of_other[HOST_T * HOST_D];
    const char *const chosen = isa_of_other();
    REQUIRE(aft_use_isa("scalar") == AFT_OK); /* of the one, not of the other */
    REQUIRE(strcmp(isa_of_other(), chosen) == 0);
    for (int turn = 0; turn < 3; turn++) {
        memset(y, 0xff, sizeof y);
        memset(y_of_other, 0xee, sizeof y_of_other);
        REQUIRE(host_forward(y) == AFT_OK);
        REQUIRE(forward_of_other(y_of_other) == AFT_OK);
        REQUIRE(memcmp(y, y_of_other, sizeof y) == 0);
    }
    REQUIRE(aft_use_isa(chosen) == AFT_OK);
    REQUIRE(use_isa_of_other("scalar") == AFT_OK);
    REQUIRE(strcmp(aft_isa_name(), chosen) == 0);
    return EXIT_SUCCESS;
}
