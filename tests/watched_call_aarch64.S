/* SPDX-License-Identifier: MIT */
/* See watched_call.h: Procedure Call Standard for the Arm 64-bit Architecture. */

#define CANARIES 64
#define PATTERN 0x5ca1ab1e0ddba11

/* Offsets of watched_call, and its registers in their order; of d8 to d15 the called one keeps the lower 64 bits. */
#define ARGUMENT(i) (8 * (1 + (i)))
#define RESULT (8 * 10)
#define REGISTERS (8 * 11)
#define STACK_POINTER (8 * 30)
#define FAULTY_CANARIES (8 * 31)
#define DIRECTION (8 * 32)
#define UPPER_HALVES (8 * 33)
#define GENERAL_REGISTERS x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29
#define VECTOR_REGISTERS d8, d9, d10, d11, d12, d13, d14, d15

    .bss
    .balign 8
current: .skip 8 /* the running one: with every register a pattern, nothing else knows it */
frame: .skip 8

    .text
    .globl watched_call_run
    .type watched_call_run, %function
watched_call_run:
    stp x29, x30, [sp, -16]!
    stp x27, x28, [sp, -16]!
    stp x25, x26, [sp, -16]!
    stp x23, x24, [sp, -16]!
    stp x21, x22, [sp, -16]!
    stp x19, x20, [sp, -16]!
    stp d14, d15, [sp, -16]!
    stp d12, d13, [sp, -16]!
    stp d10, d11, [sp, -16]!
    stp d8, d9, [sp, -16]!
    adrp x9, current
    str x0, [x9, :lo12:current]
    ldr x10, =PATTERN
    mov x11, CANARIES / 2
1:  stp x10, x10, [sp, -16]!
    subs x11, x11, 1
    b.ne 1b
    adrp x9, frame
    mov x11, sp
    str x11, [x9, :lo12:frame]

    .irp register, GENERAL_REGISTERS
    mov \register, x10
    add x10, x10, 1
    .endr
    .irp register, VECTOR_REGISTERS
    fmov \register, x10
    add x10, x10, 1
    .endr
    mov x9, x0
    ldr x10, [x9]
    ldp x0, x1, [x9, ARGUMENT(0)]
    ldp x2, x3, [x9, ARGUMENT(2)]
    ldp x4, x5, [x9, ARGUMENT(4)]
    ldp x6, x7, [x9, ARGUMENT(6)]
    blr x10

    adrp x9, current
    ldr x9, [x9, :lo12:current]
    str x0, [x9, RESULT]
    ldr x10, =PATTERN
    .set offset, REGISTERS
    .irp register, GENERAL_REGISTERS
    sub \register, \register, x10
    str \register, [x9, offset]
    add x10, x10, 1
    .set offset, offset + 8
    .endr
    .irp register, VECTOR_REGISTERS
    fmov x11, \register
    sub x11, x11, x10
    str x11, [x9, offset]
    add x10, x10, 1
    .set offset, offset + 8
    .endr
    adrp x11, frame
    ldr x11, [x11, :lo12:frame]
    mov x12, sp
    sub x12, x12, x11
    str x12, [x9, STACK_POINTER]
    mov sp, x11
    str xzr, [x9, DIRECTION]
    str xzr, [x9, UPPER_HALVES]

    ldr x10, =PATTERN
    mov x11, CANARIES
    mov x12, 0
2:  ldr x13, [sp], 8
    cmp x13, x10
    cinc x12, x12, ne
    subs x11, x11, 1
    b.ne 2b
    str x12, [x9, FAULTY_CANARIES]
    ldp d8, d9, [sp], 16
    ldp d10, d11, [sp], 16
    ldp d12, d13, [sp], 16
    ldp d14, d15, [sp], 16
    ldp x19, x20, [sp], 16
    ldp x21, x22, [sp], 16
    ldp x23, x24, [sp], 16
    ldp x25, x26, [sp], 16
    ldp x27, x28, [sp], 16
    ldp x29, x30, [sp], 16
    ret

    .globl watched_fault_register
    .type watched_fault_register, %function
watched_fault_register:
    .set index, 0
    .irp register, GENERAL_REGISTERS
    cmp x0, index
    b.ne 1f
    mvn \register, \register
1:
    .set index, index + 1
    .endr
    .irp register, VECTOR_REGISTERS
    cmp x0, index
    b.ne 1f
    fneg \register, \register
1:
    .set index, index + 1
    .endr
    ret

    .globl watched_fault_stack
    .type watched_fault_stack, %function
watched_fault_stack:
    ldr x9, [sp, 8 * 5]
    mvn x9, x9
    str x9, [sp, 8 * 5]
    ret

    .section .note.GNU-stack, "", %progbits
