# SPDX-License-Identifier: MIT
"""A comparison as text, for terminals, Markdown and CSV alike."""

from . import text
from .comparison import Means, Row, Table
from .model import Result
from .options import EACH
from .statistics import Comparison, Verdict, processes_needed
from .tables import csv_text

LEGEND = """ns     of an output: median of the processes' medians
+      the best of its row, and what lies within the margin of it; not where that is all
ratio  of times, to those of A: above 1 is slower. Corrected for the clock (c) where both ran on the same machine
~      too noisy to win or lose    *  timed on fewer rows, so without ratio to all    ?  too few processes to tell"""
MARKS = {
    Verdict.SLOWER: " slower",
    Verdict.FASTER: " faster",
    Verdict.ALIKE: "",
    Verdict.TOO_FEW: " ?",
    Verdict.NOISY: " ~",
}


def heads(table: Table) -> list[str]:
    names = ["kernel", "shape", *(["isa"] if table.columns[0].isa == EACH else []), "threads"]
    for index, column in enumerate(table.columns):
        names += [f"{column.heading} ns"] + ([f"{column.letter}/A"] if index else [])
    return names


def ratio(comparison: Comparison | None) -> str:
    if comparison is None or comparison.ratio is None:
        return ""
    return f"{comparison.ratio:.3f}{'c' * comparison.corrected}{MARKS[comparison.verdict]}"


def line(table: Table, row: Row) -> list[str]:
    cells = [row.task.kernel, row.task.shape, *([row.isa] if row.isa else []), str(row.task.threads)]
    for index, (cell, best) in enumerate(zip(row.cells, row.best, strict=True)):
        isa = f"{cell.isa} " if cell and table.columns[index].isa not in (EACH, cell.isa) else ""
        cells.append(f"{isa}{text.time(cell)}{' +' if best else ''}")
        if index:
            cells.append(ratio(row.comparisons[index]))
    return cells


def mean_heads(table: Table) -> list[str]:
    names = ["geometric mean", *(["isa"] if table.columns[0].isa == EACH else []), "threads"]
    return names + [f"{column.letter}/A" for column in table.columns[1:]]


def mean_line(means: Means) -> list[str]:
    cells = [means.kernel, *([means.isa] if means.isa else []), str(means.threads)]
    for mean in means.means:
        left_out = f", {mean.left_out} left out" if mean.left_out else ""
        cells.append("" if mean.value is None else f"{mean.value:.3f} of {mean.of}{left_out}")
    return cells


RESULT_HEADS = ["", "result", "libaft", "compiler", "processes", "file"]


def result_lines(table: Table) -> list[list[str]]:
    def commit(result: Result) -> str:
        known = result.libaft.commit or result.libaft.version
        return f"{known[:12]} (dirty)" if result.libaft.dirty else known[:12]

    return [
        [c.letter, c.label, commit(c.result), c.result.build.compiler, str(c.result.settings.processes), c.result.path]
        for c in table.columns
    ]


def notes(table: Table) -> list[str]:
    """What a reader must know of the results."""
    found = []
    for column in table.columns:
        if not column.result.complete:
            found.append(f"{column.letter} was interrupted: it is compared on what it has")
    if any(c.verdict == Verdict.TOO_FEW for i in range(len(table.columns)) for c in table.comparisons(i)):
        needed = processes_needed(table.tested)
        found.append(f"too few processes to tell: among {table.tested} comparisons {needed} in each result would do")
    return found


def summaries(table: Table) -> list[str]:
    """How many cells of each column came out how."""
    found = []
    for index, column in enumerate(table.columns[1:], 1):
        verdicts = [comparison.verdict for comparison in table.comparisons(index)]
        counts = [f"{verdicts.count(verdict)} {verdict.value}" for verdict in Verdict if verdict in verdicts]
        missing = sum((row.cells[0] is None) != (row.cells[index] is None) for row in table.rows)
        missing_text = [f"{missing} missing in one"] if missing else []
        found.append(f"{column.letter} against A, {len(verdicts)} cells: {', '.join(counts + missing_text)}")
    return found


def to_markdown(table: Table, more_notes: list[str]) -> str:
    left = heads(table).index("threads")
    parts = [
        "# Results of libaft compared\n",
        text.markdown_table(RESULT_HEADS, result_lines(table), left=len(RESULT_HEADS)),
        *(f"**{note}**\n" for note in more_notes + notes(table)),
        text.markdown_table(heads(table), [line(table, row) for row in table.rows], left),
        text.markdown_table(mean_heads(table), [mean_line(means) for means in table.means], left - 1),
        "\n".join(f"- {summary}" for summary in summaries(table)) + "\n",
        f"```\n{LEGEND}\n```\n",
    ]
    return "\n".join(parts)


def _csv_row(table: Table, row: Row, index: int) -> dict[str, object]:
    cell, comparison, column = row.cells[index], row.comparisons[index], table.columns[index]
    measured = cell.summary if cell else None
    low, high = (comparison and comparison.interval) or (None, None)
    return {
        **row.task._asdict(),
        "isa": cell.isa if cell else row.isa,
        "column": column.letter,
        "result": column.label,
        "file": column.result.path,
        "state": "missing" if cell is None else "failed" if cell.failure else "timed" if measured else "not measured",
        "ns_per_element": cell and cell.ns_per_element,
        "noisy": measured and measured.noisy,
        "rows": cell and cell.rows.count,
        "best": row.best[index],
        "ratio": comparison and comparison.ratio,
        "ratio_low": low,
        "ratio_high": high,
        "corrected": comparison and comparison.corrected,
        "p": comparison and comparison.p,
        "verdict": comparison and comparison.verdict.name.lower(),
    }


def to_csv(table: Table) -> str:
    """A row for each cell of the table."""
    return csv_text([_csv_row(table, row, index) for row in table.rows for index in range(len(table.columns))])
