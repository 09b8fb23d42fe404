/* SPDX-License-Identifier: MIT */
#include "float_mode.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* MXCSR, Intel SDM volume 1, section 10.2.3 */
enum { MASKED = 0x1f80, DAZ = 0x0040, FTZ = 0x8000, DOWN = 0x2000, UP = 0x4000, ZERO = 0x6000, STICKY = 0x003f };
enum { MASKED_BUT_SERIOUS = 0x1f80 & ~(0x0080 | 0x0200 | 0x0400) }; /* invalid, division by zero and overflow trap */

const float_mode float_modes[] = {
    {"default", MASKED},
    {"flush to zero, denormals are zero", MASKED | FTZ | DAZ},
    {"rounding up", MASKED | UP},
    {"rounding down", MASKED | DOWN},
    {"rounding to zero", MASKED | ZERO},
    {"rounding up, flush to zero, denormals are zero", MASKED | UP | FTZ | DAZ},
    {"trapping on invalid, division by zero and overflow", MASKED_BUT_SERIOUS},
};

static uint64_t read_register(void) { return _mm_getcsr(); }
static void write_register(uint64_t bits) { _mm_setcsr((unsigned)bits); }

#elif defined(__aarch64__)

/* FPCR, Arm Architecture Reference Manual, D17.2; its sticky flags are in another register, FPSR. */
#define RMODE_UP (UINT64_C(1) << 22)
#define RMODE_DOWN (UINT64_C(2) << 22)
#define RMODE_ZERO (UINT64_C(3) << 22)
#define FLUSH (UINT64_C(1) << 24)
#define DEFAULT_NAN (UINT64_C(1) << 25)
#define STICKY 0

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

#else
#error "float_mode.c: add this architecture's floating-point control register"
#endif

const size_t float_mode_count = sizeof float_modes / sizeof float_modes[0];

void float_mode_set(const float_mode *mode) { write_register(mode->bits); }

uint64_t float_mode_bits(void) { return read_register() & ~(uint64_t)STICKY; }
