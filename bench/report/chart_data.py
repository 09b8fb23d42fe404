# SPDX-License-Identifier: MIT
"""What the page's charts draw: flat rows, one for each timed cell, of one or several results."""

from collections.abc import Iterable

from .labels import labels
from .model import Cell, Result, Task

GUIDE_ABOVE = 2.2  # times the run that it is held against
GUIDE_SHARE = 1 / 8  # of the longest T, where a guide begins

Row = dict[str, str | int | float | bool | None]


def case(cell: Cell) -> str:
    """Kernel and shape: what cells of several instruction sets and CPUs have in common."""
    return f"{cell.task.kernel} · {cell.task.shape}"


def form(cell: Cell) -> str:
    return " ".join(["prepared"] * (cell.form == "prepared") + ["causal"] * cell.causal) or "plain"


def digits(value: float, significant: int = 4) -> str:
    """So many at least, and no exponent."""
    decimals = significant - len(str(int(value))) if value >= 1 else significant - 1
    return f"{value:,.{max(0, decimals)}f}"


def ratio(above: float | None, below: float | None) -> float | None:
    """Null where a logarithmic axis has no place for it."""
    return above / below if above and below else None


def sequence_seconds(cell: Cell) -> float | None:
    """Of one whole sequence and channel. Null for a slice, whose rows carry more of what the keys cost."""
    if cell.rows.count < cell.time:
        return None
    return cell.summary.median_ns * 1e-9 / (cell.batch * cell.channels)


def scalar_cells(result: Result) -> dict[Task, Cell]:
    return {cell.task: cell for cell in result.cells if cell.isa == "scalar"}


def point(cell: Cell, result: str, order: int, scalar: dict[Task, Cell]) -> Row:
    summary = cell.summary
    return {
        "result": result,
        "order": order,
        "case": case(cell),
        "isa": cell.isa,
        "threads": cell.threads,
        "kernel": cell.kernel,
        "form": form(cell),
        "time": cell.time,
        "channels": cell.channels,
        "series": f"{cell.task.kernel} s={cell.window}",
        "rows": "all" if cell.rows.count == cell.time else f"{cell.rows.count} of {cell.time}",
        "ns": summary.median_ns,
        "low": summary.low_ns,
        "high": summary.high_ns,
        "noisy": summary.noisy,
        "spread": "noisy" if summary.noisy else "steady",
        "binds": summary.binds,
        "share": summary.share,
        "share_low": (ratio(summary.median_ns, summary.high_ns) or 1) * summary.share,
        "share_high": (ratio(summary.median_ns, summary.low_ns) or 1) * summary.share,
        "error": cell.max_error_u,
        "intensity": ratio(cell.work.flops, cell.work.bytes),
        "rate": ratio(1e9 * cell.work.flops, summary.median_ns),
        "sequence": sequence_seconds(cell) or None,
        "speed": cell.speed_over(scalar.get(cell.task)),
    }


def points(results: list[Result]) -> list[Row]:
    """Every timed cell. Rows of one case have one place in the order, whatever the result."""
    order: dict[str, int] = {}
    rows = []
    for name, result in zip(labels(results), results, strict=True):
        scalar = scalar_cells(result)
        timed = [cell for cell in result.cells if cell.summary]
        rows += [point(cell, name, order.setdefault(case(cell), len(order)), scalar) for cell in timed]
    write_speeds(rows)
    return rows


def write_speeds(rows: list[Row]) -> None:
    """The speeds of all instruction sets as one text, which one of their rows carries."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        if row["speed"] and row["isa"] != "scalar":
            groups.setdefault((row["result"], row["case"], row["threads"]), []).append(row)
    for group in groups.values():
        group[-1]["speeds"] = "\u2002".join(f"{digits(row['speed'], 3)}×" for row in group)


def span(values: Iterable[float | None], below: float, above: float) -> list[float]:
    """A domain for a logarithmic axis, with room at its ends."""
    known = [value for value in values if value]
    return [min(known) / below, max(known) * above] if known else [1, 10]


def guides(rows: list[Row]) -> list[Row]:
    """Short lines of slope T and T², above the longest plain run of local and of full."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        if row["kernel"] in ("full", "local") and row["form"] == "plain" and row["sequence"]:
            groups.setdefault((row["result"], row["isa"], row["threads"], row["kernel"]), []).append(row)
    return [end for group in groups.values() for end in guide(group)]


def guide(group: list[Row]) -> list[Row]:
    last = max(group, key=lambda row: row["time"])
    power, text = (2, "∝ T²") if last["kernel"] == "full" else (1, "∝ T")
    about = {name: last[name] for name in ("result", "isa", "threads", "kernel")}
    return [
        about
        | {"time": share * last["time"], "sequence": GUIDE_ABOVE * last["sequence"] * share**power, "label": label}
        for share, label in ((GUIDE_SHARE, ""), (1, text))
    ]
