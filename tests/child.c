/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <sys/wait.h>

#include "harness.h"

void in_child(const char *aft_isa, void (*body)(void)) {
    fflush(NULL); /* or the child would print it again */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (aft_isa)
            setenv("AFT_ISA", aft_isa, 1);
        else
            unsetenv("AFT_ISA");
        body();
        exit(EXIT_SUCCESS); /* with what a tool counts to its end */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        harness_fail("with AFT_ISA=%s: failed in its process", aft_isa ? aft_isa : "(not set)");
}
