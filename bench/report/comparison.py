# SPDX-License-Identifier: MIT
"""Results side by side: which cell of one stands beside which of another."""

import re
from collections import defaultdict
from dataclasses import dataclass

from . import statistics
from .labels import labels
from .model import Cell, Result, Task
from .options import BEST, DEFAULT_MARGIN, EACH, Drift
from .statistics import Comparison, Verdict

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Incomparable(Exception):
    """Says what differs and what to do."""


@dataclass(frozen=True)
class Column:
    letter: str
    label: str
    result: Result
    isa: str  # EACH: rows are of one instruction set; BEST: the fastest of each row; or one by name

    @property
    def heading(self) -> str:
        return self.letter if self.isa in (EACH, BEST) else f"{self.letter} {self.isa}"


@dataclass(frozen=True)
class Row:
    task: Task
    isa: str | None  # null where columns have their own
    cells: list[Cell | None]  # of each column
    comparisons: list[Comparison | None]  # with the first; null for that itself and where one is missing
    best: list[bool]


@dataclass(frozen=True)
class Mean:
    """Geometric mean of a column's ratios; noisy and failed cells are left out."""

    value: float | None
    of: int
    left_out: int


@dataclass(frozen=True)
class Means:
    kernel: str
    isa: str | None
    threads: int
    means: list[Mean]  # of each column but the first


@dataclass(frozen=True)
class Table:
    columns: list[Column]
    rows: list[Row]
    means: list[Means]

    def comparisons(self, column: int) -> list[Comparison]:
        return [row.comparisons[column] for row in self.rows if row.comparisons[column]]

    @property
    def tested(self) -> int:
        return sum(c.p is not None for column in range(len(self.columns)) for c in self.comparisons(column))


def _identity(result: Result) -> dict[str, object]:
    workload = {f"workload.{name}": value for name, value in vars(result.workload).items()}
    return {"schema_version": result.schema_version} | workload | {"seed": result.seed}


def differences(results: list[Result]) -> list[str]:
    """What makes results incomparable, a line each."""
    base = _identity(results[0])
    return [
        f"{name} is {base[name]} in {results[0].path}, but {value} in {other.path}"
        for other in results[1:]
        for name, value in _identity(other).items()
        if value != base[name]
    ]


def columns(results: list[Result], isas: list[str]) -> list[Column]:
    """`isas`: one for all, or one of each result."""
    if len(results) > len(LETTERS):
        raise Incomparable(f"{len(results)} results are too many: at most {len(LETTERS)}")
    if len(isas) not in (1, len(results)):
        raise Incomparable(
            f"--isa names {len(isas)} instruction sets for {len(results)} results: give one, or one each"
        )
    if EACH in isas and len(isas) > 1:
        raise Incomparable(f"--isa {','.join(isas)}: '{EACH}' stands alone, for all results")
    isas = isas * len(results) if len(isas) == 1 else isas
    for result, isa in zip(results, isas, strict=True):
        known = [known.name for known in result.isas]
        if isa not in (EACH, BEST, *known):
            raise Incomparable(f"{result.path} has no instruction set '{isa}'; it has {', '.join(known)}")
    return [Column(*facts) for facts in zip(LETTERS, labels(results), results, isas, strict=False)]


def _fastest(cells: list[Cell]) -> Cell:
    """Noisy or not: if a noisy one gave way to another, a CPU would seem slower for the noise. It is flagged, and with
    it the comparison."""
    return min(cells, key=lambda cell: (cell.summary is None, cell.ns_per_element or 0))


def _chosen(column: Column, pattern: re.Pattern) -> dict[tuple[Task, str | None], Cell]:
    cells = [cell for cell in column.result.cells if pattern.search(cell.name)]
    if column.isa == EACH:
        return {(cell.task, cell.isa): cell for cell in cells}
    by_task = defaultdict(list)
    for cell in cells:
        if column.isa in (BEST, cell.isa):
            by_task[cell.task, None].append(cell)
    return {key: _fastest(of_task) for key, of_task in by_task.items()}


def _best(cells: list[Cell | None], comparisons: list[Comparison | None], margin: float) -> list[bool]:
    """Who is fastest, and who is within the margin of that; nobody where that is everyone."""
    times = [cell.ns_per_element if cell and cell.steady else None for cell in cells]
    if times[0]:  # as the ratios have it, which may be corrected for the clock
        times = [1.0 if i == 0 else c and times[i] and c.ratio for i, c in enumerate(comparisons)]
    known = [time for time in times if time]
    near = [bool(time) and time <= min(known) * (1 + margin) for time in times]
    return near if sum(near) < len(known) else [False] * len(cells)


def _mean(comparisons: list[Comparison]) -> Mean:
    ratios = [c.ratio for c in comparisons if c.ratio is not None and c.verdict != Verdict.NOISY]
    return Mean(statistics.geometric_mean(ratios), len(ratios), len(comparisons) - len(ratios))


def _means(rows: list[Row]) -> list[Means]:
    groups = defaultdict(list)
    for row in rows:
        groups[row.task.kernel, row.isa, row.task.threads].append(row.comparisons[1:])
        groups["all", row.isa, row.task.threads].append(row.comparisons[1:])
    kernels = [*dict.fromkeys(row.task.kernel for row in rows), "all"]
    isas = list(dict.fromkeys(row.isa for row in rows))
    ordered = sorted(groups.items(), key=lambda of: (kernels.index(of[0][0]), isas.index(of[0][1]), of[0][2]))
    return [
        Means(*key, [_mean([c for c in of_column if c]) for of_column in zip(*of_rows, strict=True)])
        for key, of_rows in ordered
    ]


def compare(
    chosen_columns: list[Column],
    margin: float = DEFAULT_MARGIN,
    drift: Drift = Drift.AUTO,
    pattern: re.Pattern = re.compile(""),
) -> Table:
    chosen = [_chosen(column, pattern) for column in chosen_columns]
    keys = list(dict.fromkeys(key for cells in chosen for key in cells))
    results = [column.result for column in chosen_columns]
    pairs, places = [], []
    for key in keys:
        for index in range(1, len(chosen)):
            base, other = chosen[0].get(key), chosen[index].get(key)
            if base and other:
                corrected = statistics.corrects(results[0], results[index], base, other, drift)
                pairs.append((base, other, corrected))
                places.append((key, index))
    if not pairs:
        raise Incomparable("no cell is in the first result and in another: check --filter and --isa")
    found = dict(zip(places, statistics.compare(pairs, margin), strict=True))
    rows = []
    for key in keys:
        cells = [of_column.get(key) for of_column in chosen]
        comparisons = [found.get((key, index)) for index in range(len(chosen))]
        rows.append(Row(*key, cells, comparisons, _best(cells, comparisons, margin)))
    return Table(chosen_columns, rows, _means(rows))
