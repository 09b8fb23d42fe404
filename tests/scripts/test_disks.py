# SPDX-License-Identifier: MIT
"""The scripts on a full disk and in a folder that may not be written: they name the file and the reason, and leave what
was there as it was."""

import json
import shutil
import subprocess

import pytest
from tree import ROOT, files_in

DISKS = {"full": "No space left on device", "read-only": "Read-only file system"}
RESULT = next((ROOT / "bench/results").glob("*/results.json"))
PYTHON = str(ROOT / ".venv/bin/python")
ROW = {"unit": "of exps", "sense": "at least", "bound": 1, "skipped": "for a test"}
TABLE = {"context": {"cpu": "some"}, "rows": [ROW | {"text": f"a, {exp} exp"} for exp in ("sleef", "builtin")]}

# By what is written where: the command, the folder, and what the message names.
WRITERS = {
    "amalgamate": (["scripts/amalgamate"], "dist", "dist/aft.c"),
    "accuracy": ([PYTHON, "-m", "accuracy", "--quick"], "results", "results/accuracy.json"),
    "peers": ([PYTHON, "-m", "peers", "--json", "results/peers.json"], "results", "results/peers.json"),
    "peers --record": ([PYTHON, "-m", "peers", "--record"], "bench", "bench/PERFORMANCE.md"),
    "performance": ([PYTHON, "bench/performance.py", "table.json"], "bench", "bench/PERFORMANCE.md"),
    "compare": (["scripts/compare", "run", "run", "--csv", "results/a.csv"], "results", "results/a.csv"),
    "report": (["scripts/bench", "--report=run"], "run", "run/results.csv"),
    "test": (["scripts/test", "--no-setup", "--only", "native"], "build", "build/test"),
    "bench": (["scripts/bench", "--list"], "build", "build/bench"),
    "coverage": (["scripts/coverage"], "build", "build/coverage"),
    "fuzz": (["scripts/fuzz", "npy"], "build", "build/fuzz"),
    "mutation": (["scripts/mutation"], "build", "build/test"),
    "matrix": (["scripts/matrix"], "tests", "tests/MATRIX.md"),
}

BRIEF = ("amalgamate", "compare", "report")  # what also shows that the next run works


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_cannot_be_written_is_named_and_left_as_it_was(tree, disks, writer, disk):
    command, name, named = WRITERS[writer]
    folder = tree.root / name
    tree.with_nothing_to_set_up()
    (tree.root / "table.json").write_text(json.dumps(TABLE))
    (tree.root / "run").mkdir()
    shutil.copy(RESULT, tree.root / "run")
    folder.mkdir(exist_ok=True)
    if writer == "amalgamate":
        (folder / "aft.c").write_text("old")
    before = files_in(folder)
    done = tree.run(*command, disk=disk, folder=folder)
    assert done.returncode not in (0, 99), done.stdout
    assert named in done.stdout and DISKS[disk] in done.stdout, done.stdout
    assert {n: text for n, text in files_in(folder).items() if not n.endswith(".log")} == before
    if writer in BRIEF:
        assert tree.run(*command).returncode == 0
        assert named in {f"{name}/{file}" for file in files_in(folder)}


@pytest.mark.parametrize("disk", DISKS)
def test_setup_says_what_it_could_not_install(tree, disks, disk):
    folder = tree.root.parent / "few files"
    shutil.copytree(tree.root / "scripts", folder / "scripts")
    (folder / "scripts/requirements.txt").write_text("# none\n")
    setup = [str(folder / "scripts/setup"), "compare"]
    done = tree.run(*setup, disk=disk, folder=folder)
    assert done.returncode == 1 and DISKS[disk] in done.stdout, done.stdout
    assert "scripts/requirements.txt could not be installed into .venv: see above" in done.stdout


@pytest.mark.parametrize("buffered", ["", "1"])
def test_output_that_cannot_be_written_is_an_error(tree, buffered):
    options = tree.options()
    options["env"]["PYTHONUNBUFFERED"] = buffered
    with open("/dev/full", "w") as full:
        done = subprocess.run(["scripts/amalgamate"], **options, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, "scripts/amalgamate: [Errno 28] No space left on device\n")


def test_a_compiler_that_finds_the_disk_full_is_heard(tree, disks):
    done = tree.run("scripts/common/build-preset", "test", disk="nearly 1100k", folder=tree.root / "build")
    assert done.returncode == 1
    assert "No space left on device" in done.stdout and "the build of preset test failed" in done.stdout, done.stdout
    again = tree.run("scripts/common/build-preset", "test", "--target", "clean")
    assert again.returncode == 0, again.stdout
