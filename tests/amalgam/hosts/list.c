/* SPDX-License-Identifier: MIT */
/* Prints the active instruction set, then each that is built, then the bits of a forward as a sum. */
#include "aft.h"

#include "forward.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    static float y[HOST_T * HOST_D];
    if (host_forward(y) != AFT_OK)
        return EXIT_FAILURE;
    uint32_t sum = 0;
    for (int i = 0; i < HOST_T * HOST_D; i++) {
        uint32_t bits;
        memcpy(&bits, &y[i], sizeof bits);
        sum = sum * 31 + bits;
    }
    printf("%s:", aft_isa_name());
    for (size_t i = 0; aft_isa_at(i); i++)
        printf(" %s", aft_isa_at(i));
    printf(": %08" PRIx32 "\n", sum);
    return EXIT_SUCCESS;
}
