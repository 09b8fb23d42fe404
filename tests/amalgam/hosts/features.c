/* SPDX-License-Identifier: MIT */
/* A host that knows its CPU: FEATURES says what it answers. */
#include "aft.h"

#include <stdio.h>

unsigned host_features(void);
unsigned host_features(void) { return FEATURES; }

int main(void) {
    puts(aft_isa_name());
    return 0;
}
