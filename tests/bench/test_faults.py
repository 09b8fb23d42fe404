# SPDX-License-Identifier: MIT
"""Runs of the benchmark on a full disk, in a folder that may not be written, killed and interrupted: what was measured
stays whole, what went wrong is said, and no process goes on."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from program import PROGRAM, ROOT, command
from report.results import read

BRIEF = ("--quick", "--filter=^full.*T=10,", "--isa=scalar")
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
FULL = 'mount -t tmpfs -o size=256k tmpfs "$0"; cat /dev/zero >"$0/filler" 2>/dev/null; exec "$@"'
EMPTY = 'mount -t tmpfs -o size=256k tmpfs "$0"; exec "$@"'
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
# The disk is full from the second pass on; what lies there then is copied out of the namespace.
FILLED = """
mount -t tmpfs -o size=4m tmpfs "$0" || exit 99
left=$1; shift
"$@" & program=$!
while ! ls "$0"/*/google_benchmark.json >/dev/null 2>&1; do sleep 0.01; done
cat /dev/zero >"$0/filler" 2>/dev/null
wait $program; status=$?
rm "$0/filler"; cp -r "$0/." "$left"
exit $status
"""


@pytest.fixture
def results(tmp_path):
    """A folder whose place such a disk can take."""
    folder = tmp_path / "results"
    folder.mkdir()
    if subprocess.run([*NAMESPACE, READ_ONLY, str(folder), "true"], capture_output=True).returncode != 0:
        pytest.skip("this system does not let a process mount a disk of its own")
    return folder


@pytest.fixture
def disk(results):
    """Runs aft_bench with such a disk in the place of the results."""

    def run(script, *options):
        program = command(*BRIEF, f"--results={results}", "--processes=900")
        return subprocess.run([*NAMESPACE, script, str(results), *options, *program], capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("script", "reason"),
    [(FULL, "No space left on device"), (READ_ONLY, "Read-only file system")],
    ids=["full", "read-only"],
)
def test_what_cannot_be_kept_is_not_measured(disk, script, reason):
    ended = disk(script)
    assert ended.returncode == 3
    assert f": {reason}; choose another folder with --results=FOLDER" in ended.stderr
    assert ended.stdout == "" and "pass 1" not in ended.stderr


def test_a_disk_that_gets_full_keeps_the_last_whole_files(disk, tmp_path):
    left = tmp_path / "left"
    left.mkdir()
    ended = disk(FILLED, str(left))
    assert ended.returncode == 3
    assert "results.json: No space left on device; choose another folder" in ended.stderr
    (folder,) = left.iterdir()
    assert {path.name for path in folder.iterdir()} == {"results.json", "google_benchmark.json"}
    assert not read(folder).complete


# In the place of aft_bench: leaves a whole file, with a row that falls short, and a disk that is full.
FIRST_RUN = """#!/bin/sh
for option; do case $option in --results=*) folder=${option#*=} ;; esac; done
mkdir -p "$folder" && echo '%s' >"$folder/speed-sleef.json"
cat /dev/zero >"$folder/filler" 2>/dev/null
exit 1
"""
ROW = {"text": "a, sleef exp", "unit": "of exps", "sense": "at least", "bound": 1, "skipped": "for a test"}


@pytest.mark.parametrize("filled", ["at once", "by the first run"])
def test_half_a_speed_table_is_not_recorded(results, filled):
    root = results.parent
    for folder in ("scripts", "bench"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "results"))
    (root / "tests").mkdir()
    (root / "tests/data").symlink_to(ROOT / "tests/data")
    for nothing_to_do in ("scripts/setup", "scripts/common/build-preset"):
        (root / nothing_to_do).write_text("#!/bin/sh\n")
    for build in ("bench", "bench-builtin"):
        program = root / "build" / build / "bench/aft_bench"
        program.parent.mkdir(parents=True)
        program.symlink_to(PROGRAM)
    if filled == "by the first run":
        first = root / "build/bench/bench/aft_bench"
        first.unlink()
        first.write_text(FIRST_RUN % json.dumps({"context": {}, "rows": [ROW]}))
        first.chmod(0o755)
    words = [*NAMESPACE, FULL if filled == "at once" else EMPTY, str(results)]
    ended = subprocess.run(
        [*words, "scripts/bench", "--table=speed", "--record"], cwd=root, capture_output=True, text=True
    )
    page = "bench/PERFORMANCE.md"
    assert (root / page).read_bytes() == (ROOT / page).read_bytes(), ended.stdout
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr.count("\n") == 1 and "No space left on device" in ended.stderr, ended.stderr


def begin(words, **options):
    heeding = ["env", "--default-signal=INT,HUP", *words]  # here the background, or nohup, may ignore them
    return subprocess.Popen(
        heeding, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, **options
    )


def wait_for_a_pass(process, results):
    while not any(results.glob("*/google_benchmark.json")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def running(session):
    """What is left of a session that one process began."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of, *_ = stat.read_text().rpartition(")")[2].split()
            found += [int(stat.parent.name)] if int(of) == session and state != "Z" else []
    return found


def expect_none_running(session):
    begun = time.monotonic()
    while running(session):
        assert time.monotonic() < begun + 60
        time.sleep(0.01)


def measures(pid):
    """Whether it is one of those processes that a run begins, and is what it is to be."""
    with contextlib.suppress(OSError):
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return any(word == b"--ceilings" or word.startswith(b"--case=") for word in words)


@pytest.mark.parametrize("moment", range(3))
def test_a_killed_run_leaves_whole_files(tmp_path, moment):
    process = begin(command(*BRIEF, "--processes=900", f"--results={tmp_path}"))
    wait_for_a_pass(process, tmp_path)
    time.sleep(0.05 * moment)
    process.kill()
    process.communicate()
    (folder,) = tmp_path.iterdir()
    assert not read(folder).complete


def test_a_killed_run_leaves_no_process(tmp_path):
    process = begin(command("--filter=^full/T=4096,.*scalar", "--processes=2", f"--results={tmp_path}"))
    children = []
    while not children:
        assert process.poll() is None, process.communicate()[0]
        children = [pid for pid in running(process.pid) if measures(pid)]
    os.kill(*children, signal.SIGSTOP)  # it does not end by itself
    process.kill()
    process.wait()
    try:
        expect_none_running(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(*children, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_whatever_ends_the_script_leaves_what_was_measured_and_no_process(tmp_path, number):
    """Ctrl-C, which reaches all, or another signal to the script alone."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    results = tmp_path / "results"
    options = (*BRIEF, "--processes=900", f"--results={results}")
    process = begin([ROOT / "scripts/bench", *options], env=os.environ | {"TMPDIR": str(temporary)})
    wait_for_a_pass(process, results)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number), said
    assert "Traceback" not in said, said
    expect_none_running(process.pid)
    (folder,) = results.iterdir()
    assert not read(folder).complete
    if number == signal.SIGKILL:
        subprocess.run([ROOT / "scripts/bench", f"--report={folder}"], check=True, stdout=subprocess.DEVNULL)
    else:
        assert list(temporary.iterdir()) == []
    written = {"results.json", "google_benchmark.json", "results.csv", "results.md", "page.html"}
    assert {path.name for path in folder.iterdir()} == written
