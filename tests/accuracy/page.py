# SPDX-License-Identifier: MIT
"""One self-contained HTML page of a run's results, for a browser without a network."""

import html
import math
import pathlib
import string

from common import whole_file

from accuracy import pictures
from accuracy.pictures import largest, number

HERE = pathlib.Path(__file__).parent
WORST_SHOWN = 12
AXES = ("batch", "head", "row", "channel")
CASE_HEAD = (
    "Kernel, regime",
    "Mean",
    "p99.9",
    "Max",
    "Baseline max",
    "ULP max",
    "Elements",
    "Checks of bits",
    "Output hash",
    "Status",
)


def count(n, noun):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def ran(results):
    return [isa for isa, state in results["isas"].items() if state.startswith("ran")]


def verdict(results):
    """Outcome (a class of page.css), word and sentence."""
    cases, failures = results["cases"], results["failures"]
    extent = f"{count(len(cases), 'case')} on {count(len(ran(results)), 'instruction set')}"
    if not failures:
        compared = any(case["baseline"] for case in cases)
        sentence = "nothing got worse" if compared else "within the ceilings; not compared with the baseline"
        return "passed", "✓ PASSED", f"{extent}: {sentence}."
    places = []
    if failed := [case for case in cases if case["failures"]]:
        places.append(f"{len(failed)} of {extent}")
    if results["exp"]["failures"]:
        places.append("the exponential")
    return "failed", "✗ FAILED", f"{count(len(failures), 'failure')}, in {' and '.join(places) or 'the run itself'}."


def remarks(results):
    """What a reader of the verdict alone must not miss."""
    skipped = [f"{isa}: {state}" for isa, state in results["isas"].items() if isa not in ran(results)]
    silent = sum(not case["informative"] for case in results["cases"])
    return ". ".join([*skipped, f"Not informative, so not counted: {silent} of {len(results['cases'])}."])


def facts(pairs):
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>\n" for name, value in pairs.items())
    return f"<dl>\n{rows}</dl>"


def machine(results):
    computer = results["machine"]
    pairs = {
        "CPU": f"{computer['cpu']}, {count(computer['cores'], 'core')}",
        "Compiler": computer["compiler"],
        "exp from": computer["exp_provider"],
        "Commit": results["commit"],
        "Date": results["date"],
        "Command": results["command"],
        "Seed": results["seed"],
        "Took": f"{results['seconds']:.0f} s",
    }
    return facts(pairs)


def failure_list(failures):
    if not failures:
        return ""
    items = "".join(f"<li>{html.escape(failure)}</li>\n" for failure in failures)
    return f'<section class="failures">\n<h2>Failures</h2>\n<ul>\n{items}</ul>\n</section>'


def picture(svg, description, caption, shape=""):
    return (
        f'<figure class="{shape}">\n<figcaption>{html.escape(caption)}</figcaption>\n'
        f'<div class="scroll" tabindex="0" role="img" aria-label="{html.escape(description)}">\n{svg}</div>\n</figure>'
    )


