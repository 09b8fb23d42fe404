# SPDX-License-Identifier: MIT
"""What scripts/test asks of these tests: how many passed, as one line in a file."""

import pathlib

COUNTED = (("passed",), ("failed", "error"), ("skipped",))


def pytest_addoption(parser):
    parser.addoption(
        "--counts",
        type=pathlib.Path,
        metavar="FILE",
        help="file to add the line 'PASSED FAILED SKIPPED' to; errors count as failed",
    )


def pytest_terminal_summary(terminalreporter, config):
    path = config.getoption("--counts")
    if path is None:
        return
    counts = [sum(len(terminalreporter.stats.get(outcome, ())) for outcome in outcomes) for outcomes in COUNTED]
    with path.open("a") as file:
        print(*counts, file=file)
