# SPDX-License-Identifier: MIT
"""The options of scripts/compare. Needs no package: --help works before any is installed."""

import argparse
import pathlib
import re
from enum import Enum

DEFAULT_MARGIN = 0.03  # what two runs of one binary on one machine may differ by
EACH, BEST = "each", "best"


class Drift(Enum):
    """Whether times are corrected for the drift of the clock."""

    AUTO = "auto"
    CORRECTED = "corrected"
    RAW = "raw"


EXAMPLES = """examples:
  scripts/compare results/A results/B                       every cell of B against that of A
  scripts/compare results/* --html all.html                 every CPU there is, on one page
  scripts/compare xeon altra --isa best                     the fastest instruction set of each CPU
  scripts/compare xeon altra --isa avx512,neon              one of each
  scripts/compare xeon xeon --isa avx2,avx512               two of one CPU
  scripts/compare before after --fail-above 5%              for CI: status 1 where a cell got slower by more
  scripts/compare before after --filter '^full' --csv full.csv

A result is a results.json or the folder it lies in; the first is the base (A). A difference counts where a rank test
over the processes finds it to be beyond the margin, corrected for the number of comparisons.
Exit status: 0 compared, 1 slower or wrong (with --fail-above), 2 it could not compare."""


def percentage(text: str) -> float:
    if not (found := re.fullmatch(r"(\d+(\.\d+)?) ?%", text)):
        raise argparse.ArgumentTypeError(f"'{text}' is no percentage such as 5%")
    return float(found[1]) / 100


def regex(text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from None


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/compare",
        description="Lays results of scripts/bench side by side and says which differences are significant.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("results", nargs="+", type=pathlib.Path, metavar="RESULT", help="results.json or its folder; two or more")
    add("--isa", default=EACH, metavar="NAME,...", help="each (default), best, or names: of all or one each")
    add("--filter", type=regex, default="", metavar="REGEX", help="only the cells whose name fits")
    add(
        "--margin",
        type=percentage,
        metavar="3%",
        default=f"{100 * DEFAULT_MARGIN:g}%",
        help="what counts as alike (default: 3%%)",
    )
    add("--clock-drift", choices=[drift.value for drift in Drift], default="auto", help="times corrected by the "
        "yardstick beside each sample, or raw (default: corrected where both ran on one machine)")  # fmt: skip
    add("--fail-above", type=percentage, metavar="5%", help="status 1 where a cell is slower by more, or wrong")
    add("--anyway", action="store_true", help="also results of different schema, workload or seed")
    add("--html", type=pathlib.Path, metavar="FILE", help="write the page")
    add("--markdown", type=pathlib.Path, metavar="FILE", help="write the table")
    add("--csv", type=pathlib.Path, metavar="FILE", help="write a row for each cell of the table")
    options = parser.parse_args(arguments)
    if len(options.results) < 2:
        parser.error("it takes two results or more")
    if options.fail_above is not None and options.fail_above < options.margin:
        parser.error("--fail-above is less than the margin, within which all is alike: lower --margin too")
    return options
