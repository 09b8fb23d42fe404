/* SPDX-License-Identifier: MIT */
#include "dispatch/cpu.h"

#if (defined(__x86_64__) || defined(__i386__)) && !defined(AFT_CPU_FEATURES)

#include <cpuid.h>

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A (CPUID) and volume 1, 13.3 (XCR0). */
enum {
    LEAF1_FMA = 1 << 12,
    LEAF1_OSXSAVE = 1 << 27,
    LEAF1_AVX = 1 << 28,
    LEAF7_AVX2 = 1 << 5,
    LEAF7_AVX512F = 1 << 16,
    LEAF7_AVX512DQ = 1 << 17,
    LEAF7_AVX512BW = 1 << 30,
    XCR0_AVX = 0x6,     /* XMM and YMM */
    XCR0_AVX512 = 0xe6, /* and opmask, the upper halves of ZMM0-15, ZMM16-31 */
};
#define LEAF7_AVX512VL (UINT32_C(1) << 31)

static bool all(uint64_t word, uint64_t bits) { return (word & bits) == bits; }

bool aft_x86_runs(const aft_x86_words *words, const char *isa) {
    bool avx2 = all(words->leaf1_ecx, LEAF1_OSXSAVE | LEAF1_AVX | LEAF1_FMA) && all(words->leaf7_ebx, LEAF7_AVX2) &&
                all(words->xcr0, XCR0_AVX);
    if (aft_same_name(isa, "scalar"))
        return true;
    if (aft_same_name(isa, "avx2"))
        return avx2;
    if (aft_same_name(isa, "avx512"))
        return avx2 && all(words->xcr0, XCR0_AVX512) &&
               all(words->leaf7_ebx, LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512BW | LEAF7_AVX512VL);
    return false;
}

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv"
                     : "=a"(low), "=d"(high)
                     : "c"(0)); /* needs OSXSAVE, but no compiler flag as _xgetbv does */
    return (uint64_t)high << 32 | low;
}

aft_x86_words aft_x86_words_here(void) {
    aft_x86_words words = {0};
    uint32_t eax, ebx, ecx, edx;
    __cpuid(1, eax, ebx, ecx, edx); /* every CPU with SSE2, without which this code does not run, has this leaf */
    words.leaf1_ecx = ecx;
    if (ecx & LEAF1_OSXSAVE)
        words.xcr0 = read_xcr0();
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        words.leaf7_ebx = ebx;
    return words;
}

bool aft_cpu_runs(const char *isa) {
    const aft_x86_words words = aft_x86_words_here();
    return aft_x86_runs(&words, isa);
}

#endif
