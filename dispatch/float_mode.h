/* SPDX-License-Identifier: MIT */
/* The floating-point mode of a task: to nearest, subnormals kept, nothing traps. The host's own is put back. */
#ifndef AFT_DISPATCH_FLOAT_MODE_H
#define AFT_DISPATCH_FLOAT_MODE_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>

typedef uint32_t aft_float_mode;

static inline aft_float_mode aft_float_mode_begin(void) {
    aft_float_mode host = _mm_getcsr();
    _mm_setcsr(0x1f80); /* MXCSR after reset: all exceptions masked */
    return host;
}

static inline void aft_float_mode_end(aft_float_mode host) { _mm_setcsr(host); }

#elif defined(__aarch64__)

typedef struct aft_float_mode {
    uint64_t control, status;
} aft_float_mode;

static inline aft_float_mode aft_float_mode_begin(void) {
    aft_float_mode host;
    __asm__ volatile("mrs %0, fpcr" : "=r"(host.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(host.status));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return host;
}

static inline void aft_float_mode_end(aft_float_mode host) {
    __asm__ volatile("msr fpcr, %0" : : "r"(host.control) : "memory");
    __asm__ volatile("msr fpsr, %0" : : "r"(host.status) : "memory");
}

#else
#error "libaft knows the floating-point mode of x86-64 and AArch64 only"
#endif

#endif
