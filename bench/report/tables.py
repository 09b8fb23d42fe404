# SPDX-License-Identifier: MIT
"""One result as CSV and as Markdown."""

import csv
import io
import statistics
from dataclasses import asdict

from .labels import cpu_label
from .model import Cell, Result, Task
from .text import markdown_table, marks, nanoseconds, percent, rate

LEGEND = """`ns` of an output: median of the processes' medians, with its confidence interval. `share`: of the ceiling
that binds. `error`: largest against float64, in u = 2^-24 * sigmoid(q) * sum p|v|. `speed`: against scalar code, where
that was timed on the same rows. `~`: too noisy to win. `*`: timed on fewer rows.
"""


def _cell_row(cell: Cell) -> dict[str, object]:
    measured = cell.summary
    return {
        "name": cell.name,
        "kernel": cell.kernel,
        "form": cell.form,
        "causal": cell.causal,
        "batch": cell.batch,
        "time": cell.time,
        "channels": cell.channels,
        "window": cell.window,
        "isa": cell.isa,
        "isa_ran": cell.isa_ran,
        "threads": cell.threads,
        "first_row": cell.rows.first,
        "rows": cell.rows.count,
        **asdict(cell.work),
        "clock": cell.clock,
        "processes": len(set(cell.process)),
        "samples": len(cell.samples_ns),
        "ns_per_element": cell.ns_per_element,
        "median_ns": measured and measured.median_ns,
        "low_ns": measured and measured.low_ns,
        "high_ns": measured and measured.high_ns,
        "confidence": measured and measured.confidence,
        "noisy": measured and measured.noisy,
        "binds": measured and measured.binds,
        "share": measured and measured.share,
        "max_error_u": cell.max_error_u,
        "failure": cell.failure,
    }


def csv_text(rows: list[dict[str, object]]) -> str:
    """As RFC 4180 has it; null is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def to_csv(result: Result) -> str:
    """A row for each cell, which says of what machine and commit it is: files of several machines can be joined."""
    of_run = {"cpu": result.cpu.model, "created": result.created, "commit": result.libaft.commit}
    return csv_text([of_run | _cell_row(cell) for cell in result.cells])


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_fact, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={_fact(inner)}" for name, inner in value.items())
    return "none" if value is None else str(value)


def _machine(result: Result) -> str:
    """Every fact, or the reason why it is not known."""
    rows = []
    for part in ("cpu", "topology", "clock", "system", "libaft", "settings", "workload"):
        for name, value in asdict(getattr(result, part)).items():
            path = f"{part}.{name}"
            unknown = f"unknown: {result.unreadable[path]}" if path in result.unreadable else None
            rows.append([path, unknown or _fact(value)])
    rows += [["build.compiler", result.build.compiler], ["build.type", result.build.type], ["seed", str(result.seed)]]
    rows += [[f"isas.{isa.name}", isa.skipped or f"ran, exp of {isa.exp or 'none'}"] for isa in result.isas]
    return markdown_table(["fact", "value"], rows, left=2)


def _ceilings(result: Result) -> str:
    names = list(dict.fromkeys(ceiling.name for ceiling in result.ceilings))
    rates: dict[tuple[str, int], dict[str, str]] = {}
    for ceiling in result.ceilings:
        if ceiling.samples:
            text = rate(statistics.median(ceiling.samples), ceiling.unit)
            rates.setdefault((ceiling.isa, ceiling.threads), {})[ceiling.name] = text
    rows = [[isa, str(threads), *(of.get(name, "") for name in names)] for (isa, threads), of in rates.items()]
    return markdown_table(["isa", "threads", *names], rows)


def _cell_line(cell: Cell, scalar: Cell | None) -> list[str]:
    error = "" if cell.max_error_u is None else f"{cell.max_error_u:.2f} u"
    head = [cell.task.shape, cell.isa, str(cell.threads)]
    if cell.failure or not cell.summary:
        return [*head, f"FAILED: {cell.failure}" if cell.failure else "not measured", "", "", "", error, ""]
    low, high = (nanoseconds(ns / cell.work.elements) for ns in (cell.summary.low_ns, cell.summary.high_ns))
    speed = cell.speed_over(scalar)
    ns, share = nanoseconds(cell.ns_per_element) + marks(cell), percent(cell.summary.share)
    return [*head, ns, f"{low} to {high}", share, cell.summary.binds, error, "" if speed is None else f"{speed:.1f}x"]


def to_markdown(result: Result) -> str:
    scalars: dict[Task, Cell] = {cell.task: cell for cell in result.cells if cell.isa == "scalar"}
    parts = [f"# libaft on {cpu_label(result.cpu)}, {result.created}\n"]
    if not result.complete:
        parts.append("**The run was interrupted: cells have fewer samples than asked for, or none.**\n")
    parts += ["## Machine\n", _machine(result), "## Ceilings\n", _ceilings(result), LEGEND]
    for kernel in dict.fromkeys(cell.task.kernel for cell in result.cells):
        cells = [cell for cell in result.cells if cell.task.kernel == kernel]
        heads = ["shape", "isa", "threads", "ns", "interval", "share", "binds", "error", "speed"]
        rows = [_cell_line(cell, scalars.get(cell.task)) for cell in cells]
        parts += [f"## {kernel}\n", markdown_table(heads, rows, left=2)]
    return "\n".join(parts)
