# SPDX-License-Identifier: MIT
"""How numbers are written, in terminals and in Markdown."""

from .model import Cell

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def rate(value: float, unit: str) -> str:
    """As 12.3 Gflop/s."""
    factor, prefix = next(((f, p) for f, p in PREFIXES if value >= f), (1, ""))
    return f"{value / factor:.3g} {prefix}{unit}" if value < 1000 * factor else f"{value / factor:.0f} {prefix}{unit}"


def nanoseconds(value: float) -> str:
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def marks(cell: Cell) -> str:
    return "*" * (cell.rows.count < cell.time) + "~" * bool(cell.summary and cell.summary.noisy)


def time(cell: Cell | None) -> str:
    """Nanoseconds of an output, or why there are none."""
    if cell is None:
        return "missing"
    if cell.failure:
        return "FAILED"
    return nanoseconds(cell.ns_per_element) + marks(cell) if cell.summary else "not measured"


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def markdown_table(heads: list[str], rows: list[list[str]], left: int = 1) -> str:
    """The first `left` columns flush left, the others right."""

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    aligned = ["---" if index < left else "---:" for index in range(len(heads))]
    return "\n".join([line(heads), "|" + "|".join(aligned) + "|", *map(line, rows)]) + "\n"
