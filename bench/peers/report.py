# SPDX-License-Identifier: MIT
"""The tables that are shown."""

from rich.console import Console
from rich.table import Table

from .entrant import GIVEN, PREPARED
from .measure import Outcome, Ratio, ratio, tolerance
from .results import CaseResult, Standing, standings

LEGEND = """ms     of the best call of a round, CPU time where all run on one thread: median over the rounds
x      how many times as fast libaft is, its bias given or prepared: median over the rounds [quartiles]
bias   of a peer: prepared where exp(w) is computed before the clock starts
error  largest difference from float64, in units of 2^-24 * sigmoid(q) * sum_j p_j |v_j|"""


def table_of(title: str, columns: dict[str, str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading, justify in columns.items():
        table.add_column(heading, justify=justify, no_wrap=True)
    return table


def times(value: Ratio) -> str:
    text = f"{value.median:.2f} [{value.low:.2f}, {value.high:.2f}]"
    return text if value.median >= 1 else f"[red]{text}"


def short_bias(kernel: str, outcome: Outcome) -> str:
    return "" if kernel == "simple" else outcome.bias.removeprefix("bias ")


def note(text: str, style: str, console: Console) -> None:
    console.print(text, style=style, markup=False, soft_wrap=True)


def print_case(result: CaseResult, console: Console) -> None:
    libaft = [result.libaft(bias) for bias in (GIVEN, PREPARED)]
    columns = {
        "": "left",
        "bias": "left",
        "ms": "right",
        "error": "right",
        "x given": "right",
        "x prepared": "right",
    }
    table = table_of(result.case.name, columns)
    for outcome in result.outcomes:
        bias, error = short_bias(result.case.kernel, outcome), f"{outcome.error:.1f}"
        if not outcome.agrees:
            table.add_row(outcome.name, bias, "WRONG", error, style="red")
            continue
        ratios = ["" if ours is None or outcome.family == "libaft" else times(ratio(outcome, ours)) for ours in libaft]
        table.add_row(outcome.name, bias, f"{outcome.milliseconds:.3f}", error, *ratios)
    console.print(table, highlight=False)
    for skipped in result.skipped:
        note(f"skipped: {skipped.name}: {skipped.reason}", "yellow", console)
    if result.crowded:
        note(
            f"busy: other processes used {result.other_cpus:.1f} CPUs meanwhile. Threads that spin (BLIS's, and "
            "OpenMP's unless OMP_WAIT_POLICY=PASSIVE) then wait for others that do not run.",
            "yellow",
            console,
        )
    console.print()


def verdict(standing: Standing) -> str:
    busy = ", busy" if standing.result.crowded else ""
    if standing.ratio.median >= standing.aim:
        return f"as aimed{busy}"
    return f"[red]BEHIND{busy}" if standing.ratio.median < 1 else f"[yellow]short of it{busy}"


def print_summary(results: list[CaseResult], console: Console) -> None:
    columns = {"": "left", "libaft": "left", "fastest": "left", "x": "right", "aim": "right", " ": "left"}
    table = table_of("libaft against the fastest", columns)
    everything = list(standings(results))
    for standing in everything:
        kernel, best = standing.result.case.kernel, standing.best
        table.add_row(
            standing.result.case.name,
            short_bias(kernel, standing.ours),
            f"{best.family}: {best.name} {short_bias(kernel, best)}",
            times(standing.ratio),
            f"{standing.aim:.2f}",
            verdict(standing),
        )
    console.print(table, highlight=False)
    ahead = sum(standing.ratio.median >= 1 for standing in everything)
    aimed = sum(standing.ratio.median >= standing.aim for standing in everything)
    console.print(f"\nahead in {ahead} of {len(everything)} comparisons, as far as aimed in {aimed}", highlight=False)
    for result in results:
        for outcome in result.wrong:
            note(
                f"WRONG: {result.case.name}: {outcome.name}, {outcome.bias}: {outcome.error:.1f} units from float64; "
                f"{tolerance(result.case):.0f} are allowed",
                "red",
                console,
            )


def print_facts(facts: dict[str, dict[str, str]], console: Console) -> None:
    for subject, values in facts.items():
        for name, value in values.items():
            console.print(f"{subject:8} {name}: {value}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n{LEGEND}\n", highlight=False, markup=False, soft_wrap=True)