def shown(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return number(value) if isinstance(value, float | None) else str(value)


def cell(tag, attributes, value):
    return f"<{tag}{attributes}>{html.escape(shown(value))}</{tag}>"


def table(label, head, rows, classes=None):
    """The first cell of a row is its header; columns of numbers are set right."""
    align = [' class="number"' * any(isinstance(value, int | float) for value in column) for column in zip(*rows)]
    header = "".join(cell("th", ' scope="col"' + right, name) for name, right in zip(head, align))
    body = ""
    for (name, *values), row_class in zip(rows, classes or [""] * len(rows)):
        line = cell("th", ' scope="row"', name) + "".join(cell("td", right, v) for right, v in zip(align[1:], values))
        body += f'<tr class="{row_class}">{line}</tr>\n'
    return (
        f'<div class="scroll table" tabindex="0" role="region" aria-label="{html.escape(label)}">\n'
        f"<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>"
    )


def status(case):
    outcome = "✗ failed" if case["failures"] else "ok"
    return outcome if case["informative"] else f"{outcome}, not informative: {case['why_not']}"


def row_class(case):
    return "failed" if case["failures"] else "" if case["informative"] else "uninformative"


def case_table(cases):
    rows = [
        (
            f"{case['kernel']}, {case['regime']}",
            largest(case, "mean"),
            largest(case, "p999"),
            largest(case, "max"),
            case["baseline"]["max"] if case["baseline"] else "new",
            largest(case, "ulp_max"),
            case["elements"],
            sum(figures["checks"] for figures in case["isas"].values()),
            case["output_sha256"][:12] if case["agree"] else "differs",
            status(case),
        )
        for case in cases
    ]
    return table("All cases", CASE_HEAD, rows, [row_class(case) for case in cases])


def worst_table(cases):
    """The cases' worst elements, the largest errors first and NaN before them."""
    elements = [(f"{case['kernel']}, {case['regime']}", case["worst"]) for case in cases if case["worst"]]
    elements.sort(key=lambda named: math.inf if math.isnan(named[1]["error"]) else named[1]["error"], reverse=True)
    rows = [
        (name, worst["error"], worst["isa"], worst["problem"], ", ".join(str(worst[axis]) for axis in AXES))
        for name, worst in elements[:WORST_SHOWN]
    ]
    return table("Worst elements", ("Kernel, regime", "Error", "ISA", "Problem", ", ".join(AXES).capitalize()), rows)


def exact(value):
    """Nine digits: inputs are among the figures, and that many name a float."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {exact(part)}" for name, part in value.items())
    return f"{value:.9g}" if isinstance(value, float) else value


def exp_table(exp):
    isas = exp["isas"]
    names = dict.fromkeys(name for figures in isas.values() for name in figures)
    rows = [(name.replace("_", " "), *(exact(figures.get(name)) for figures in isas.values())) for name in names]
    return f"<p>{html.escape(exp['scope'].capitalize())}.</p>\n" + table("The exponential", ("Figure", *isas), rows)


def agreement(cases):
    """Whether the instruction sets agree, in words."""
    differing = sum(not case["agree"] for case in cases)
    if not differing:
        return "Every case has the same output, to the last bit, on every instruction set that ran it."
    return f"Cases whose output differs between instruction sets: {differing} of {len(cases)} (“differs” in the table)."


def exceptions(cases, ceilings):
    """The regimes with a ceiling of their own, in words."""
    own = {case["regime"]: case["ceilings"]["mean"] for case in cases if case["ceilings"] != ceilings}
    return f" ({', '.join(f'{html.escape(regime)}: {mean:g} u' for regime, mean in own.items())})" if own else ""


def render(results):
    cases, ceilings, isas = results["cases"], results["ceilings"], ran(results)
    outcome, word, sentence = verdict(results)
    lengths = any(case["regime"] in pictures.NORMAL_DATA for case in cases)
    return string.Template((HERE / "page.html").read_text("utf-8")).substitute(
        css=(HERE / "page.css").read_text("utf-8"),
        outcome=outcome,
        verdict=word,
        sentence=html.escape(sentence),
        remarks=html.escape(remarks(results)),
        machine=machine(results),
        isas=facts(results["isas"]),
        failures=failure_list(results["failures"]),
        heat_map=picture(
            pictures.heat_map(cases, ceilings["max"]),
            "Heat map of the largest error, a column for each kernel and a row for each regime. "
            "The table of all cases has the same numbers.",
            "In units u, over the instruction sets. Hatched: not informative. Framed and bold: failed. "
            "Empty: the regime has no meaning for the kernel.",
        ),
        histograms=picture(
            pictures.histograms(cases, isas, results["histogram_edges"], ceilings["max"]),
            "Histograms of the error, a row for each kernel and a column for each instruction set.",
            "Elements of the informative cases, on log scales; the first bin begins at 0, the last one has no end. "
            + agreement(cases),
            "wide",
        ),
        error_by_length=picture(
            pictures.error_by_length(cases, ceilings),
            "Line charts of the largest and the mean error against the number of keys, a panel for each kernel.",
            ("" if lengths else "Not in this run: it has none of the regimes for this picture. ")
            + f"On normal data. Solid: the largest error, with its ceiling at {ceilings['max']}. "
            f"Dashed: the mean of one size; the ceiling at {ceilings['mean']:g} is that of a case's mean.",
        ),
        cases=case_table(cases),
        worst=worst_table(cases),
        exp=exp_table(results["exp"]),
        max_ceiling=ceilings["max"],
        mean_ceiling=ceilings["mean"],
        exceptions=exceptions(cases, ceilings),
    )


def write_page(results: dict, path: pathlib.Path) -> None:
    """Draws the page, then writes it."""
    whole_file.write(path, render(results))
