# SPDX-License-Identifier: MIT
"""CPU against CPU on the page: each result's times over the first one's."""

from . import comparison, keys, sheet
from .chart_data import Row, digits
from .chart_style import CPU_HUES, CPU_SHAPES
from .comparison import Mean, Table
from .markup import Field, escape, filtered, fold, table
from .model import Cell, Result
from .options import BEST, DEFAULT_MARGIN, EACH
from .statistics import Comparison, Verdict

CHOSEN = "as chosen"  # where each CPU's instruction set was named
WORDS = {Verdict.ALIKE: "alike", Verdict.TOO_FEW: "too few processes"}
RATIOS_WRITTEN = 2  # in a row of the chart: a phone has no room for more


def compare(results: list[Result], margin: float = DEFAULT_MARGIN, **options: object) -> list[Table]:
    """What the page shows: the best of each CPU, which need not have instruction sets in common, and like with like."""
    return [comparison.compare(comparison.columns(results, [isa]), margin, **options) for isa in (BEST, EACH)]


def which(compared: Table, isa: str | None) -> str:
    return isa or (BEST if all(column.isa == BEST for column in compared.columns) else CHOSEN)


def verdict(found: Comparison) -> str:
    return WORDS.get(found.verdict, found.verdict.value)


def case(row: comparison.Row) -> str:
    return f"{row.task.kernel} · {row.task.shape}"


def chart_rows(tables: list[Table]) -> list[Row]:
    order: dict[str, int] = {}
    rows = []
    for compared in tables:
        for row in compared.rows:
            about = {"which": which(compared, row.isa), "case": case(row), "threads": row.task.threads}
            rows += points(about | {"order": order.setdefault(case(row), len(order))}, compared, row)
    return rows


def points(about: Row, compared: Table, row: comparison.Row) -> list[Row]:
    found = []
    for index, (column, cell, of) in enumerate(zip(compared.columns, row.cells, row.comparisons, strict=True)):
        if of and of.ratio:
            low, high = of.interval or (of.ratio, of.ratio)
            marks = {"hue": str(index % len(CPU_HUES)), "shape": str(index % len(CPU_SHAPES))}
            told = {"verdict": verdict(of), "noisy": not of.significant}
            timing = {"ratio": of.ratio, "low": low, "high": high}
            found.append(about | marks | timing | told | {"cpu": column.label, "isa": cell.isa, "kernel": cell.kernel})
    if found and len(compared.columns) <= RATIOS_WRITTEN + 1:
        found[-1]["ratios"] = "\u2002".join(f"{digits(point['ratio'], 3)}×" for point in found)
    return found


def mean_fields(mean: Mean) -> list[Field]:
    cells = f"{mean.of}" + f", {mean.left_out} left out" * bool(mean.left_out)
    return [Field("") if mean.value is None else Field(f"{digits(mean.value, 3)}×", mean.value), Field(cells, mean.of)]


def means(tables: list[Table]) -> str:
    head = ["Kernel", "ISA", "Threads"]
    for column in tables[0].columns[1:]:
        head += [f"{column.heading}: {column.label}", "Cells"]
    rows = [
        (
            of.kernel,
            [Field(which(compared, of.isa)), Field(str(of.threads), of.threads)]
            + [field for mean in of.means for field in mean_fields(mean)],
        )
        for compared in tables
        for of in compared.means
    ]
    return table("Geometric means of the ratios", head, rows, range(2, len(head)), "means")


def cell_field(cell: Cell | None, best: bool) -> Field:
    if cell is None:
        return Field("missing")
    if cell.failure is not None:
        return Field("✗ failed")
    if cell.summary is None:
        return Field("not measured")
    return Field(f"{'★ ' * best}{digits(cell.ns_per_element)}{' ≈' * cell.summary.noisy}", cell.ns_per_element)


