/* SPDX-License-Identifier: MIT */
#include "float_mode.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* MXCSR, Intel SDM volume 1, section 10.2.3 */
enum { MASKED = 0x1f80, DAZ = 0x0040, FTZ = 0x8000, DOWN = 0x2000, UP = 0x4000, ZERO = 0x6000, STICKY = 0x003f };
enum { MASKED_BUT_SERIOUS = 0x1f80 & ~(0x0080 | 0x0200 | 0x0400) }; /* invalid, division by zero and overflow trap */

const float_mode float_modes[] = {
    {"default", MASKED},
    {"flush to zero", MASKED | FTZ},
    {"denormals are zero", MASKED | DAZ},
    {"flush to zero, denormals are zero", MASKED | FTZ | DAZ},
    {"rounding up", MASKED | UP},
    {"rounding down", MASKED | DOWN},
    {"rounding to zero", MASKED | ZERO},
    {"rounding up, flush to zero, denormals are zero", MASKED | UP | FTZ | DAZ},
    {"trapping on invalid, division by zero and overflow", MASKED_BUT_SERIOUS},
    {"trapping on everything", 0},
};

static uint64_t read_register(void) { return _mm_getcsr(); }
static void write_register(uint64_t bits) { _mm_setcsr((unsigned)bits); }

enum { X87_UNUSUAL = 0x0a7f }; /* rounding up, to double; as after reset nothing traps. SDM volume 1, section 8.1.5 */

const char *const float_word_names[FLOAT_WORDS] = {"MXCSR", "x87 control word"};

float_environment float_environment_of(const float_mode *mode, uint64_t flags) {
    return (float_environment){{mode->bits | (flags & STICKY), X87_UNUSUAL}};
}

float_environment float_environment_get(void) {
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (float_environment){{read_register(), x87}};
}

void float_environment_set(const float_environment *environment) {
    const uint16_t x87 = (uint16_t)environment->words[1];
    __asm__ volatile("fldcw %0" : : "m"(x87));
    write_register(environment->words[0]);
}

#elif defined(__aarch64__)

/* FPCR, Arm Architecture Reference Manual, D17.2; its sticky flags are in another register, FPSR. */
#define RMODE_UP (UINT64_C(1) << 22)
#define RMODE_DOWN (UINT64_C(2) << 22)
#define RMODE_ZERO (UINT64_C(3) << 22)
#define FLUSH (UINT64_C(1) << 24)
#define DEFAULT_NAN (UINT64_C(1) << 25)
#define STICKY 0

/* None traps: a CPU need not have FPCR's trap enables, and those that QEMU emulates have none. */
const float_mode float_modes[] = {
    {"default", 0},
    {"flush to zero", FLUSH},
    {"rounding up", RMODE_UP},
    {"rounding down", RMODE_DOWN},
    {"rounding to zero", RMODE_ZERO},
    {"rounding up, flush to zero, default NaN", RMODE_UP | FLUSH | DEFAULT_NAN},
};

static uint64_t read_register(void) {
    uint64_t bits;
    __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
    return bits;
}
static void write_register(uint64_t bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }

#define FPSR_FLAGS UINT64_C(0x0800009f) /* QC, IDC, IXC, UFC, OFC, DZC, IOC */

const char *const float_word_names[FLOAT_WORDS] = {"FPCR", "FPSR"};

float_environment float_environment_of(const float_mode *mode, uint64_t flags) {
    return (float_environment){{mode->bits, flags & FPSR_FLAGS}};
}

float_environment float_environment_get(void) {
    uint64_t status;
    __asm__ volatile("mrs %0, fpsr" : "=r"(status));
    return (float_environment){{read_register(), status & FPSR_FLAGS}};
}

void float_environment_set(const float_environment *environment) {
    write_register(environment->words[0]);
    __asm__ volatile("msr fpsr, %0" : : "r"(environment->words[1]));
}

#else
#error "float_mode.c: add this architecture's floating-point control register"
#endif

const size_t float_mode_count = sizeof float_modes / sizeof float_modes[0];

void float_mode_set(const float_mode *mode) { write_register(mode->bits); }

uint64_t float_mode_bits(void) { return read_register() & ~(uint64_t)STICKY; }
