/* SPDX-License-Identifier: MIT */
/* What this CPU has and the operating system enables. */
#ifndef AFT_DISPATCH_CPU_H
#define AFT_DISPATCH_CPU_H

#include "dispatch/internal.h"

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)

/* The words that decide on x86: CPUID leaf 1 ECX, leaf 7 subleaf 0 EBX (0 where there is no leaf 7), and XCR0 (0 where
 * OSXSAVE is off). */
typedef struct aft_x86_words {
    uint32_t leaf1_ecx, leaf7_ebx;
    uint64_t xcr0;
} aft_x86_words;

AFT_INTERNAL aft_x86_words aft_x86_words_here(void);
AFT_INTERNAL bool aft_x86_runs(const aft_x86_words *words, const char *isa);

#endif

/* Without regard to case. The library calls no function of libc that a compiler may not call by itself. */
AFT_INTERNAL bool aft_same_name(const char *a, const char *b);

/* Whether this machine runs an instruction set, by its name. */
AFT_INTERNAL bool aft_cpu_runs(const char *isa);

#endif
