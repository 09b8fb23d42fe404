/* SPDX-License-Identifier: MIT */
/* See watched_call.h: System V ABI, AMD64. */

#define CANARIES 64
#define PATTERN 0x5ca1ab1e0ddba11

/* Offsets of watched_call, and its registers in their order. */
#define ARGUMENT(i) (8 * (1 + (i)))
#define LOOKS_AT_UPPER_HALVES (8 * 9)
#define RESULT (8 * 10)
#define REGISTERS (8 * 11)
#define STACK_POINTER (8 * 17)
#define FAULTY_CANARIES (8 * 18)
#define DIRECTION (8 * 19)
#define UPPER_HALVES (8 * 20)
#define ALL_REGISTERS rbx, rbp, r12, r13, r14, r15

#define DIRECTION_FLAG 0x400
/* Bits 2 and 6 of XINUSE: Intel SDM, volume 1, 13.6. vzeroupper leaves ZMM16-31, which do not slow SSE code. */
#define XINUSE_AVX_AND_HI256 0x44

    .bss
    .balign 8
current: .skip 8 /* the running one: with every register a pattern, nothing else knows it */
frame: .skip 8

    .text
    .globl watched_call_run
    .type watched_call_run, @function
watched_call_run:
    .irp register, ALL_REGISTERS
    push %\register
    .endr
    mov %rdi, current(%rip)
    movabs $PATTERN, %rax
    mov $CANARIES, %ecx
1:  push %rax
    dec %ecx
    jnz 1b
    sub $8, %rsp /* to a multiple of 16, with the next two */
    push ARGUMENT(7)(%rdi)
    push ARGUMENT(6)(%rdi)
    mov %rsp, frame(%rip)

    mov %rdi, %r10
    mov (%r10), %r11
    mov ARGUMENT(0)(%r10), %rdi
    mov ARGUMENT(1)(%r10), %rsi
    mov ARGUMENT(2)(%r10), %rdx
    mov ARGUMENT(3)(%r10), %rcx
    mov ARGUMENT(4)(%r10), %r8
    mov ARGUMENT(5)(%r10), %r9
    cmpq $0, LOOKS_AT_UPPER_HALVES(%r10)
    je 2f
    vzeroupper
2:
    .irp register, ALL_REGISTERS
    mov %rax, %\register
    inc %rax
    .endr
    call *%r11

    mov current(%rip), %r10
    mov %rax, RESULT(%r10)
    movabs $PATTERN, %rax
    .set offset, REGISTERS
    .irp register, ALL_REGISTERS
    sub %rax, %\register
    mov %\register, offset(%r10)
    inc %rax
    .set offset, offset + 8
    .endr
    mov frame(%rip), %r11
    sub %r11, %rsp
    mov %rsp, STACK_POINTER(%r10)
    mov %r11, %rsp
    pushf
    pop %rax
    cld
    and $DIRECTION_FLAG, %eax
    mov %rax, DIRECTION(%r10)
    xor %eax, %eax
    cmpq $0, LOOKS_AT_UPPER_HALVES(%r10)
    je 3f
    mov $1, %ecx
    xgetbv
    and $XINUSE_AVX_AND_HI256, %eax
    vzeroupper
3:  mov %rax, UPPER_HALVES(%r10)

    add $(8 * 3), %rsp
    movabs $PATTERN, %rax
    xor %edx, %edx
    mov $CANARIES, %ecx
4:  pop %r11
    cmp %rax, %r11
    je 5f
    inc %edx
5:  dec %ecx
    jnz 4b
    mov %rdx, FAULTY_CANARIES(%r10)
    .irp register, r15, r14, r13, r12, rbp, rbx
    pop %\register
    .endr
    ret

    .globl watched_fault_register
    .type watched_fault_register, @function
watched_fault_register:
    .set index, 0
    .irp register, ALL_REGISTERS
    cmp $index, %edi
    jne 1f
    not %\register
1:
    .set index, index + 1
    .endr
    ret

    .globl watched_fault_stack
    .type watched_fault_stack, @function
watched_fault_stack:
    notq 8 * (1 + 3 + 5)(%rsp) /* the sixth canary, behind the return address and what lies below the canaries */
    ret

    .globl watched_fault_direction
    .type watched_fault_direction, @function
watched_fault_direction:
    std
    ret

    .globl watched_fault_upper_halves
    .type watched_fault_upper_halves, @function
watched_fault_upper_halves:
    vpcmpeqd %ymm0, %ymm0, %ymm0
    ret

    .section .note.GNU-stack, "", @progbits
