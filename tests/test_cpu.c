/* SPDX-License-Identifier: MIT */
/* What the words of CPUID and XCR0 allow: also on machines that have other ones. */
#include "dispatch/cpu.h"
#include "harness.h"

#if defined(__x86_64__)

#include <cpuid.h>

enum { OSXSAVE = 1 << 27, AVX = 1 << 28, FMA = 1 << 12, AVX2 = 1 << 5 };
enum { AVX512F = 1 << 16, AVX512DQ = 1 << 17, AVX512BW = 1 << 30 };
static const uint32_t AVX512VL = UINT32_C(1) << 31;
enum { SSE_AND_AVX = 0x7, SSE_AND_AVX512 = 0xe7 };

typedef struct machine {
    const char *name;
    aft_x86_words words;
    bool avx2, avx512;
} machine;

/* What CPUID says on them, of the files of libcpuid (github.com/anrieff/libcpuid, tests/) and of InstLatx64
 * (github.com/InstLatx64/InstLatx64) that are named beside; in XCR0 all that leaf 0xD lists, which is what a
 * system that knows all of it enables. */
static const machine machines[] = {
    {"Nehalem", {0x0098e3bd, 0, 0}, false, false},                    /* intel/core_1st_gen/bloomfield.test */
    {"Sandy Bridge", {0x1f9ae3bf, 0, 0x7}, false, false},             /* intel/core_2nd_gen/sandy-bridge-i7.test */
    {"Piledriver", {0x3e98320b, 0x00000008, 0x7}, false, false},      /* amd/bulldozer/vishera-x4.test: FMA, no AVX2 */
    {"Haswell", {0x7fdafbbf, 0x000027ab, 0x7}, true, false},          /* intel/core_4th_gen/haswell-i7.test */
    {"Knights Landing", {0x7ff8f39f, 0x1c0d23ab, 0xe7}, true, false}, /* InstLatx64: 50671; AVX-512 F without VL */
    {"Skylake-X", {0x7ffefbbf, 0xd39ffffb, 0xff}, true, true},        /* intel/core_6th_gen/skylake-x-i7.test */
    {"Alder Lake", {0x7ffafbff, 0x239ca7eb, 0x207}, true, false},     /* intel/core_12th_gen/alder-lake-s-i9.test */
    {"Zen 2", {0x7ed8320b, 0x219c91a9, 0x207}, true, false},          /* amd/zen2/amd-ryzen-3-3100-... */
    {"Zen 4", {0x7ed8320b, 0xf1bf97a9, 0x2e7}, true, true},           /* amd/zen4/ryzen7-raphael.test */
    {"Zen 5", {0x7ed8320b, 0xf1bf97ab, 0x2e7}, true, true},           /* amd/zen5/ryzen7-granite-ridge.test */

    /* A Skylake-X again, of which a hypervisor or a kernel masks a part. */
    {"AVX-512 hidden in CPUID", {0x7ffefbbf, 0x039cfffb, 0xff}, true, false},
    {"AVX-512 VL hidden in CPUID", {0x7ffefbbf, 0x539ffffb, 0xff}, true, false},
    {"AVX2 hidden in CPUID, AVX-512 not", {0x7ffefbbf, 0xd39fffdb, 0xff}, false, false},
    {"FMA hidden in CPUID", {0x7ffeebbf, 0xd39ffffb, 0xff}, false, false},
    {"leaf 7 hidden in CPUID", {0x7ffefbbf, 0, 0xff}, false, false},
    {"AVX-512 masked in XCR0 alone", {0x7ffefbbf, 0xd39ffffb, 0x1f}, true, false},
    {"AVX masked in XCR0 alone", {0x7ffefbbf, 0xd39ffffb, 0x3}, false, false},
    {"OSXSAVE off", {0x77fefbbf, 0xd39ffffb, 0}, false, false},
    {"OSXSAVE off, XCR0 set", {0x77fefbbf, 0xd39ffffb, 0xff}, false, false},
};

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

static void known_machines(const char *isa) {
    (void)isa;
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        const machine *const m = &machines[i];
        const bool scalar = aft_x86_runs(&m->words, "scalar"), neon = aft_x86_runs(&m->words, "neon");
        const bool avx2 = aft_x86_runs(&m->words, "avx2"), avx512 = aft_x86_runs(&m->words, "avx512");
        if (!scalar || neon || avx2 != m->avx2 || avx512 != m->avx512)
            harness_fail("%s: scalar %d, neon %d, avx2 %d, avx512 %d", m->name, scalar, neon, avx2, avx512);
    }
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

/* The bytes of XSAVE's area for what XCR0 enables; CPUID leaf 0xD says where each component lies, and the sum too. */
static uint32_t xsave_bytes(uint64_t xcr0) {
    uint32_t bytes = 512 + 64; /* x87 and SSE, and the header */
    for (uint32_t component = 2; component < 63; component++) {
        uint32_t size, offset, ecx, edx;
        __cpuid_count(0xd, component, size, offset, ecx, edx);
        if (xcr0 >> component & 1 && offset + size > bytes)
            bytes = offset + size;
    }
    return bytes;
}

static void words_of_this_machine(const char *isa) {
    (void)isa;
    const aft_x86_words words = aft_x86_words_here();
    uint32_t eax, ebx, ecx, edx;
    __cpuid(1, eax, ebx, ecx, edx);
    assert_int_equal(words.leaf1_ecx, ecx);
    const bool has_leaf7 = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
    assert_int_equal(words.leaf7_ebx, has_leaf7 ? ebx : 0);
    if (!(words.leaf1_ecx & OSXSAVE)) {
        assert_int_equal(words.xcr0, 0);
        return;
    }
    __cpuid_count(0xd, 0, eax, ebx, ecx, edx);
    assert_int_equal(words.xcr0 & ~((uint64_t)edx << 32 | eax), 0);
    assert_int_equal(xsave_bytes(words.xcr0), ebx);
}

static const harness_unit units[] = {ONCE(known_machines), ONCE(all_that_is_there_is_used), ONCE(state_masked_in_xcr0),
                                     ONCE(each_feature_is_needed), ONCE(words_of_this_machine)};

#else

static void words_of_x86(const char *isa) {
    (void)isa;
    print_message("words_of_x86: skipped, this is no x86-64 build\n");
    skip();
}

static const harness_unit units[] = {ONCE(words_of_x86)};

#endif

int main(void) { return HARNESS_MAIN("cpu", units); }
