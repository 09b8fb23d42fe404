# SPDX-License-Identifier: MIT
"""The compilers that aft.c is held against, natively and across."""

import dataclasses
import pathlib
import platform
import shutil
import subprocess
from collections.abc import Sequence

import pytest

HOST = platform.machine()
CROSS = "aarch64-linux-gnu"


@dataclasses.dataclass(frozen=True)
class Compiler:
    name: str
    command: tuple[str, ...]
    machine: str = HOST  # whose code it writes

    @property
    def cross(self) -> bool:
        return self.machine != HOST

    @property
    def is_gcc(self) -> bool:
        return "gcc" in self.command[0]

    @property
    def version(self) -> str:
        """As "gcc 12"."""
        self.require()
        said = subprocess.run([*self.command, "-dumpversion"], check=True, stdout=subprocess.PIPE, text=True).stdout
        return f"{'gcc' if self.is_gcc else 'clang'} {said.strip().split('.')[0]}"

    def require(self) -> None:
        """Skips the test where this machine lacks the compiler."""
        if shutil.which(self.command[0]) is None:
            pytest.skip(f"{self.command[0]} is not installed: scripts/setup all")
        if self.cross and shutil.which(f"{CROSS}-gcc") is None:
            pytest.skip(f"{CROSS}-gcc, whose C library {self.name} needs, is not installed: scripts/setup test")

    def _done(self, arguments: tuple[str | pathlib.Path, ...]) -> subprocess.CompletedProcess[str]:
        self.require()
        command = [*self.command, *map(str, arguments)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def run(self, *arguments: str | pathlib.Path) -> str:
        """What it says: warnings. Fails the test where it fails."""
        done = self._done(arguments)
        if done.returncode:
            pytest.fail(f"{' '.join(done.args)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stderr

    def refuses(self, *arguments: str | pathlib.Path) -> str:
        """What it says of a source that it is to refuse."""
        done = self._done(arguments)
        assert done.returncode, f"{' '.join(done.args)} is to fail"
        return done.stderr

    def __str__(self):
        return self.name


GCC, CLANG, CLANG19 = Compiler("gcc", ("gcc",)), Compiler("clang", ("clang",)), Compiler("clang-19", ("clang-19",))
NATIVE = (GCC, CLANG, CLANG19)
# An AArch64 machine's own compilers write AArch64 code already.
ARM_GCC = Compiler("aarch64-gcc", (f"{CROSS}-gcc",), "aarch64") if HOST == "x86_64" else GCC
ARM_CLANG, ARM_CLANG19 = (
    Compiler(f"aarch64-{clang}", (*clang.command, f"--target={CROSS}"), "aarch64") if HOST == "x86_64" else clang
    for clang in (CLANG, CLANG19)
)
ARM = (ARM_GCC, ARM_CLANG, ARM_CLANG19)
ALL = tuple(dict.fromkeys((*NATIVE, *ARM)))


def edited(dist: pathlib.Path, folder: pathlib.Path, text: str, replacement: str) -> pathlib.Path:
    """The folder, with a copy of the two files in it that has another text at one place of aft.c."""
    whole = (dist / "aft.c").read_text()
    assert whole.count(text) == 1, f"aft.c has {text!r} {whole.count(text)} times"
    (folder / "aft.c").write_text(whole.replace(text, replacement))
    shutil.copy(dist / "aft.h", folder)
    return folder


def shared_library(compiler: Compiler, flags: Sequence[str], dist: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The folder, with aft.c in it as libaft.so: what LD_LIBRARY_PATH names for the tests of the preset amalgamated."""
    folder.mkdir(parents=True, exist_ok=True)
    compiler.run(*flags, "-shared", "-fPIC", dist / "aft.c", "-o", folder / "libaft.so")
    return folder
