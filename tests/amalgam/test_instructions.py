# SPDX-License-Identifier: MIT
"""Which instructions test_compile finds above their level, and which it lets pass."""

import instructions
import pytest

from .compilers import ARM, GCC, HOST, Compiler
from .objects import assembled, assembler, listing
from .test_compile import level_of

on_x86 = pytest.mark.skipif(HOST != "x86_64", reason="the instructions are x86-64's")


def broken(compiler: Compiler, folder, level: str, instruction: str) -> list[instructions.Broken]:
    source = f".globl f_{level}\nf_{level}: {instruction}\nret\n"
    return instructions.above(listing(compiler, assembled(compiler, source, folder)), assembler(compiler), level_of)


@on_x86
@pytest.mark.parametrize(
    "level, instruction",
    [
        ("scalar", "vaddps %xmm0, %xmm1, %xmm2"),  # AVX
        ("scalar", "vzeroupper"),
        ("scalar", "pshufb %xmm0, %xmm1"),  # SSSE3
        ("scalar", "roundss $0, %xmm0, %xmm1"),  # SSE4.1
        ("scalar", "popcnt %eax, %ecx"),
        ("scalar", "cmpxchg16b (%rdi)"),
        ("scalar", "xsave (%rdi)"),
        ("avx2", "andn %rax, %rcx, %rdx"),  # BMI1
        ("avx2", "pext %rax, %rcx, %rdx"),  # BMI2
        ("avx2", "lzcnt %eax, %ecx"),
        ("avx2", "vcvtph2ps %xmm0, %ymm1"),  # F16C
        ("avx2", "vfmaddps %xmm0, %xmm1, %xmm2, %xmm3"),  # FMA4
        ("avx2", "vaddps %zmm0, %zmm1, %zmm2"),
        ("avx2", "vaddps %ymm16, %ymm1, %ymm2"),
        ("avx2", "{evex} vaddps %ymm0, %ymm1, %ymm2"),  # the same text as AVX's
        ("avx2", "kmovw %eax, %k1"),
        ("avx2", "{vex} vpdpbusd %ymm0, %ymm1, %ymm2"),  # AVX-VNNI
        ("avx512", "vpdpbusd %zmm0, %zmm1, %zmm2"),  # VNNI
        ("avx512", "vpermi2b %zmm0, %zmm1, %zmm2"),  # VBMI
        ("avx512", "vpconflictd %zmm0, %zmm1"),  # CD
        ("avx512", "vpmadd52luq %zmm0, %zmm1, %zmm2"),  # IFMA
        ("avx512", "vexp2ps %zmm0, %zmm1"),  # ER
        ("avx512", "vaddph %zmm0, %zmm1, %zmm2"),  # FP16
        ("avx512", "vdpbf16ps %zmm0, %zmm1, %zmm2"),
        ("avx512", "tilezero %tmm0"),
        ("avx512", ".byte 0x06"),  # none at all
    ],
)
def test_x86_above_a_level_is_seen(level, instruction, tmp_path):
    (found,) = broken(GCC, tmp_path, level, instruction)
    assert found.function == f"f_{level}"


@on_x86
@pytest.mark.parametrize(
    "level, instruction",
    [
        ("scalar", "addps %xmm0, %xmm1"),
        ("scalar", "endbr64"),
        ("scalar", "xgetbv"),
        ("scalar", ".byte 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0"),  # data16 cs nopw: padding
        ("avx2", "vfmadd231ps %ymm0, %ymm1, %ymm2"),
        ("avx2", "vpsrlvd %ymm0, %ymm1, %ymm2"),
        ("avx512", "vscalefps %ymm16, %ymm1, %ymm2{%k1}{z}"),
        ("avx512", "vmovdqu8 %zmm0, (%rdi)"),
        ("avx512", "vpmullq %zmm0, %zmm1, %zmm2"),
    ],
)
def test_x86_of_a_level_passes(level, instruction, tmp_path):
    assert not broken(GCC, tmp_path, level, instruction)


@pytest.mark.parametrize("level", ["scalar", "neon"])
@pytest.mark.parametrize(
    "instruction",
    [
        "ldaddal x0, x1, [x2]",  # LSE
        "sdot v0.4s, v1.16b, v2.16b",
        "fmla v0.8h, v1.8h, v2.8h",
        "bfdot v0.4s, v1.8h, v2.8h",
        "aese v0.16b, v1.16b",
        "crc32w w0, w1, w2",
        "ptrue p0.b",  # SVE
        ".inst 0xffffffff",  # none at all
    ],
)
def test_arm_above_the_base_is_seen(level, instruction, tmp_path):
    (found,) = broken(ARM[0], tmp_path, level, f".arch armv8.6-a+sve+crypto\n{instruction}")
    assert found.function == f"f_{level}"


def test_arm_of_the_base_passes(tmp_path):
    assert not broken(ARM[0], tmp_path, "neon", "fmla v0.4s, v1.4s, v2.4s\nhint #34 // bti c")
