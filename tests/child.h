/* SPDX-License-Identifier: MIT */
/* A process of its own for what a process does only once: the choice of the instruction set. */
#ifndef AFT_TESTS_CHILD_H
#define AFT_TESTS_CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* True or a message on stderr; no cmocka in the child. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                  \
            _exit(EXIT_FAILURE);                                                                                       \
        }                                                                                                              \
    } while (0)

/* Runs the body with AFT_ISA as given (NULL: not set). The running test fails where the body does, or a sanitizer has
 * something to say. */
void in_child(const char *aft_isa, void (*body)(void));

#endif
