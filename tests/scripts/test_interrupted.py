# SPDX-License-Identifier: MIT
"""Ctrl-C, and SIGTERM, SIGHUP and SIGKILL to the script alone, at several points of each: nothing goes on behind it,
there is no traceback, files are whole, and the next run needs no help; a temporary file stays after SIGKILL alone."""

import contextlib
import json
import os
import signal
import time

import pytest
from tree import FUZZERS, PATIENCE, ROOT, SLOW, SLOW_BELOW, files_in, is_gone, wait_for

PYTHON = str(ROOT / ".venv/bin/python")
BUILDERS = {
    "test": ["scripts/test", "--no-setup", "--only", "native,style"],
    "layers": ["scripts/test", "--no-setup", "--only", "layers"],
    "bench": ["scripts/bench", "--list"],
    "table": ["scripts/bench", "--table=exp"],
    "bundle": ["scripts/bench", "--bundle"],
    "peers": ["scripts/peers"],
    "accuracy": ["scripts/accuracy"],
    "coverage": ["scripts/coverage"],
    "fuzz": ["scripts/fuzz"],
    "mutation": ["scripts/mutation"],
    "build-preset": ["scripts/common/build-preset", "test"],
    "ci": [".ci/run"],
}


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def number(request):
    return request.param


@pytest.mark.parametrize("script", BUILDERS)
def test_while_it_builds(tree, number, script):
    tree.with_nothing_to_set_up()
    tree.put("cmake", SLOW_BELOW)
    process = tree.begin(*BUILDERS[script])
    wait_for(tree.slow_ones, process)
    assert "== style" not in tree.end(process, number)


def known_tests(tree, count):
    program = tree.put("one_test", SLOW, tree.root / "build")
    listing = {"tests": [{"name": f"number_{i}", "command": [str(program)]} for i in range(count)]}
    tree.put("ctest", f"#!/bin/sh\ncat <<'END'\n{json.dumps(listing).replace('{', '{{').replace('}', '}}')}\nEND\n")


@pytest.mark.parametrize(
    "command",
    [["scripts/run-tests", "--jobs", "2", "build"], ["scripts/test", "--no-setup", "--only", "native,clang,style"]],
    ids=["run-tests", "test"],
)
def test_while_tests_run(tree, number, command):
    tree.put("cmake", "#!/bin/sh\n")
    known_tests(tree, 40)
    process = tree.begin(*command)
    wait_for(lambda: len(tree.slow_ones()) >= 2, process)
    assert "== clang" not in tree.end(process, number)
    tree.put("one_test", "#!/bin/sh\nprintf '1..1\\nok 1 a\\n'\n", tree.root / "build")
    again = tree.run(*[word.removesuffix(",style") for word in command])
    assert again.returncode == 0, again.stdout


def test_a_hangup_that_the_caller_ignores(tree):
    """As nohup does."""
    known_tests(tree, 40)
    process = tree.begin("sh", "-c", "trap '' HUP; exec scripts/run-tests --jobs 2 build")
    wait_for(lambda: len(tree.slow_ones()) >= 2, process)
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None and not any(map(is_gone, tree.slow_ones()))
    tree.end(process, signal.SIGTERM)


def test_what_only_has_the_same_number_is_left_alone(tree):
    """As in a container, where processes are counted from 1 again."""
    tree.put("slow", SLOW)
    begins = "env AFT_SCRIPT_$$=0 slow >/dev/null 2>&1 & until [ -s $0 ]; do sleep 0.01; done; exec scripts/test --help"
    process = tree.begin("sh", "-c", begins, str(tree.pids))
    said = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, said
    (slow,) = tree.slow_ones()
    time.sleep(0.5)
    assert not is_gone(slow)
    os.kill(slow, signal.SIGKILL)


def test_while_pytest_runs(tree, number):
    tree.with_nothing_to_set_up()
    folder = tree.root / "tests/consumers"
    for old in folder.glob("*.py"):
        old.unlink()
    slow = tree.put("slow", SLOW)
    (folder / "test_slow.py").write_text(f"import subprocess\ndef test(): subprocess.run([{str(slow)!r}])\n")
    process = tree.begin("scripts/test", "--no-setup", "--only", "consumers,style")
    wait_for(tree.slow_ones, process)
    assert "== style" not in tree.end(process, number)


