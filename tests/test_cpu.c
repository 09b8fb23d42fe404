/* SPDX-License-Identifier: MIT */
/* What the words of CPUID and XCR0 allow: also on machines that have other ones. */
#include "dispatch/cpu.h"
#include "harness.h"

#if defined(__x86_64__)

enum { OSXSAVE = 1 << 27, AVX = 1 << 28, FMA = 1 << 12, AVX2 = 1 << 5 };
enum { AVX512F = 1 << 16, AVX512DQ = 1 << 17, AVX512BW = 1 << 30 };
static const uint32_t AVX512VL = UINT32_C(1) << 31;
enum { SSE_AND_AVX = 0x7, SSE_AND_AVX512 = 0xe7 };

static aft_x86_words everything(void) {
    return (aft_x86_words){.leaf1_ecx = OSXSAVE | AVX | FMA,
                           .leaf7_ebx = AVX2 | AVX512F | AVX512DQ | AVX512BW | AVX512VL,
                           .xcr0 = SSE_AND_AVX512};
}

static void expect_levels(const aft_x86_words *words, bool avx2, bool avx512) {
    assert_true(aft_x86_runs(words, "scalar"));
    assert_int_equal(aft_x86_runs(words, "avx2"), avx2);
    assert_int_equal(aft_x86_runs(words, "avx512"), avx512);
    assert_false(aft_x86_runs(words, "neon"));
}

static void all_that_is_there_is_used(const char *isa) {
    (void)isa;
    const aft_x86_words words = everything();
    expect_levels(&words, true, true);
}

/* A hypervisor or a kernel may leave CPUID as it is and mask the state in XCR0 alone: the instructions then trap. */
static void state_masked_in_xcr0(const char *isa) {
    (void)isa;
    aft_x86_words words = everything();
    words.xcr0 = SSE_AND_AVX;
    expect_levels(&words, true, false);
    for (int bit = 5; bit <= 7; bit++) {
        words.xcr0 = SSE_AND_AVX512 & ~(UINT64_C(1) << bit);
        expect_levels(&words, true, false);
    }
    for (int bit = 1; bit <= 2; bit++) {
        words.xcr0 = SSE_AND_AVX512 & ~(UINT64_C(1) << bit);
        expect_levels(&words, false, false);
    }
    words.xcr0 = 0;
    expect_levels(&words, false, false);
}

static void each_feature_is_needed(const char *isa) {
    (void)isa;
    static const uint32_t for_avx2[] = {OSXSAVE, AVX, FMA};
    for (size_t i = 0; i < sizeof for_avx2 / sizeof for_avx2[0]; i++) {
        aft_x86_words words = everything();
        words.leaf1_ecx &= ~for_avx2[i];
        expect_levels(&words, false, false);
    }
    const uint32_t for_avx512[] = {AVX512F, AVX512DQ, AVX512BW, AVX512VL};
    for (size_t i = 0; i < sizeof for_avx512 / sizeof for_avx512[0]; i++) {
        aft_x86_words words = everything();
        words.leaf7_ebx &= ~for_avx512[i];
        expect_levels(&words, true, false);
    }
    aft_x86_words words = everything();
    words.leaf7_ebx &= ~(uint32_t)AVX2;
    expect_levels(&words, false, false);
}

static const harness_unit units[] = {ONCE(all_that_is_there_is_used), ONCE(state_masked_in_xcr0),
                                     ONCE(each_feature_is_needed)};

#else

static void words_of_x86(const char *isa) {
    (void)isa;
    print_message("words_of_x86: skipped, this is no x86-64 build\n");
    skip();
}

static const harness_unit units[] = {ONCE(words_of_x86)};

#endif

int main(void) { return HARNESS_MAIN("cpu", units); }
