# SPDX-License-Identifier: MIT
"""What the page's charts have in common. Colours are variables of colours.css: so they follow the reader's mode."""

import altair

ROW_HEIGHT = 30
KERNELS = {kernel: f"var(--{kernel})" for kernel in ("simple", "full", "local")}
FORMS = {"plain": "circle", "causal": "square", "prepared": "triangle-up", "prepared causal": "diamond"}
ISAS = {"scalar": "diamond", "avx2": "circle", "avx512": "square", "neon": "triangle-up"}
CPU_HUES = {str(i): f"var(--cpu-{i})" for i in range(5)}
CPU_SHAPES = {str(i): shape for i, shape in enumerate(FORMS.values())}
PARAMETERS = {"result": "", "isa": "", "threads": 0, "kernel": "all", "channels": 0, "which": ""}
OF_RESULT = "datum.result === result && datum.threads === threads"
OF_ISA = f"{OF_RESULT} && datum.isa === isa"
OF_KERNEL = "(kernel === 'all' || datum.kernel === kernel)"
CONFIGURATION = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "padding": {"left": 0, "right": 8, "top": 4, "bottom": 0},
    "view": {"stroke": None},
    "text": {"fill": "var(--muted)", "fontSize": 12},
    "rule": {"stroke": "var(--roof)"},
    "axis": {
        "domainColor": "var(--faint)",
        "gridColor": "var(--grid)",
        "tickColor": "var(--faint)",
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "titleColor": "var(--muted)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}
TOOLTIP = [
    altair.Tooltip("case:N", title="kernel, shape"),
    altair.Tooltip("isa:N", title="instruction set"),
    altair.Tooltip("threads:Q", title="threads"),
    altair.Tooltip("ns:Q", title="median, ns a call", format=",.5~r"),
    altair.Tooltip("low:Q", title="from, ns", format=",.5~r"),
    altair.Tooltip("high:Q", title="to, ns", format=",.5~r"),
    altair.Tooltip("spread:N", title="timing"),
    altair.Tooltip("rate:Q", title="flop/s", format=".3~s"),
    altair.Tooltip("share:Q", title="share of ceiling", format=".1%"),
    altair.Tooltip("binds:N", title="ceiling that binds"),
    altair.Tooltip("error:Q", title="largest error, u", format=".3~r"),
    altair.Tooltip("rows:N", title="rows timed"),
]


def by_name(channel: type[altair.SchemaBase], field: str, values: dict[str, str]) -> altair.SchemaBase:
    """Named values have marks of their own; what they mean stands beside the chart."""
    return channel(f"{field}:N", scale=altair.Scale(domain=list(values), range=list(values.values())), legend=None)


def hollow_if_noisy() -> dict:
    return altair.condition("datum.noisy", altair.value(0), altair.value(0.85))


def logarithmic(**more: object) -> altair.Scale:
    return altair.Scale(type="log", nice=False, padding=12, **more)


def decades(title: str, form: str, **more: object) -> altair.Axis:
    """Few enough ticks that those of a wide range are powers of ten."""
    return altair.Axis(title=title, format=form, tickCount=4, **more)


def multiples(title: str) -> altair.Axis:
    return altair.Axis(title=title, orient="top", tickCount=8, labelExpr="format(datum.value, '~r') + '×'")


def rows(data: str, *conditions: str) -> altair.Chart:
    return altair.Chart(altair.NamedData(data)).transform_filter(" && ".join(conditions))


def marks(chart: altair.Chart, **more: object) -> altair.Chart:
    """The points that tests count and readers point at."""
    return (
        chart.mark_point(size=60, strokeWidth=1.5, opacity=1, **more).encode(tooltip=TOOLTIP).properties(name="points")
    )


def finished(layers: list[altair.Chart], description: str, height: int | altair.Step) -> dict:
    parameters = [altair.param(name=name, value=value) for name, value in PARAMETERS.items()]
    chart = altair.layer(*layers).add_params(*parameters)
    chart = chart.properties(description=description, width="container", height=height)
    return chart.configure(**CONFIGURATION).to_dict()
