# SPDX-License-Identifier: MIT
"""A comparison in the terminal."""

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from . import sheet
from .comparison import Row, Table
from .statistics import Verdict

STYLES = {Verdict.SLOWER: "red", Verdict.FASTER: "green", Verdict.NOISY: "dim", Verdict.TOO_FEW: "dim"}


def _table(heads: list[str], lines: list[list[str | Text]], left: int) -> RichTable:
    table = RichTable(box=None, pad_edge=False)
    for index, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if index < left else "right", no_wrap=True)
    for cells in lines:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def _styled(table: Table, row: Row) -> list[str | Text]:
    cells: list[str | Text] = list(sheet.line(table, row))
    first = len(cells) - 2 * len(table.columns) + 1  # the base has no ratio
    for index, (cell, best) in enumerate(zip(row.cells, row.best, strict=True)):
        place = first + max(2 * index - 1, 0)
        style = "bold" if best else "bold red" if cell and cell.failure else "" if cell and cell.steady else "dim"
        cells[place] = Text(cells[place], style=style)
        if index and row.comparisons[index]:
            cells[place + 1] = Text(cells[place + 1], style=STYLES.get(row.comparisons[index].verdict, ""))
    return cells


def show(table: Table, more_notes: list[str], console: Console) -> None:
    def say(line: str, style: str = "") -> None:
        console.print(Text(line, style=style), soft_wrap=True)

    left = sheet.heads(table).index("threads")
    console.print(_table(sheet.RESULT_HEADS, sheet.result_lines(table), len(sheet.RESULT_HEADS)))
    console.print()
    console.print(_table(sheet.heads(table), [_styled(table, row) for row in table.rows], left))
    console.print()
    console.print(_table(sheet.mean_heads(table), list(map(sheet.mean_line, table.means)), left - 1))
    console.print()
    say(sheet.LEGEND, "dim")
    for summary in sheet.summaries(table):
        say(summary)
    for note in more_notes + sheet.notes(table):
        say(f"note: {note}", "yellow")


def show_bad(lines: list[str], console: Console) -> None:
    for line in lines:
        console.print(Text(line, style="bold red"), soft_wrap=True)