def test_while_fuzzers_run(tree, number):
    tree.put("cmake", "#!/bin/sh\n")
    targets, programs = ("npy", "layer", "machine"), tree.root / FUZZERS
    for target in targets:
        tree.put(f"fuzz_{target}", SLOW, programs)
        corpus = tree.root / f"tests/fuzz/corpus/{target}.txt"
        corpus.parent.mkdir(exist_ok=True)
        corpus.write_text("AAAA\n")
    command = ("scripts/fuzz", "--jobs", "2", "--fresh", *targets)
    process = tree.begin(*command)
    wait_for(lambda: len(tree.slow_ones()) == 2, process)
    tree.end(process, number)
    assert number == signal.SIGKILL or not list((tree.root / "build/fuzz").glob("corpus-*"))
    for target in targets:
        tree.put(f"fuzz_{target}", "#!/bin/sh\necho Done 1 runs\n", programs)
    again = tree.run(*command)
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize("options", ["--quick", "--table=speed"])
def test_while_the_benchmark_measures(tree, number, options):
    tree.with_nothing_to_set_up()
    tree.put("cmake", "#!/bin/sh\n")
    tree.put("aft_bench", SLOW, tree.root / "build/bench/bench")
    process = tree.begin("scripts/bench", options)
    wait_for(tree.slow_ones, process)
    tree.end(process, number)


@pytest.mark.parametrize("answers", ["to_nothing", "to_isa"])
def test_while_accuracy_measures(tree, number, answers):
    """With programs that are slow at once, or when they are given a problem."""
    slow = SLOW if answers == "to_nothing" else SLOW.replace("echo", "read problem || exit 0\necho", 1)
    for name in ("run", "exact", "exp"):
        tree.put(f"aft_accuracy_{name}", slow, tree.root / "build/test/tests/accuracy")
    process = tree.begin(PYTHON, "-m", "accuracy", "--quick")
    wait_for(tree.slow_ones, process)
    tree.end(process, number)
    assert files_in(tree.root / "results") == {}


# By what is read when the signal comes.
READERS = {
    "amalgamate": (["scripts/amalgamate"], "include/aft.h"),
    "check-layers": (["scripts/check-layers", "build"], "build/CMakeCache.txt"),
    "compare": (["scripts/compare", "run", "run"], "run/results.json"),
    "report": (["scripts/bench", "--report=run"], "run/results.json"),
    "performance": (["python3", "bench/performance.py", "run/table.json"], "run/table.json"),
    "matrix": (["scripts/matrix"], "tests/test_bits.c"),
}


@pytest.mark.parametrize("script", READERS)
def test_while_it_waits_for_a_file(tree, number, script):
    command, name = READERS[script]
    tree.with_nothing_to_set_up()
    pipe = tree.root / name
    pipe.parent.mkdir(exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    process = tree.begin(*command)

    held = []

    def is_read():
        with contextlib.suppress(OSError):  # nobody has opened the other end
            held.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return held

    wait_for(is_read, process)
    tree.end(process, number)
    os.close(*held)


def without_packages(tree):
    (tree.root / "scripts/requirements.txt").write_text("# none\n")
    return tree.root / ".venv"


def test_while_setup_installs_packages_of_the_system(tree, number):
    without_packages(tree)
    tree.put("pkg-config", "#!/bin/sh\nexit 1\n")
    tree.put("id", "#!/bin/sh\necho 0\n")
    tree.put("dpkg", "#!/bin/sh\necho arm64\n")
    tree.put("apt-get", SLOW)
    process = tree.begin("scripts/setup", "test")
    wait_for(tree.slow_ones, process)
    tree.end(process, number)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_half_made_environment_is_made_anew(tree, end):
    venv = without_packages(tree)
    process = tree.begin("scripts/setup", "compare")
    wait_for((venv / "bin/python").exists, process)
    if end == signal.SIGINT:
        tree.end(process, end)
    else:
        os.killpg(process.pid, end)
        process.communicate()
    assert not (venv / "requirements.installed").exists()
    (venv / "lib/half").write_text("of a package")
    assert tree.run("scripts/setup", "compare").returncode == 0
    assert (venv / "requirements.installed").read_text() == "# none\n"
    assert tree.run(str(venv / "bin/python"), "-m", "pip", "--version").returncode == 0
    assert not (venv / "lib/half").exists()
    assert tree.run("scripts/setup", "compare").stdout == ""


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.6])
def test_a_killed_configuration_is_finished_by_the_next_run(tree, seconds):
    process = tree.begin("scripts/common/build-preset", "test", "--target", "clean")
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    again = tree.run("scripts/common/build-preset", "test", "--target", "clean")
    assert again.returncode == 0, again.stdout


def test_killed_at_any_time_amalgamate_leaves_whole_files(tree):
    assert tree.run("scripts/amalgamate").returncode == 0
    whole = files_in(tree.root / "dist")
    for file in (tree.root / "dist").iterdir():
        file.write_text("old")
    for step in range(20):
        process = tree.begin("scripts/amalgamate")
        time.sleep(0.01 * step)
        process.kill()
        process.communicate(timeout=PATIENCE)
        found = {name: text for name, text in files_in(tree.root / "dist").items() if not name.startswith(".")}
        assert found.keys() == whole.keys() and all(text in (b"old", whole[name]) for name, text in found.items())
    assert tree.run("scripts/amalgamate").returncode == 0
    assert whole.items() <= files_in(tree.root / "dist").items()
