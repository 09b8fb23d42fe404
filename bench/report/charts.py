# SPDX-License-Identifier: MIT
"""The page's charts, as Vega-Lite has them. What is shown is chosen by parameters, which page.js sets from the page's
controls. No text of a result may stand in an expression: it is data alone.
"""

import altair

from .chart_style import (
    CPU_HUES,
    CPU_SHAPES,
    FORMS,
    ISAS,
    KERNELS,
    OF_ISA,
    OF_KERNEL,
    OF_RESULT,
    ROW_HEIGHT,
    TOOLTIP,
    by_name,
    decades,
    finished,
    hollow_if_noisy,
    logarithmic,
    marks,
    multiples,
    rows,
)


def roofline(domain: list[float]) -> dict:
    x = {"scale": altair.Scale(type="log", nice=False, domain=domain), "axis": decades("flop/byte", "~r")}
    y = {"scale": logarithmic(), "axis": decades("flop/s", "~s")}
    ends = rows("roofs", OF_ISA).encode(x=altair.X("x:Q", **x), y=altair.Y("y:Q", **y))
    lines = ends.mark_line(strokeWidth=1.5, color="var(--roof)").encode(detail="roof:N")
    slopes = ends.transform_filter("datum.roof !== 'fma'").mark_text(align="left", dx=14, dy=2).encode(text="label:N")
    flat = ends.transform_filter("datum.roof === 'fma'").mark_text(align="right", dy=-7).encode(text="label:N")
    points = rows("cells", OF_ISA, OF_KERNEL, "isValid(datum.intensity)", "isValid(datum.rate)").encode(
        x=altair.X("intensity:Q", **x),
        y=altair.Y("rate:Q", **y),
        stroke=by_name(altair.Stroke, "kernel", KERNELS),
        fill=by_name(altair.Fill, "kernel", KERNELS),
        fillOpacity=hollow_if_noisy(),
        shape=by_name(altair.Shape, "form", FORMS),
    )
    text = (
        "Roofline: flop/s against flop per byte, log-log; a point for each kernel and shape under this machine's roofs."
    )
    return finished([lines, slopes, flat, marks(points)], text, 420)


def listed(chart: altair.Chart) -> altair.Chart:
    """A row for each case, its name above what it shows: beside it, a phone has no room."""
    order = altair.EncodingSortField("order", op="min")
    return chart.encode(y=altair.Y("case:N", sort=order, axis=None, scale=altair.Scale(padding=0)))


def case_names(chart: altair.Chart) -> altair.Chart:
    """Once each, at the left end of a row's upper line."""
    once = chart.transform_aggregate(order="min(order)", groupby=["case"])
    text = once.mark_text(align="left", dy=-6, fill="var(--ink)").encode(x=altair.X(value=0), text="case:N")
    return listed(text)


def values(chart: altair.Chart, field: str) -> altair.Chart:
    """At the right end of a row's upper line."""
    known = chart.transform_filter(f"isValid(datum.{field})")
    text = known.mark_text(align="right", dy=-6).encode(x=altair.X(value="width"), text=f"{field}:N")
    return listed(text)


def shares(largest: float) -> dict:
    chosen = rows("cells", OF_ISA, OF_KERNEL)
    axis = altair.Axis(orient="top", format="%", title="share of the ceiling that binds", tickCount=5)
    share = altair.X("share:Q", scale=altair.Scale(domain=[0, max(1, largest)], nice=False), axis=axis)
    bars = chosen.mark_bar(height=7, yOffset=7, strokeWidth=1.5).encode(
        x=share,
        stroke=by_name(altair.Stroke, "kernel", KERNELS),
        fill=by_name(altair.Fill, "kernel", KERNELS),
        fillOpacity=hollow_if_noisy(),
        tooltip=TOOLTIP,
    )
    interval = chosen.mark_rule(yOffset=7, strokeWidth=1.5, stroke="var(--ink)").encode(
        x="share_low:Q", x2="share_high:Q"
    )
    verdict = chosen.transform_calculate(text="format(datum.share, '.0%') + ' of ' + datum.binds")
    layers = [listed(bars).properties(name="points"), listed(interval)]
    layers += [case_names(chosen), values(verdict, "text")]
    text = "Bars: the share of the ceiling that binds each kernel, with the interval of its time."
    return finished(layers, text, altair.Step(ROW_HEIGHT))


