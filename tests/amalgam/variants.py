# SPDX-License-Identifier: MIT
"""Compilations of aft.c, and what the tests and programs of the amalgamated presets say of them."""

import dataclasses
import os
import pathlib
import re
import subprocess
from collections.abc import Sequence

import pytest
from accuracy import gates, suite, targets
from accuracy.case import Target
from accuracy.programs import supports

from .compilers import HOST, Compiler

ROOT = pathlib.Path(__file__).parents[2]
THOROUGH = os.environ.get("AFT_TEST_THOROUGH", "0") not in ("", "0")
PASSED = re.compile(r"^ok \d+ - as_recorded/(\w+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Build:
    """The tests and programs of a preset, and what they are started with."""

    preset: str
    machine: str
    emulator: tuple[str, ...] = ()

    @property
    def folder(self) -> pathlib.Path:
        """Its own libaft.so is here."""
        return ROOT / "build" / self.preset

    def command(self, library: pathlib.Path, program: str) -> tuple[str, ...]:
        """Starts one of its programs with the libaft.so in that folder."""
        path = self.folder / "tests" / program
        if not path.exists():
            pytest.skip(f"{path.relative_to(ROOT)} is missing: scripts/test --only amalgam builds it")
        settings = [f"LD_LIBRARY_PATH={library}"] + ["AFT_TEST_EMULATED=1"] * bool(self.emulator)
        settings += ["AFT_TEST_WHOLE_VECTORS=1"] * ("qemu-x86_64" in self.emulator)
        return ("env", *settings, *self.emulator, str(path))

    def isas(self, library: pathlib.Path) -> list[str]:
        """Those that run here."""
        command = self.command(library, "accuracy/aft_accuracy_run")
        return [isa for isa in targets.ISAS[self.machine] if supports(command, isa)]


NATIVE = Build("amalgamated", HOST)
ARM = Build("amalgamated-aarch64", "aarch64", ("qemu-aarch64",))


@dataclasses.dataclass(frozen=True)
class Variant:
    compiler: Compiler
    flags: str

    @property
    def build(self) -> Build:
        return ARM if self.compiler.cross else NATIVE

    def __str__(self):
        return f"{self.compiler} {self.flags}"


def as_recorded(build: Build, library: pathlib.Path) -> set[str]:
    """The instruction sets on which test_bits' as_recorded passed. Fails the test where it fails on one."""
    environment = os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP", "AFT_TEST_ONLY": "as_recorded/*"}
    done = subprocess.run(build.command(library, "test_bits"), env=environment, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"test_bits ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return set(PASSED.findall(done.stdout))


def other_bits(variant: Variant, library: pathlib.Path, regimes: Sequence[str]) -> list[str]:
    """What the cases of the accuracy suite in these regimes find: other bits than on another instruction set, or than
    the CMake build's, which the baseline has."""
    command = variant.build.command(library, "accuracy/aft_accuracy_run")
    run_on = [Target(isa, command, str(variant)) for isa in variant.build.isas(library)]
    baseline = gates.load()
    chosen = suite.choose(lambda regime: regime in regimes)
    found = []
    for case in suite.run(chosen, baseline["seed"], None, run_on, os.cpu_count()):
        name = gates.key(case)
        found += [f"{name}: {said}" for said in case["failures"] + gates.other_bits(case, baseline["cases"][name])]
    return found
