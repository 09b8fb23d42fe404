# SPDX-License-Identifier: MIT
"""One run of scripts/compare."""

import argparse

from common import whole_file
from rich.console import Console

from . import comparison, sheet, terminal
from .comparison import Incomparable, Table
from .model import Result
from .options import BEST, EACH, Drift
from .results import read
from .statistics import Comparison, Verdict


def check_alike(results: list[Result], anyway: bool) -> list[str]:
    """What differs, as notes; refuses unless told to compare anyway."""
    found = comparison.differences(results)
    if found and not anyway:
        raise Incomparable("not the same was measured: " + "; ".join(found) + "; --anyway compares them all the same")
    return [f"compared although {difference}" for difference in found]


def failures(table: Table) -> list[str]:
    """Of all results but the base, cells that it lacks included."""
    return [
        f"FAILED: {cell.name} in {column.letter}: {cell.failure}"
        for index, column in enumerate(table.columns[1:], 1)
        for cell in (row.cells[index] for row in table.rows)
        if cell and cell.failure
    ]


def slowdowns(table: Table, above: float) -> list[str]:
    def describe(found: Comparison) -> str:
        low, high = found.interval
        return f"{found.ratio:.3f} [{low:.3f}, {high:.3f}] of A's time"

    return [
        f"SLOWER by more than {100 * above:g} %: {found.other.name} in {column.letter}: {describe(found)}"
        for index, column in enumerate(table.columns)
        for found in table.comparisons(index)
        if found.verdict == Verdict.SLOWER and found.ratio > 1 + above
    ]


def unmeasured(table: Table) -> list[str]:
    """What A has timed and another has not, as where it was interrupted: it may be slow, for all that is known."""
    return [
        f"{row.cells[0].name} in {column.letter}"
        for row in table.rows
        for column, cell in zip(table.columns[1:], row.cells[1:], strict=True)
        if row.cells[0] and row.cells[0].summary and not (cell and (cell.summary or cell.failure))
    ]


def decided(table: Table) -> bool:
    """Whether any comparison had enough processes, and little enough noise, to find a slowdown."""
    all_comparisons = (found for index in range(len(table.columns)) for found in table.comparisons(index))
    return any(found.significant or found.verdict == Verdict.ALIKE for found in all_comparisons)


def beside_the_best(options: argparse.Namespace, results: list[Result], table: Table) -> list[Table]:
    """CPUs may have no instruction set in common: like with like needs the best of each beside it."""
    if options.isa != EACH:
        return [table]
    columns = comparison.columns(results, [BEST])
    return [comparison.compare(columns, options.margin, Drift(options.clock_drift), options.filter), table]


def write(options: argparse.Namespace, results: list[Result], table: Table, notes: list[str]) -> None:
    if options.html:
        from .page import render

        whole_file.write(options.html, render(results, beside_the_best(options, results, table)))
    if options.markdown:
        whole_file.write(options.markdown, sheet.to_markdown(table, notes))
    if options.csv:
        whole_file.write(options.csv, sheet.to_csv(table))


def run(options: argparse.Namespace, console: Console) -> int:
    results = [read(place, any_version=options.anyway) for place in options.results]
    notes = check_alike(results, options.anyway)
    columns = comparison.columns(results, options.isa.split(","))
    table = comparison.compare(columns, options.margin, Drift(options.clock_drift), options.filter)
    terminal.show(table, notes, console)
    write(options, results, table, notes)
    if options.fail_above is None:
        return 0
    found = failures(table) + slowdowns(table, options.fail_above)
    terminal.show_bad(found, console)
    if not found and not decided(table):
        raise Incomparable("--fail-above: no cell has the processes and the quiet to tell; measure with more processes")
    if not found and (lacking := unmeasured(table)):
        raise Incomparable(
            f"--fail-above: {len(lacking)} cells of A were not measured again, the first {lacking[0]}; measure them, "
            "or leave them out with --filter"
        )
    return 1 if found else 0
