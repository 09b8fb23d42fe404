# SPDX-License-Identifier: MIT
"""What scripts/test asks of these tests: how many of each file passed."""

import collections
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))  # where the tests of Python's package run, nothing else names it
from common import counts  # noqa: E402

OUTCOMES = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}


def pytest_addoption(parser):
    parser.addoption("--counts", type=pathlib.Path, metavar="FILE", help=f"{counts.HELP}; errors count as failed")


def file_of(report, config):
    path = config.rootpath / report.nodeid.split("::")[0]
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def pytest_terminal_summary(terminalreporter, config):
    if hasattr(config, "workerinput"):  # one of several side by side, whose reports the first process has, too
        return
    path = config.getoption("--counts")
    files = collections.defaultdict(lambda: collections.defaultdict(list))
    for outcome, counted in OUTCOMES.items():
        for report in terminalreporter.stats.get(outcome, ()):
            files[file_of(report, config)][counted].append(report)
    for file, found in sorted(files.items()):
        reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in found["skipped"]]
        counts.add(path, file, len(found["passed"]), len(found["failed"]), reasons)
