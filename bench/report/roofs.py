# SPDX-License-Identifier: MIT
"""The lines of the roofline: what each machine's bandwidths and FMA rate allow."""

import statistics

from .chart_data import Row
from .labels import labels
from .model import Result

LEVELS = ("memory", "L3", "L2", "L1")
ALIKE = 1.35  # bandwidths nearer than this share a label: two would overprint


def rates(result: Result) -> dict[tuple[str, int], dict[str, float]]:
    """By instruction set and threads."""
    machines: dict[tuple[str, int], dict[str, float]] = {}
    for ceiling in result.ceilings:
        if ceiling.samples:
            found = machines.setdefault((ceiling.isa, ceiling.threads), {})
            found[ceiling.name] = statistics.median(ceiling.samples)
    return machines


def level_labels(found: dict[str, float]) -> dict[str, str]:
    """GB/s, one for each level, but alike ones have one together, on the fastest. Short: a phone has little room."""
    texts: dict[str, str] = {}
    pending: list[str] = []
    levels = [level for level in LEVELS if level in found]
    for level, above in zip(levels, [*levels[1:], None], strict=True):
        pending.insert(0, f"{level} {found[level] / 1e9:.3g}")
        if above is None or found[above] > ALIKE * found[level]:
            texts[level] = ", ".join(pending)
            pending = []
    return texts


def lines(found: dict[str, float], left: float, right: float) -> list[Row]:
    """Both ends of each: a bandwidth rises from the left to the FMA rate, which goes on flat to the right."""
    fma = found["fma"]
    texts = level_labels(found)
    meet = {level: min(max(fma / found[level], left), right) for level in LEVELS if level in found}
    ends = []
    for level, x in meet.items():
        ends += [{"roof": level, "x": left, "y": min(left * found[level], fma), "label": texts.get(level, "")}]
        ends += [{"roof": level, "x": x, "y": min(x * found[level], fma), "label": ""}]
    ends += [{"roof": "fma", "x": min(meet.values(), default=left), "y": fma, "label": ""}]
    return [*ends, {"roof": "fma", "x": right, "y": fma, "label": f"fma {fma / 1e9:.3g} Gflop/s"}]


def roofs(results: list[Result], left: float, right: float) -> list[Row]:
    """Of every result, instruction set and number of threads whose FMA rate was measured."""
    return [
        {"result": name, "isa": isa, "threads": threads} | end
        for name, result in zip(labels(results), results, strict=True)
        for (isa, threads), found in rates(result).items()
        if "fma" in found
        for end in lines(found, left, right)
    ]
