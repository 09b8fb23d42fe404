# SPDX-License-Identifier: MIT
"""The page's table of all cells: every number that the charts draw, and every cell that they cannot."""

from .chart_data import case, digits, ratio, scalar_cells
from .labels import labels
from .markup import Field, table
from .model import Cell, Result, Task

NOTHING = Field("")
UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns"))
HEAD = ["ISA", "Threads", "Time", "Interval", "ns/output", "Gflop/s", "GB/s", "Share", "Binds", "Error", "× scalar"]
WORDS = ("ISA", "Binds")


def time(nanoseconds: float) -> str:
    factor, unit = next((known for known in UNITS if nanoseconds >= known[0]), UNITS[-1])
    return f"{digits(nanoseconds / factor)} {unit}"


def remarks(cell: Cell, complete: bool) -> Field:
    found = []
    if cell.failure is not None:
        found.append(f"✗ failed: {cell.failure}")
    elif cell.summary is None:
        found.append("○ not measured" if complete else "○ not measured: the run was interrupted")
    elif cell.summary.noisy:
        found.append("≈ noisy: wins nothing")
    if cell.isa_ran not in (None, cell.isa):
        found.append(f"ran {cell.isa_ran}")
    if cell.rows.count < cell.time:
        found.append(f"{cell.rows.count} of {cell.time} rows")
    return Field("; ".join(found))


def flag(cell: Cell) -> str:
    return "failed" if cell.failure is not None else "" if cell.steady else "unsteady"


def optional(value: float | None, form: str) -> Field:
    return NOTHING if value is None else Field(form.format(value), value)


def measured(cell: Cell) -> list[Field]:
    summary = cell.summary
    if summary is None:
        return [Field("✗ failed" if cell.failure is not None else "○ none"), *[NOTHING] * 6]
    below, above = (100 * (ratio(ns, summary.median_ns) or 1) - 100 for ns in (summary.low_ns, summary.high_ns))
    rates = [ratio(work, summary.median_ns) for work in (cell.work.flops, cell.work.bytes)]
    return [
        Field("≈ " * summary.noisy + time(summary.median_ns), summary.median_ns),
        Field(f"{below:+.1f} {above:+.1f} %".replace("-", "−"), above - below),
        Field(digits(cell.ns_per_element), cell.ns_per_element),
        *(optional(rate, "{:,.2f}") for rate in rates),
        Field(f"{summary.share:.1%}", summary.share),
        Field(summary.binds),
    ]


def fields(cell: Cell, result: Result, scalar: dict[Task, Cell]) -> list[Field]:
    speed = cell.speed_over(scalar.get(cell.task))
    return [
        Field(cell.isa),
        Field(str(cell.threads), cell.threads),
        *measured(cell),
        optional(cell.max_error_u, "{:.2f} u"),
        NOTHING if speed is None else Field(f"{digits(speed, 3)}×", speed),
        remarks(cell, result.complete),
    ]


def cell_table(results: list[Result]) -> str:
    several = len(results) > 1
    head = ["Kernel, shape", *(["CPU"] if several else []), *HEAD, "Remarks"]
    rows, flags = [], []
    for name, result in zip(labels(results), results, strict=True):
        scalar = scalar_cells(result)
        for cell in result.cells:
            rows.append((case(cell), [Field(name)] * several + fields(cell, result, scalar)))
            flags.append(flag(cell))
    numbers = [i for i, title in enumerate(head) if title in HEAD and title not in WORDS]
    return table("All cells", head, rows, numbers, "cells", flags)
