/* SPDX-License-Identifier: MIT */
/* Run by the configuration: does the installed SLEEF have the bits of the built-in exp? Exit 0: yes, or this CPU cannot tell. */
#include "kernels/probe.c"

#include <stdio.h>

int main(void) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 0;
#endif
    enum { STEP = 40009 }; /* a prime: about 100,000 of the 2^32 floats */
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += STEP) {
        union {
            uint32_t bits;
            float value;
        } x = {(uint32_t)bits}, called = {0}, builtin = {0};
        probe_exp(1, &x.value, &called.value);
        probe_exp_builtin(1, &x.value, &builtin.value);
        if (called.bits != builtin.bits && called.value == called.value) {
            printf("exp(%a): SLEEF gives %a, the built-in exp %a\n", (double)x.value, (double)called.value,
                   (double)builtin.value);
            return 1;
        }
    }
    return 0;
}
