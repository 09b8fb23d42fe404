# SPDX-License-Identifier: MIT
"""The exp of aft.c, which is its own, has the bits of SLEEF's expf_u10.

On all 2^32 floats where that takes seconds; scalar code and NEON under an emulator take a sample, or with
AFT_TEST_THOROUGH=1 all of them too: some minutes, and half an hour.
"""

import concurrent.futures
import os
import pathlib
import subprocess
from collections.abc import Sequence

import pytest
from accuracy.programs import UNSUPPORTED_ISA

from .compilers import ARM_GCC, CLANG, CLANG19, GCC, HOST, Compiler, edited
from .variants import THOROUGH

SOURCE = pathlib.Path(__file__).parent / "exp.c"
FLOATS, PARTS = 2**32, 8
# Primes, so that the low bits of the inputs vary.
OF_SCALAR, OF_EMULATED = (1, 1) if THOROUGH else (61, 509)
X86 = [(GCC, "avx2", 1), (GCC, "avx512", 1)] + [
    (compiler, isa, OF_SCALAR) for compiler in (CLANG, CLANG19) for isa in ("avx2", "avx512")
]
EMULATED = [(ARM_GCC, isa, OF_EMULATED) for isa in ("scalar", "neon")]
RUNS = [(GCC, "scalar", OF_SCALAR)] + (X86 + EMULATED if HOST == "x86_64" else [(GCC, "neon", 1)])


def build(compiler: Compiler, dist: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """The command that starts exp.c with that aft.c."""
    compiler.run("-O2", f"-I{dist}", SOURCE, "-lsleef", "-o", folder / "exp")
    return ["qemu-aarch64"] * compiler.cross + [str(folder / "exp")]


def differing(command: Sequence[str], isa: str, step: int) -> int:
    """How many floats have another exp than SLEEF's."""

    def run(part: int) -> dict[str, int]:
        arguments = map(str, (isa, step, part, PARTS))
        done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode == UNSUPPORTED_ISA:
            pytest.skip(f"this CPU lacks {isa}, or the FMA that SLEEF's exp takes")
        assert done.returncode == 0, done.stderr
        print(done.stderr)
        return {word: int(number) for word, number in map(str.split, done.stdout.splitlines())}

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(run, range(PARTS)))
    assert sum(answer["compared"] for answer in answers) == -(FLOATS // -step)
    return sum(answer["differ"] for answer in answers)


@pytest.mark.parametrize(
    ("compiler", "isa", "step"),
    [pytest.param(*run, id=f"{run[0]} {run[1]}, {'all' if run[2] == 1 else f'1 in {run[2]}'}") for run in RUNS],
)
def test_exp_has_the_bits_of_sleef(compiler, isa, step, dist, tmp_path):
    assert differing(build(compiler, dist, tmp_path), isa, step) == 0


def test_a_wrong_coefficient_is_noticed(dist, tmp_path):
    """One ULP in one of them."""
    wrong = edited(dist, tmp_path, "0.166666671633720397949219f", "0x1.555558p-3f")
    assert differing(build(GCC, wrong, tmp_path), "scalar", 509) > 0
