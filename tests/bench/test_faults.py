# SPDX-License-Identifier: MIT
"""Runs of the benchmark on a full disk, in a folder that may not be written, killed and interrupted: what was measured
stays whole, and what went wrong is said."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import pytest
from program import ROOT, command
from report.results import read

BRIEF = ("--quick", "--filter=^full.*T=10,", "--isa=scalar")
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
FULL = 'mount -t tmpfs -o size=256k tmpfs "$0"; cat /dev/zero >"$0/filler" 2>/dev/null; exec "$@"'
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
def disk(tmp_path):
    """Runs aft_bench with such a disk in the place of the results."""
    results = tmp_path / "results"
    results.mkdir()
    if subprocess.run([*NAMESPACE, READ_ONLY, str(results), "true"], capture_output=True).returncode != 0:
        pytest.skip("this system does not let a process mount a disk of its own")

    def run(script, *options):
        words = [
            *NAMESPACE,
            script,
            str(results),
            *options,
            *command(*BRIEF, f"--results={results}", "--processes=900"),
        ]
        return subprocess.run(words, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("script", "reason"),
    [(FULL, "No space left on device"), (READ_ONLY, "Read-only file system")],
    ids=["full", "read-only"],
)
def test_what_cannot_be_kept_is_not_measured(disk, script, reason):
    ended = disk(script)
    assert ended.returncode == 1
    assert f": {reason}; choose another folder with --results=FOLDER" in ended.stderr
    assert ended.stdout == "" and "pass 1" not in ended.stderr


def test_a_disk_that_gets_full_keeps_the_last_whole_files(disk, tmp_path):
    left = tmp_path / "left"
    left.mkdir()
    ended = disk(FILLED, str(left))
    assert ended.returncode == 1
    assert "results.json: No space left on device; choose another folder" in ended.stderr
    (folder,) = left.iterdir()
    assert {path.name for path in folder.iterdir()} == {"results.json", "google_benchmark.json"}
    assert not read(folder).complete


def begin(words, **options):
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored here
        **options,
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
    begun = time.monotonic()
    try:
        while running(process.pid):
            assert time.monotonic() < begun + 60
            time.sleep(0.01)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(*children, signal.SIGKILL)


def test_ctrl_c_reaches_all_and_keeps_what_is_there(tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    results = tmp_path / "results"
    options = (*BRIEF, "--processes=900", f"--results={results}")
    process = begin([ROOT / "scripts/bench", *options], env=os.environ | {"TMPDIR": str(temporary)})
    wait_for_a_pass(process, results)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[0]
    assert process.returncode == 128 + signal.SIGINT and "Traceback" not in said, said
    (folder,) = results.iterdir()
    assert not read(folder).complete
    written = {"results.json", "google_benchmark.json", "results.csv", "results.md", "page.html"}
    assert {path.name for path in folder.iterdir()} == written
    assert list(temporary.iterdir()) == [] and not running(process.pid)
