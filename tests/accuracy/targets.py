# SPDX-License-Identifier: MIT
"""Which builds there are, and which instruction sets they can run."""

import math
import os
import pathlib
import platform
import shutil
import subprocess

from common import cpu

from . import regimes
from .case import LONG, Target
from .programs import ProgramError, supports

ROOT = pathlib.Path(__file__).parents[2]
NATIVE, ARM = ROOT / "build/test", ROOT / "build/aarch64"
EMULATOR = "qemu-aarch64"
COMPILERS, LEVELS = ("gcc", "clang"), ("-O1", "-O2", "-O3")
ISAS = {"x86_64": ("scalar", "avx2", "avx512"), "aarch64": ("scalar", "neon")}


def program(build: pathlib.Path, name: str) -> str:
    return str(build / "tests/accuracy" / name)


def main_targets(full: bool, emulated: bool) -> tuple[list[Target], dict[str, str]]:
    """The instruction sets of this machine, and NEON under an emulator; and what became of each: it ran, or why not."""
    machine = platform.machine()
    command = (program(NATIVE, "aft_accuracy_run"),)
    # Scalar code and emulators take a second for what takes a vector unit milliseconds.
    targets = [
        Target(isa, command, every_way=LONG if isa == "scalar" and not full else math.inf)
        for isa in ISAS.get(machine, ("scalar",))
    ]
    said = {target.isa: "ran" for target in targets}
    if machine != "aarch64":
        if not emulated:
            said["neon"] = "skipped: not in this run"
        elif not shutil.which(EMULATOR) or not pathlib.Path(program(ARM, "aft_accuracy_run")).exists():
            said["neon"] = f"skipped: {EMULATOR} or build/aarch64 is missing"
        else:
            command = (EMULATOR, program(ARM, "aft_accuracy_run"))
            targets.append(
                Target("neon", command, every_way=math.inf)
                if full
                else Target("neon", command, every_way=LONG, every_way_in=regimes.FEW)
            )
            said["neon"] = f"ran under {EMULATOR}"
    for target in list(targets):
        if not supports(target.command, target.isa):
            targets.remove(target)
            said[target.isa] = "skipped: this CPU or build lacks it, or AFT_ISA forbids it"
    return targets, said


def build_other(compiler: str, level: str) -> pathlib.Path:
    folder = ROOT / f"build/accuracy-{compiler}{level}"
    steps = [
        [
            "cmake",
            "-S",
            str(ROOT),
            "-B",
            str(folder),
            "-G",
            "Ninja",
            "-DAFT_BENCH=OFF",
            f"-DCMAKE_C_COMPILER={compiler}",
            f"-DCMAKE_C_FLAGS_RELEASE={level}",
        ],
        ["cmake", "--build", str(folder), "--target", "aft_accuracy_run"],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            raise ProgramError(f"{' '.join(step)} failed:\n{done.stdout}{done.stderr}")
    return folder


def other_builds(main: list[Target]) -> list[Target]:
    """The same instruction sets from other compilers and optimization levels."""
    builds = {f"by {compiler} {level}": build_other(compiler, level) for compiler in COMPILERS for level in LEVELS}
    return [
        Target(target.isa, (program(build, "aft_accuracy_run"),), name)
        for name, build in builds.items()
        for target in main
        if len(target.command) == 1
    ]


def exp_programs(targets: list[Target]) -> dict[str, list[str]]:
    return {
        target.isa: [word.replace("aft_accuracy_run", "aft_accuracy_exp") for word in target.command]
        for target in targets
    }


def cache_entry(name: str) -> str:
    for line in (NATIVE / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split("=", 1)[1]
    return ""


def describe_machine() -> dict:
    version = subprocess.run([cache_entry("CMAKE_C_COMPILER"), "--version"], capture_output=True, text=True).stdout
    return {
        "cpu": cpu.name(),
        "cores": os.cpu_count(),
        "compiler": version.partition("\n")[0] or "unknown",
        "exp_provider": cache_entry("AFT_EXP"),
    }


def commit() -> str:
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