def row_fields(compared: Table, row: comparison.Row) -> list[Field]:
    fields = [Field(which(compared, row.isa)), Field(str(row.task.threads), row.task.threads)]
    for index, (cell, of) in enumerate(zip(row.cells, row.comparisons, strict=True)):
        fields += [cell_field(cell, row.best[index]), Field(cell.isa if cell else "")]
        if index:
            known = of and of.ratio
            interval = "–".join(digits(bound, 3) for bound in of.interval) if known and of.interval else ""
            fields += [Field(f"{digits(of.ratio, 3)}×", of.ratio) if known else Field(""), Field(interval)]
            fields += [Field(verdict(of) if of else "")]
    return fields


def every(tables: list[Table]) -> str:
    head, numbers = ["Kernel, shape", "ISA", "Threads"], [2]
    for index, column in enumerate(tables[0].columns):
        numbers += [len(head)] + ([len(head) + 2, len(head) + 3] if index else [])
        head += [f"{column.letter} ns/output", f"{column.letter} ISA"]
        head += [f"{column.letter}/A", "Interval", "Verdict"] if index else []
    rows = [(case(row), row_fields(compared, row)) for compared in tables for row in compared.rows]
    return filtered("ratio-rows", "full best slower", table("Every comparison", head, rows, numbers, "ratio-rows"))


def cautions(results: list[Result]) -> str:
    items = "".join(f"<li>{escape(line)}</li>\n" for line in comparison.differences(results))
    return f"<p>Not the same was measured:</p>\n<ul>\n{items}</ul>\n" if items else ""


def verdicts(tables: list[Table]) -> str:
    """How many of each, and what keeps them from being more."""
    items = ""
    for compared in tables:
        name = which(compared, compared.rows[0].isa) if compared.rows[0].isa is None else "each instruction set"
        lines = sheet.summaries(compared) + sheet.notes(compared)
        items += "".join(f"<li>{escape(f'{name}: {line}')}</li>\n" for line in lines)
    return f'<ul class="notes">\n{items}</ul>\n'


def key(tables: list[Table]) -> str:
    hues, shapes = list(CPU_HUES.values()), list(CPU_SHAPES.values())
    marks = {
        f"{column.letter} {column.label}": keys.mark(shapes[i % len(shapes)], hues[i % len(hues)])
        for i, column in enumerate(tables[0].columns)
        if i
    }
    return keys.key(marks | {"hollow: no significant difference": keys.mark("circle", hollow=True)})


def values(tables: list[Table]) -> str:
    names = dict.fromkeys(which(compared, row.isa) for compared in tables for row in compared.rows)
    words = {BEST: "best of each CPU"}
    return "".join(f'<option value="{escape(n)}">{escape(words.get(n, n))}</option>' for n in names)


def chart(tables: list[Table]) -> str:
    base = tables[0].columns[0].label
    return f"""<figure id="ratios" class="live-only">
<figcaption>
<h3>Times over those of A, {escape(base)}</h3>
<p>Left of 1× is faster than A. Lines are intervals of the ratio. Differences count beyond a margin of
{DEFAULT_MARGIN:.0%} (or what --margin said), by a rank test over the processes, corrected for many comparisons.</p>
<p><label>Instruction set <select id="which">{values(tables)}</select></label></p>
{key(tables)}
</figcaption>
<div class="chart"></div>
<p class="empty" hidden>The results have no cell of this choice in common: see the threads above.</p>
</figure>
"""


def section(results: list[Result], tables: list[Table]) -> str:
    if not tables:
        return "<p>This is one result. <code>scripts/compare A B</code> lays any number side by side.</p>"
    legend = "<p>★ fastest, or within the margin of it; ≈ too noisy to win.</p>"
    return (
        cautions(results)
        + chart(tables)
        + f"<h3>Geometric means of the ratios</h3>\n{means(tables)}\n{verdicts(tables)}"
        + fold("Every comparison", legend + every(tables))
    )
