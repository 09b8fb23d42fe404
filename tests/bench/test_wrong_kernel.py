# SPDX-License-Identifier: MIT
"""Correct before fast: a kernel that computes something else is named, and not timed."""

import pathlib
import shutil
import subprocess

import pytest
from program import ROOT, run
from report.results import read


def plant(file: pathlib.Path, sound: str, fault: str) -> None:
    text = file.read_text()
    assert text.count(sound) == 1, f"plant the fault anew: '{sound}' is not once in {file.name}"
    file.write_text(text.replace(sound, fault))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> pathlib.Path:
    """aft_bench of a copy whose scalar kernels divide wrongly, by a tenth of a per mille, and whose layers subtract the
    biases of their linear maps."""
    folder = tmp_path_factory.mktemp("faulty")
    for name in ("cmake", "include", "dispatch", "kernels", "bench", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("data", "*.py"))
    shutil.copy(ROOT / "CMakeLists.txt", folder)
    plant(folder / "kernels/vec/vec_scalar.h", "{ return a / b; }", "{ return a / b * 1.0001f; }")
    plant(
        folder / "kernels/product_rows.c",
        "vf32_add(sums[r][v], vf32_load(chain->bias",
        "vf32_sub(sums[r][v], vf32_load(chain->bias",
    )
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


def test_the_speed_table_names_a_wrong_layer(faulty, tmp_path):
    ended = run("--table=speed", "--quick", "--filter=^layer", f"--results={tmp_path}", program=faulty)
    rows = [line for line in ended.stdout.splitlines() if line.startswith("layer ")]
    if all("skipped: no OpenBLAS" in row for row in rows):
        pytest.skip("no sgemm to make the parts of a layer with: scripts/setup table installs some")
    compared = [row for row in rows if "skipped: " not in row]
    assert ended.returncode == 1, ended.stderr
    assert compared and all("WRONG: the layer, phase by phase: row " in row for row in compared), ended.stdout
