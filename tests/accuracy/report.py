# SPDX-License-Identifier: MIT
"""What a run prints, and the results file."""

import json
import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .gates import key


def cell(case) -> Text:
    """Max and mean over the instruction sets; in brackets where the case proves little."""
    if not case["isas"]:
        return Text("ran nowhere !", style="bold red")
    worst = {name: max(errors[name] for errors in case["isas"].values()) for name in ("max", "mean")}
    text = f"{worst['max']:.1f} {worst['mean']:.2f}"
    if not case["informative"]:
        text = f"({text})"
    return Text(f"{text} !" if case["failures"] else text, style="bold red" if case["failures"] else "")


def print_table(cases: list[dict], console: Console):
    kernels = list(dict.fromkeys(case["kernel"] for case in cases))
    table = Table(box=box.SIMPLE_HEAD, title="error in u = 2^-24 of sigmoid(q) sum p|v|: max and mean")
    table.add_column("regime", no_wrap=True)
    for kernel in kernels:
        table.add_column(kernel.replace(" ", "\n"), justify="right", no_wrap=True)
    for regime in dict.fromkeys(case["regime"] for case in cases):
        of = {case["kernel"]: case for case in cases if case["regime"] == regime}
        table.add_row(regime, *(cell(of[kernel]) if kernel in of else "" for kernel in kernels))
    console.print(table)
    console.print("( ) proves little and does not count   ! failed", style="dim")


def print_exp(exp: dict, console: Console):
    table = Table(box=box.SIMPLE_HEAD, title=f"exp, {exp['scope']}")
    table.add_column("isa")
    for name in ("max ULP, normal", "subnormal", "descents", "0 up to", "inf from"):
        table.add_column(name, justify="right", no_wrap=True)
    for isa, said in exp["isas"].items():
        table.add_row(
            isa,
            f"{said['normal_error']['value']:.4f}",
            f"{said['subnormal_error']['value']:.4f}",
            str(said["descents"]),
            f"{said['last_zero']:.8g}",
            f"{said['first_infinity']:.8g}",
        )
    console.print(table)


def failures(results: dict) -> list[str]:
    of_cases = [f"{key(case)}: {text}" for case in results["cases"] for text in case["failures"]]
    return of_cases + results["exp"]["failures"]


def summary(results: dict) -> str:
    cases = results["cases"]
    counted = [case for case in cases if case["informative"]]
    failed = [case for case in cases if case["failures"]]
    ways = sum(errors["checks"] for case in cases for errors in case["isas"].values())
    ran = [isa for isa, state in results["isas"].items() if state.startswith("ran")]
    return (
        f"{len(counted) - sum(case['informative'] for case in failed)} passed, "
        f"{len(failed) + bool(results['exp']['failures'])} failed, {len(cases) - len(counted)} not informative; "
        f"{len(results['isas']) - len(ran)} of {len(results['isas'])} instruction sets skipped; "
        f"{sum(case['elements'] for case in cases):,} outputs against exact values, "
        f"{ways:,} runs compared bit for bit"
    )


def strict(value):
    """JSON has no infinity and no NaN: they become text."""
    if isinstance(value, dict):
        return {name: strict(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [strict(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def to_json(results: dict) -> str:
    return json.dumps(strict(results), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
