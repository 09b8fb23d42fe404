/* SPDX-License-Identifier: MIT */
#include "watched_call.h"

#include <string.h>

#include "harness.h"

#if defined(__x86_64__)
#include <cpuid.h>

const char *const watched_registers[WATCHED_REGISTERS] = {"rbx", "rbp", "r12", "r13", "r14", "r15"};

/* XGETBV with ECX = 1 answers XINUSE: Intel SDM, volume 1, 13.2 (CPUID leaf 0xD, subleaf 1, EAX bit 2). A CPU may call
 * a component in use that is not, as emulators call all. */
static bool upper_halves_are_told(void) {
    enum { OSXSAVE = 1 << 27, AVX = 1 << 28, XGETBV1 = 1 << 2 };
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & OSXSAVE) || !(ecx & AVX))
        return false;
    if (!__get_cpuid_count(0xd, 1, &eax, &ebx, &ecx, &edx) || !(eax & XGETBV1))
        return false;
    watched_call nothing = {.looks_at_upper_halves = 1, .function = (watched_function *)watched_fault_register};
    nothing.arguments[0] = WATCHED_REGISTERS;
    watched_call_run(&nothing);
    return nothing.upper_halves == 0;
}

bool watched_upper_halves(void) {
    static enum { UNKNOWN, NO, YES } answer; /* under a hypervisor each CPUID is slow */
    if (answer == UNKNOWN)
        answer = upper_halves_are_told() ? YES : NO;
    return answer == YES;
}

#else

const char *const watched_registers[WATCHED_REGISTERS] = {"x19", "x20", "x21", "x22", "x23", "x24", "x25",
                                                          "x26", "x27", "x28", "x29", "d8",  "d9",  "d10",
                                                          "d11", "d12", "d13", "d14", "d15"};

bool watched_upper_halves(void) { return false; }

#endif

const char *watched_call_fault(const watched_call *call) {
    for (size_t i = 0; i < WATCHED_REGISTERS; i++)
        if (call->registers[i])
            return watched_registers[i];
    if (call->stack_pointer)
        return "the stack pointer";
    if (call->canaries)
        return "the caller's stack";
    if (call->direction)
        return "the direction flag";
    return call->upper_halves ? "the upper halves of vector registers" : NULL;
}

uint64_t watch(const char *name, watched_function *function, const uint64_t arguments[WATCHED_ARGUMENTS]) {
    watched_call call = {.function = function, .looks_at_upper_halves = watched_upper_halves()};
    memcpy(call.arguments, arguments, sizeof call.arguments);
    watched_call_run(&call);
    if (watched_call_fault(&call))
        harness_fail("%s leaves %s changed", name, watched_call_fault(&call));
    return call.result;
}
