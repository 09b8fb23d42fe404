# SPDX-License-Identifier: MIT
"""scripts/bench as people call it: from another folder, and ended by another program."""

import pathlib
import signal
import subprocess
import time

from program import ROOT

SCRIPT = ROOT / "scripts/bench"
SHORT = ("--quick", "--filter=^simple/B=32.*scalar")
WRITTEN = {"results.json", "google_benchmark.json", "results.csv", "results.md", "page.html"}


def names_in(results: pathlib.Path) -> set[str]:
    (folder,) = results.iterdir()
    return {file.name for file in folder.iterdir()}


def test_folders_are_named_as_seen_from_where_it_is_called(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('not the module that was meant')")
    subprocess.run([SCRIPT, *SHORT, "--processes=1", "--results=out"], cwd=tmp_path, check=True)
    assert names_in(tmp_path / "out") == WRITTEN


def test_a_run_ended_by_another_program_keeps_what_it_has(tmp_path):
    process = subprocess.Popen([SCRIPT, *SHORT, "--processes=900", f"--results={tmp_path}"])
    while not any(tmp_path.glob("*/google_benchmark.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    assert names_in(tmp_path) == WRITTEN
