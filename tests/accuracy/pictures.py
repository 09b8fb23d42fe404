# SPDX-License-Identifier: MIT
"""The pictures of the accuracy page: SVG whose text is text and whose colours are variables of page.css."""

import functools
import io
import math
import re

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator, StrMethodFormatter

# These stand for variables of the style sheet, so that one drawing serves a light and a dark page.
INK, FAINT, PAPER, ACCENT, WARNING = COLOURS = ("#010101", "#020202", "#030303", "#040404", "#050505")
VARIABLES = dict(zip(COLOURS, ("var(--ink)", "var(--faint)", "var(--paper)", "var(--accent)", "var(--warning)")))

STYLE = {
    "font.size": 10,
    "axes.titlesize": "medium",
    "figure.labelsize": "medium",
    "text.parse_math": False,  # a name may hold a $
    "svg.fonttype": "none",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.color": FAINT,
}

ERROR_RANGE = (0.1, 100)  # of the heat map's colours: fixed, so that pages of different runs compare
LENGTHS = (1, 65536)  # T is drawn from here to here, or further
NORMAL_DATA = {"normal", "sizes", "T=16384"}  # the regimes whose errors tell of the length alone


def picture(draw):
    """Makes a function that returns a Figure return SVG without sizes or addresses, to stand in HTML."""

    @functools.wraps(draw)
    def drawn(*arguments):
        text = io.StringIO()
        # The salt makes the same ids of the same results, and others in another picture of the page.
        with matplotlib.rc_context(STYLE | {"svg.hashsalt": draw.__name__}):
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            draw(*arguments).savefig(text, format="svg", metadata=nothing)
        svg = text.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
        svg = re.sub(r' (xmlns|xmlns:xlink|version)="[^"]*"', "", svg)
        svg = re.sub(r'<svg width="[^"]*" height="[^"]*"', "<svg", svg)
        svg = re.sub(r'<g id="[^"]*"', "<g", svg)
        return re.sub("|".join(COLOURS), lambda colour: VARIABLES[colour[0]], svg)

    return drawn


def number(value):
    """Three digits, two of a large value; a dash for none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(float(value)).replace("nan", "NaN").replace("inf", "∞")
    digits = f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:.1e}"
    return re.sub(r"e([+-])0*", lambda sign: "e" + sign[1].strip("+"), digits)


def largest(case, measure):
    """Of one case, over the instruction sets; NaN if any is, None if none ran it."""
    values = [figures[measure] for figures in case["isas"].values()]
    return float(np.max(values)) if values else None


def distinct(cases, key):
    return list(dict.fromkeys(case[key] for case in cases))


@picture
def heat_map(cases, ceiling):
    """Kernel x regime, coloured by the largest error."""
    kernels, regimes = distinct(cases, "kernel"), distinct(cases, "regime")
    figure = Figure(figsize=(5, 1.2 + 0.25 * len(regimes)), layout="constrained")
    axes = figure.subplots()
    colours = ScalarMappable(LogNorm(*ERROR_RANGE), "viridis")
    for case in cases:
        x, y = kernels.index(case["kernel"]), regimes.index(case["regime"])
        error = largest(case, "max")
        face, ink = PAPER, INK
        if case["informative"] and error is not None and not math.isnan(error):
            face = colours.to_rgba(max(error, ERROR_RANGE[0]))  # a log scale has no place for 0
            luminance = np.dot(np.power(face[:3], 2.2), (0.21, 0.72, 0.07))
            ink = "white" if luminance < 0.18 else "black"
        hatch = None if case["informative"] else "////"
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor=PAPER, hatch=hatch))
        if case["failures"]:
            axes.add_patch(Rectangle((x + 0.04, y + 0.07), 0.92, 0.86, fill=False, edgecolor=WARNING, linewidth=2.5))
        weight = "bold" if case["failures"] else "normal"
        axes.text(x + 0.5, y + 0.5, number(error), ha="center", va="center_baseline", color=ink, weight=weight)
    axes.set(xlim=(0, len(kernels)), ylim=(len(regimes), 0))
    axes.set_xticks(np.arange(len(kernels)) + 0.5, [name.replace(" ", "\n") for name in kernels])
    axes.set_yticks(np.arange(len(regimes)) + 0.5, regimes)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(colours, ax=axes, location="bottom", aspect=40, pad=0.02, extend="both")
    bar.set_ticks([0.1, 1, 10, ceiling, 100], labels=["0.1", "1", "10", f"ceiling\n{ceiling}", "100"])
    bar.ax.axvline(ceiling, color=WARNING, linewidth=3)
    bar.set_label("largest error, u")
    bar.outline.set_visible(False)
    return figure


def pooled(cases, kernel, isa, edges):
    """The histogram, mean, 99.9th percentile (to a bin) and maximum of a kernel's informative cases on one ISA."""
    chosen = [c["isas"][isa] for c in cases if c["kernel"] == kernel and c["informative"] and isa in c["isas"]]
    histograms = np.array([figures["histogram"] for figures in chosen])
    counts = histograms.sum(axis=0)
    if not counts.any():
        return None
    mean = np.average([figures["mean"] for figures in chosen], weights=histograms.sum(axis=1))
    upper = np.append(edges[1:], np.inf)
    p999 = upper[np.searchsorted(counts.cumsum(), 0.999 * counts.sum())]
    return counts, mean, p999, np.max([figures["max"] for figures in chosen])


