/* SPDX-License-Identifier: MIT */
/* A call that looks what the called function left changed of what the platform's calling convention makes it keep
 * (System V ABI, AMD64 supplement, 3.2.1; Procedure Call Standard for the Arm 64-bit Architecture, 6.1): the
 * callee-saved registers, the stack above its own, and on x86 the direction flag and the upper halves of the vector
 * registers, which slow down a caller's SSE code until vzeroupper.
 *
 * The caller is assembly (watched_call_<architecture>.S): a C one would save the same registers, and hide what the
 * called one does. */
#ifndef AFT_TESTS_WATCHED_CALL_H
#define AFT_TESTS_WATCHED_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void watched_function(void); /* any, of integers and pointers */

enum { WATCHED_ARGUMENTS = 8 };
#if defined(__x86_64__)
enum { WATCHED_REGISTERS = 6 };
#elif defined(__aarch64__)
enum { WATCHED_REGISTERS = 19 };
#else
#error "watched_call.h: add this architecture's callee-saved registers"
#endif

/* The assembly knows the order and the sizes: eight bytes each. */
typedef struct watched_call {
    watched_function *function;
    uint64_t arguments[WATCHED_ARGUMENTS];
    uint64_t looks_at_upper_halves; /* 0 where watched_upper_halves() is false */
    /* What came of it. */
    uint64_t result;
    uint64_t registers[WATCHED_REGISTERS]; /* each minus what was in it before: 0 */
    uint64_t stack_pointer;                /* the same */
    uint64_t canaries;                     /* changed ones */
    uint64_t direction;                    /* the flag: 0 */
    uint64_t upper_halves;                 /* the components in use (XINUSE) that vzeroupper clears: 0 */
} watched_call;

extern const char *const watched_registers[WATCHED_REGISTERS]; /* their names */

/* One at a time. */
void watched_call_run(watched_call *call);

/* What a call left changed, by name; NULL where nothing is. */
const char *watched_call_fault(const watched_call *call);

/* Whether this CPU tells what of its vector registers is in use. */
bool watched_upper_halves(void);

/* Calls; the running test fails where something is left changed. The result. */
uint64_t watch(const char *name, watched_function *function, const uint64_t arguments[WATCHED_ARGUMENTS]);

/* watch() of a call with its arguments, as a uint64_t. */
#define WATCH(function, ...)                                                                                           \
    watch(#function, (watched_function *)(function), (const uint64_t[WATCHED_ARGUMENTS]){__VA_ARGS__})
#define WATCH_POINTER(pointer) ((uint64_t)(uintptr_t)(pointer))

/* Functions that break the convention, each in one way: they show that a call is looked at. */
void watched_fault_register(uint64_t index);
void watched_fault_stack(void);
#if defined(__x86_64__)
void watched_fault_direction(void);
void watched_fault_upper_halves(void);
#endif

#endif
