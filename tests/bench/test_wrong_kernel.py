# SPDX-License-Identifier: MIT
"""Correct before fast: a kernel that computes something else is named, and not timed."""

import pathlib
import shutil
import subprocess

import pytest
from program import ROOT, run
from report.results import read

DIVISION = "{ return a / b; }"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> pathlib.Path:
    """aft_bench of a copy whose scalar kernels divide wrongly, by a tenth of a per mille."""
    folder = tmp_path_factory.mktemp("faulty")
    for name in ("cmake", "include", "dispatch", "kernels", "bench", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("data", "*.py"))
    shutil.copy(ROOT / "CMakeLists.txt", folder)
    header = folder / "kernels/vec/vec_scalar.h"
    sound = header.read_text()
    assert sound.count(DIVISION) == 1, f"plant the fault anew: '{DIVISION}' is not once in {header.name}"
    header.write_text(sound.replace(DIVISION, "{ return a / b * 1.0001f; }"))
    build = folder / "build"
    options = (
        "AFT_TESTS=OFF",
        "AFT_BENCH=ON",
        "AFT_EXP=builtin",
        "CMAKE_BUILD_TYPE=Release",
        "CMAKE_EXPORT_COMPILE_COMMANDS=ON",
    )
    for command in (
        ("cmake", "-S", folder, "-B", build, "-G", "Ninja", *(f"-D{option}" for option in options)),
        ("cmake", "--build", build, "--target", "aft_bench"),
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return build / "bench/aft_bench"


def test_a_wrong_result_is_named_and_not_timed(faulty, tmp_path):
    ended = run("--quick", "--filter=^full/B=32", "--processes=2", f"--results={tmp_path}", program=faulty)
    assert ended.returncode == 1, ended.stderr
    assert "FAILED, not timed" in ended.stdout
    (folder,) = tmp_path.iterdir()
    scalar, *others = read(folder).cells
    assert scalar.isa == "scalar" and "instead of" in scalar.failure
    assert scalar.samples_ns == [] and scalar.summary is None and scalar.max_error_u is None
    assert all(cell.failure is None and len(cell.samples_ns) == 2 for cell in others)