MARKS = {"mean": ":", "p99.9": "--", "max": "-"}


@picture
def histograms(cases, isas, edges, ceiling):
    """A row for each kernel, a column for each instruction set."""
    kernels = distinct(cases, "kernel")
    width, height = 2.3 * len(isas) + 0.7, 1.05 * len(kernels) + 0.9
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(len(kernels), len(isas), sharex=True, sharey=True, squeeze=False)
    # The first bin begins at 0 and the last one has no end: on a log axis both are drawn an octave wide.
    bins = np.array([edges[1] / 2, *edges[1:], edges[-1] * 2])
    for isa, axes in zip(isas, grid[0]):
        axes.set_title(f"{isa}, {sum(case['informative'] and isa in case['isas'] for case in cases)} cases")
    for kernel, row in zip(kernels, grid):
        row[0].set_ylabel(kernel.replace(" ", "\n"))
        for isa, axes in zip(isas, row):
            axes.axvline(ceiling, color=WARNING, linewidth=1.5)
            if (pool := pooled(cases, kernel, isa, edges)) is None:
                continue
            counts, *marks = pool
            axes.stairs(counts, bins, fill=True, color=ACCENT, alpha=0.45, linewidth=0)
            for value, style in zip(marks, MARKS.values()):
                axes.axvline(np.clip(value, bins[0], bins[-1]), color=INK, linewidth=1, linestyle=style)
    axes.set(xscale="log", yscale="log", xlim=bins[[0, -1]], ylim=(0.7, None))
    axes.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    figure.supxlabel("error, u")
    figure.legend(
        [Line2D([], [], color=INK, linewidth=1, linestyle=style) for style in MARKS.values()]
        + [Line2D([], [], color=WARNING, linewidth=1.5)],
        [*MARKS, f"ceiling {ceiling}"],
        loc="upper left",
        ncols=4,
        frameon=False,
    )
    figure.subplots_adjust(0.85 / width, 0.5 / height, 0.99, 1 - 0.55 / height, hspace=0.15, wspace=0.08)
    return figure


@picture
def error_by_length(cases, ceilings):
    """A panel for each kernel, on normal data: error against T, the number of keys."""
    kernels = distinct(cases, "kernel")
    rows = math.ceil(len(kernels) / 2)
    figure = Figure(figsize=(5, 1.5 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).flat
    for kernel, axes in zip(kernels, grid):
        axes.set_title(kernel)
        sizes = [
            size
            for case in cases
            if case["kernel"] == kernel and case["regime"] in NORMAL_DATA
            for figures in case["isas"].values()
            for size in figures["sizes"]
        ]
        lengths = sorted({size["kv_len"] for size in sizes})
        for measure, merge, style in (("max", np.max, "-"), ("mean", np.mean, "--")):
            errors = [merge([size[measure] for size in sizes if size["kv_len"] == length]) for length in lengths]
            axes.plot(lengths, errors, style, color=ACCENT, marker=".", markersize=3, linewidth=1.2)
            if lengths:
                axes.annotate(measure, (lengths[-1], errors[-1]), (5, 0), textcoords="offset points", va="center")
            axes.plot(LENGTHS, [ceilings[measure]] * 2, style, color=WARNING, linewidth=1)
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_locator(LogLocator(16))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_yticks([0.1, 1, ceilings["max"]], ["0.1", "1", str(ceilings["max"])])
    figure.supxlabel("T, keys")
    figure.supylabel("error, u")
    return figure
