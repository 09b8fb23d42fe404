# SPDX-License-Identifier: MIT
"""The table of guarantees in the README, from the baseline: no figure in it is typed."""

from common import whole_file

from .measure import CEILINGS, CEILINGS_OF
from .targets import ROOT

README = ROOT / "README.md"
SHOWN = {"trained": "trained models' tensors", "normal": "normal inputs"}
BEGIN, END = "<!-- written by scripts/accuracy --rebaseline -->\n", "<!-- end -->\n"


def errors_of(case: dict) -> dict:
    """The same on every instruction set."""
    errors = next(iter(case["isas"].values()))
    return {name: errors[name] for name in CEILINGS}


def measured(results: dict) -> dict:
    """What the table says of a run."""
    cases = [case for case in results["cases"] if case["informative"]]
    worst, shown, means = {}, {}, {}
    for case in cases:
        errors = errors_of(case)
        if errors["max"] > worst.get(case["kernel"], {"max": -1.0})["max"]:
            worst[case["kernel"]] = errors | {"regime": case["regime"]}
        group = case["regime"] if case["regime"] in CEILINGS_OF else "elsewhere"
        means[group] = max(means.get(group, 0.0), errors["mean"])
        if case["regime"] in SHOWN:
            shown.setdefault(case["kernel"], {})[case["regime"]] = errors
    return {
        "isas": [isa for isa, said in results["isas"].items() if said.startswith("ran")],
        "cases": len(cases),
        "outputs": sum(case["elements"] for case in cases),
        "ways": sum(errors["checks"] for case in cases for errors in case["isas"].values()),
        "worst": worst,
        "shown": shown,
        "means": means,
    }


def exp_error(by_step: dict) -> str:
    """Of all floats, where they were ever tried."""
    step = min(by_step, key=int)
    return f"{by_step[step]['normal_error']:.3f} ULP, {'on all 2^32 floats' if step == '1' else 'in a sample'}"


def pair(errors: dict) -> str:
    return f"{errors['max']:.1f} u, {errors['mean']:.2f} u"


def table(baseline: dict) -> str:
    said = baseline["guarantees"]
    largest = max(worst["max"] for worst in said["worst"].values())
    rows = [
        (
            "the same bits on every instruction set, with 1, 2, 3 and 7 threads, at every misalignment, for a batch "
            "whole or split, for a causal sequence and its prefixes",
            f"{said['cases']} cases on {', '.join(said['isas'])}: one SHA-256 each; one problem of "
            f"each in every way that the instruction set has time for: {said['ways']:,} runs compared, 0 differ",
        ),
        ("the host's rounding, FTZ and DAZ modes change no bit, and are put back", "among those runs"),
        (
            f"error at most {CEILINGS['max']} u up to 4096 keys, u = 2^-24 · sigmoid(q) · Σp\\|v\\|, plus n · 2^-136; "
            "inputs can be built that exceed it, and for these [include/aft.h](include/aft.h) gives the proven bound",
            f"at most {largest:.1f} u in {said['outputs']:,} outputs held against 256-bit values",
        ),
        (
            f"mean error of a case at most {CEILINGS['mean']} u"
            + "".join(f"; {ceilings['mean']:g} u for {regime}" for regime, ceilings in CEILINGS_OF.items()),
            ", ".join(
                f"{mean:.2f} u {'' if group == 'elsewhere' else 'for '}{group}" for group, mean in said["means"].items()
            ),
        ),
        ("exp at most 1 ULP, monotone, the same bits on every instruction set", exp_error(baseline["exp"])),
    ]
    lines = ["| guarantee | measured |", "|---|---|"] + [f"| {promise} | {fact} |" for promise, fact in rows]
    lines += ["", f"| error: max, mean | {' | '.join(SHOWN.values())} | worst of all regimes |", "|---|---|---|---|"]
    for kernel, worst in said["worst"].items():
        cells = [pair(said["shown"][kernel][regime]) for regime in SHOWN] + [f"{pair(worst)} ({worst['regime']})"]
        lines.append(f"| AFT-{kernel} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(readme: str, baseline: dict) -> str:
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table(baseline) + END + after


def write_readme(baseline: dict):
    whole_file.write(README, with_table(README.read_text("utf-8"), baseline))
