# SPDX-License-Identifier: MIT
"""One self-contained HTML page of one or several results, for a browser without a network."""

import base64
import functools
import hashlib
import pathlib
import string

import vl_convert

from . import charts, facts, keys, ratios
from .cell_table import cell_table
from .chart_data import guides, points, span
from .comparison import Table
from .labels import cpu_label, labels
from .markup import Field, escape, filtered, fold, json_of, table
from .model import Result
from .roofs import roofs
from .verdict import count, remarks, verdict

LABEL_ROOM = 5  # at the left of the roofline, for the names of the roofs
WEB = pathlib.Path(__file__).parent / "web"
STYLES = ("colours", "text", "controls", "charts", "tables", "print")


def read(name: str) -> str:
    return (WEB / name).read_text("utf-8")


def title(results: list[Result]) -> str:
    cpus = {cpu_label(result.cpu) for result in results}
    if len(cpus) > 1:
        return f"libaft on {len(cpus)} CPUs"
    return f"libaft on {cpus.pop()}" + (f", {len(results)} results" if len(results) > 1 else "")


def date(result: Result) -> str:
    return result.created[:16].replace("T", " ") + " UTC"


def head(name: str, result: Result, several: bool) -> str:
    """Of one result: what it is, and whether to trust it."""
    found = verdict(result)
    commit = f"commit {result.libaft.commit or 'not known'}"
    what = f"libaft {result.libaft.version}, {commit}{' + changes' * bool(result.libaft.dirty)} · {date(result)}"
    notes = " ".join(remarks(result))
    return (
        f'<div class="verdict {found.outcome}">\n'
        + f"<h2>{escape(name)}</h2>\n" * several
        + f"<p><strong>{found.word}</strong> {escape(found.sentence)}</p>\n"
        + f"<p>{escape(notes)}</p>\n" * bool(notes)
        + f'<p class="about">{escape(facts.headline(result))}<br>{escape(what)}</p>\n</div>'
    )


def fact_rows(results: list[Result]) -> list[tuple[str, list[Field]]]:
    rows = []
    for part, known in facts.FACTS.items():
        for name, path, write in known:
            told = [facts.told(result, path, write) for result in results]
            rows.append((f"{part}: {name}", [Field(text, flag="" if known else "unknown") for text, known in told]))
    for path in facts.other_reasons(results):
        reasons = [result.unreadable.get(path, "") for result in results]
        rows.append((path, [Field(f"not readable: {reason}" * bool(reason), flag="unknown") for reason in reasons]))
    return rows


def fact_tables(results: list[Result]) -> str:
    names = labels(results)
    rows = fact_rows(results)
    unknown = count(sum(field.flag == "unknown" for _, fields in rows for field in fields), "fact")
    found = [fold(f"All facts ({unknown} not readable)", table("Facts", ["Fact", *names], rows))]
    for name, result in zip(names, results, strict=True):
        flags = [(flags, [Field(", ".join(files))]) for flags, files in facts.flags(result).items()]
        summary = "Compiler flags" + f": {name}" * (len(results) > 1)
        found.append(
            fold(f"{summary} ({count(len(result.build.files), 'file')})", table(summary, ["Flags", "Files"], flags))
        )
    return "\n".join(found)


def failures(results: list[Result]) -> str:
    several = len(results) > 1
    items = "".join(
        f"<li>{escape(f'{name}: ' * several)}<code>{escape(cell.name)}</code>: {escape(cell.failure)}</li>\n"
        for name, result in zip(labels(results), results, strict=True)
        for cell in result.cells
        if cell.failure is not None
    )
    return f'\n<section class="failures">\n<h2>Failures</h2>\n<ul>\n{items}</ul>\n</section>\n' if items else ""


def left_out(results: list[Result]) -> str:
    timed = [cell for result in results for cell in result.cells if cell.summary]
    sliced = sum(cell.rows.count < cell.time for cell in timed)
    return f"{count(sliced, 'cell')} left out: timed on fewer rows." if sliced else "All were timed on whole sequences."


def legend(results: list[Result]) -> str:
    settings = results[0].settings
    confidence = min((cell.summary.confidence for r in results for cell in r.cells if cell.summary), default=None)
    interval = "" if confidence is None else f" with {confidence:.0%} confidence or more"
    repeated = "".join(
        f"<li>{escape(name)}: <code>{escape(facts.command(result.command))}</code> at commit "
        f"<code>{escape(result.libaft.commit or 'not known')}</code></li>\n"
        for name, result in zip(labels(results), results, strict=True)
    )
    return string.Template(read("legend.html")).substitute(
        processes=settings.processes, repetitions=settings.repetitions, interval=interval, repeated=repeated
    )


def options(names: list[str]) -> str:
    return "".join(f"<option>{escape(name)}</option>" for name in names)


def channel_options(results: list[Result]) -> str:
    sizes = sorted({cell.channels for result in results for cell in result.cells})
    return '<option value="0">all</option>' + options(list(map(str, sizes)))


@functools.cache
def library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script; a block of its own, so that its names stay its own."""
    bundle = vl_convert.javascript_bundle()
    if "</script" in bundle.lower():
        raise RuntimeError(
            "vl-convert's bundle has a </script, which would end the page's script: take another version"
        )
    return f"{{{bundle}}}"


def policy(*scripts: str) -> str:
    """Nothing is loaded, and no script runs but these: Vega compiles its expressions, hence the eval."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {hashes} 'unsafe-eval'"


def chart_json(results: list[Result], tables: list[Table]) -> str:
    cells = points(results)
    left, right = span((cell["intensity"] for cell in cells), LABEL_ROOM, 2)
    drawn = {
        "roofline": charts.roofline([left, right]),
        "shares": charts.shares(max((cell["share"] for cell in cells), default=1)),
        "times": charts.times(),
        "isas": charts.isas(),
        "ratios": charts.ratios(),
    }
    data = {"cells": cells, "roofs": roofs(results, left, right), "guides": guides(cells)}
    return json_of({"charts": drawn, "datasets": data | {"ratios": ratios.chart_rows(tables)}})


def render(results: list[Result], tables: list[Table] | None = None) -> str:
    """`tables`: comparisons of the results, shown beside one another; where none are given, those of the defaults."""
    names = labels(results)
    if tables is None:
        tables = ratios.compare(results) if len(results) > 1 else []
    script = read("page.js")
    return string.Template(read("page.html")).substitute(
        title=escape(title(results)),
        policy=policy(library(), script),
        css="".join(read(f"{name}.css") for name in STYLES),
        heads="\n".join(head(name, result, len(results) > 1) for name, result in zip(names, results, strict=True)),
        facts=fact_tables(results),
        failures=failures(results),
        result_options=options(names),
        result_hidden=" hidden" * (len(results) == 1),
        channels_options=channel_options(results),
        left_out=left_out(results),
        kernel_key=keys.kernel_key(),
        form_key=keys.form_key(),
        isa_key=keys.isa_key([isa.name for result in results for isa in result.isas]),
        comparison=ratios.section(results, tables),
        cells=filtered("cells", "full avx2 noisy", cell_table(results)),
        legend=legend(results),
        data=chart_json(results, tables),
        library=library(),
        script=script,
    )
