# SPDX-License-Identifier: MIT
"""aft_bench, as the tests run it."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(os.environ.get("AFT_BENCH", ROOT / "build/bench/bench/aft_bench"))


def command(*options: str) -> list[str]:
    assert PROGRAM.exists(), f"{PROGRAM} is missing: scripts/bench --list builds it"
    return [str(PROGRAM), f"--data={ROOT / 'tests/data'}", *options]


def run(*options: str, **how) -> subprocess.CompletedProcess:
    return subprocess.run(command(*options), capture_output=True, text=True, **how)