def times() -> dict:
    chosen = rows("cells", OF_ISA, OF_KERNEL, "isValid(datum.sequence)", "(!channels || datum.channels === channels)")
    time = altair.X("time:Q", scale=logarithmic(), axis=decades("T: length of the sequence", "~s"))
    axis = decades("time of a sequence, by channel", "~s", labelExpr="datum.label && datum.label + 's'")
    seconds = altair.Y("sequence:Q", scale=logarithmic(), axis=axis)
    colour = by_name(altair.Stroke, "kernel", KERNELS)
    series = chosen.mark_line(strokeWidth=1.5, opacity=0.6).encode(
        x=time, y=altair.Y("median(sequence):Q", scale=logarithmic(), axis=axis), stroke=colour, detail="series:N"
    )
    points = chosen.encode(
        x=time,
        y=seconds,
        stroke=colour,
        fill=by_name(altair.Fill, "kernel", KERNELS),
        fillOpacity=hollow_if_noisy(),
        shape=by_name(altair.Shape, "form", FORMS),
    )
    ends = rows("guides", OF_ISA, OF_KERNEL).encode(x=time, y=seconds)
    slopes = ends.mark_line(strokeWidth=1, strokeDash=[3, 3], color="var(--roof)").encode(detail="kernel:N")
    names = ends.mark_text(align="right", dy=-9).encode(text="label:N")
    text = "Time of a sequence by channel against its length T, log-log; dashed guides rise as T and T squared."
    return finished([slopes, names, series, marks(points)], text, 420)


def isas() -> dict:
    chosen = rows("cells", OF_RESULT, OF_KERNEL, "datum.isa !== 'scalar'", "isValid(datum.speed)")
    axis = multiples("times the scalar kernel's speed")
    speed = altair.X("speed:Q", scale=logarithmic(), axis=axis)
    colours = {isa: f"var(--{isa})" for isa in ISAS}
    points = chosen.encode(
        x=speed,
        stroke=by_name(altair.Stroke, "isa", colours),
        fill=by_name(altair.Fill, "isa", colours),
        fillOpacity=hollow_if_noisy(),
        shape=by_name(altair.Shape, "isa", ISAS),
    )
    reach = chosen.mark_rule(yOffset=7, stroke="var(--faint)", strokeWidth=2)
    reach = reach.encode(x=altair.X("min(speed):Q", scale=logarithmic(), axis=axis), x2="max(speed):Q")
    layers = [listed(reach), listed(marks(points, yOffset=7))]
    layers += [case_names(chosen), values(chosen, "speeds")]
    text = "Speed of each vector instruction set over the scalar kernel, for each kernel and shape."
    return finished(layers, text, altair.Step(ROW_HEIGHT))


def ratios() -> dict:
    chosen = rows("ratios", "datum.which === which && datum.threads === threads", OF_KERNEL)
    axis = multiples("time over the first CPU's")
    ratio = altair.X("ratio:Q", scale=logarithmic(), axis=axis)
    tooltip = [
        altair.Tooltip("case:N", title="kernel, shape"),
        altair.Tooltip("cpu:N", title="CPU"),
        altair.Tooltip("isa:N", title="instruction set"),
        altair.Tooltip("ratio:Q", title="time over the first's", format=".4~r"),
        altair.Tooltip("low:Q", title="from", format=".4~r"),
        altair.Tooltip("high:Q", title="to", format=".4~r"),
        altair.Tooltip("verdict:N"),
    ]
    points = chosen.encode(
        x=ratio,
        stroke=by_name(altair.Stroke, "hue", CPU_HUES),
        fill=by_name(altair.Fill, "hue", CPU_HUES),
        fillOpacity=hollow_if_noisy(),
        shape=by_name(altair.Shape, "shape", CPU_SHAPES),
    )
    interval = chosen.mark_rule(yOffset=7, strokeWidth=1.5).encode(
        x=altair.X("low:Q", scale=logarithmic(), axis=axis), x2="high:Q", stroke=by_name(altair.Stroke, "hue", CPU_HUES)
    )
    same = altair.Chart(altair.InlineData([{"ratio": 1}])).mark_rule(strokeDash=[3, 3]).encode(x=ratio)
    layers = [same, listed(interval), listed(marks(points, yOffset=7).encode(tooltip=tooltip))]
    layers += [case_names(chosen), values(chosen, "ratios")]
    text = "Time on each CPU over the first one's, for each kernel and shape; log scale."
    return finished(layers, text, altair.Step(ROW_HEIGHT))
