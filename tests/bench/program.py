# SPDX-License-Identifier: MIT
"""aft_bench, as the tests run it."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(os.environ.get("AFT_BENCH", ROOT / "build/bench/bench/aft_bench"))


def command(*options: str, program: pathlib.Path = PROGRAM) -> list[str]:
    assert program.exists(), f"{program} is missing: scripts/bench --list builds it"
    return [str(program), f"--data={ROOT / 'tests/data'}", *options]


def run(*options: str, program: pathlib.Path = PROGRAM, **how) -> subprocess.CompletedProcess:
    return subprocess.run(command(*options, program=program), capture_output=True, text=True, **how)
