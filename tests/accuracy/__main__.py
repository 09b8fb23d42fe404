# SPDX-License-Identifier: MIT
"""scripts/accuracy: is every result of libaft as exact as it was, and the same to the last bit everywhere?"""

import argparse
import datetime
import fnmatch
import os
import sys
import time

import rich.progress
from common import ending, whole_file
from rich.console import Console

from . import exponential, gates, guarantees, measure, page, regimes, report, suite, targets
from .programs import ProgramError, Unusable
from .replay import replay_worst

SEED = 20210528  # the paper's date
FULL_MINUTES = 45  # on two cores, most of it the 2^32 floats of scalar code and of NEON under an emulator
RESULTS = targets.ROOT / "results"


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/accuracy",
        description=__doc__.split(": ", 1)[1],
        epilog="Exit status: 0 nothing got worse, 1 something did, 2 it could not run.",
    )
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--quick", action="store_true", help="few regimes, without NEON: under 40 seconds")
    much.add_argument(
        "--full",
        action="store_true",
        help="also gcc and clang at -O1 to -O3, NEON and scalar code in every "
        f"way on long problems, and exp on all 2^32 floats: about {FULL_MINUTES} minutes on two cores",
    )
    parser.add_argument(
        "--rebaseline",
        action="store_true",
        help="take this run's errors and hashes as the new baseline, "
        "and print what changed; refused where anything but the baseline fails",
    )
    parser.add_argument("--regime", metavar="PATTERN", help="only the regimes that match, such as 'logits*'")
    parser.add_argument(
        "--seed", type=int, default=SEED, help=f"other inputs: held against the ceilings alone (default: {SEED})"
    )
    parser.add_argument(
        "--replay",
        nargs=3,
        metavar=("FILE", "KERNEL", "REGIME"),
        help="run the worst element of a case again, from a results file",
    )
    parsed = parser.parse_args(arguments)
    if parsed.seed < 0:
        parser.error("--seed must not be negative")
    if parsed.replay and parsed.rebaseline:
        parser.error("--replay changes no baseline: no --rebaseline with it")
    if parsed.rebaseline and (parsed.quick or parsed.regime or parsed.seed != SEED):
        parser.error("--rebaseline takes in every case: no --quick, no --regime, no --seed")
    return parsed


def choose(arguments):
    def wanted(regime):
        if arguments.regime:
            return fnmatch.fnmatch(regime, arguments.regime)
        return regime in regimes.FEW if arguments.quick else True

    chosen = suite.choose(wanted)
    if not chosen:
        raise Unusable(f"no regime matches '{arguments.regime}'; there are {', '.join(regimes.REGIMES)}")
    return chosen


def progress_bar(console):
    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description:<12}"),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TimeRemainingColumn(),
        console=console,
    )


def measure_everything(arguments, run_on, baseline, console):
    """The cases and the exponential, judged."""
    everything = run_on + (targets.other_builds(run_on) if arguments.full else [])
    chosen = choose(arguments)
    step = 1 if arguments.full else exponential.SAMPLE_STEP
    with progress_bar(console) as bar:
        cases_bar = bar.add_task(f"{len(chosen)} cases", total=len(chosen))
        exp_bar = bar.add_task("exp", total=1.0)
        cases = suite.run(
            chosen,
            arguments.seed,
            [targets.program(targets.NATIVE, "aft_accuracy_exact")],
            everything,
            os.cpu_count(),
            lambda: bar.advance(cases_bar),
        )
        exp = exponential.check(
            targets.exp_programs(run_on),
            step,
            lambda fraction: bar.update(exp_bar, completed=fraction),
            baseline["exp"].get(str(step)) if baseline else None,
        )
    for case in cases:
        gates.judge(case, baseline)
    return cases, exp


def rebaseline(results, console):
    old, exp = gates.load(), results["exp"]
    fewer = set(old.get("guarantees", {}).get("isas", ())) - set(exp["isas"])
    if fewer:
        raise Unusable(f"the baseline was not changed: it has {', '.join(sorted(fewer))}, which this run lacks")
    figures = exp["digests"] | {"normal_error": next(iter(exp["isas"].values()))["normal_error"]["value"]}
    new = {
        "seed": results["seed"],
        "cases": {gates.key(case): gates.entry(case) for case in results["cases"]},
        "exp": old["exp"] | {str(exp["step"]): figures},
    }
    new["guarantees"] = guarantees.measured(results)
    lines = gates.changes(old, new)
    for line in lines:
        console.print(line, markup=False, highlight=False)
    console.print(f"{len(lines)} changes of the baseline")
    guarantees.write_readme(new)
    gates.save(new)


def write_results(results, started, console):
    stem = RESULTS / f"accuracy-{started:%Y%m%d-%H%M%S}"
    whole_file.write(stem.with_suffix(".json"), report.to_json(results))
    page.write_page(results, stem.with_suffix(".html"))
    for suffix in (".json", ".html"):
        console.print(f"written: {stem.with_suffix(suffix).relative_to(targets.ROOT)}", highlight=False)


def main(arguments):
    console = Console(width=None if sys.stdout.isatty() else 100)
    if arguments.replay:
        return 0 if replay_worst(*arguments.replay, console) else 1
    whole_file.expect_writable(RESULTS / "accuracy.json")
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    run_on, isas = targets.main_targets(arguments.full, emulated=not arguments.quick)
    for isa, said in isas.items():
        console.print(f"{isa}: {said}", highlight=False)
    console.print(f"seed {arguments.seed}" + (f"; this takes about {FULL_MINUTES} minutes" if arguments.full else ""))
    baseline = None if arguments.seed != SEED or arguments.rebaseline else gates.load()
    cases, exp = measure_everything(arguments, run_on, baseline, console)
    results = {
        "format": 1,
        "date": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "command": " ".join(["scripts/accuracy", *sys.argv[1:]]),
        "commit": targets.commit(),
        "seed": arguments.seed,
        "seconds": time.monotonic() - clock,
        "machine": targets.describe_machine(),
        "isas": isas,
        "ceilings": measure.CEILINGS,
        "histogram_edges": measure.HISTOGRAM_EDGES.tolist(),
        "cases": cases,
        "exp": exp,
    }
    results["failures"] = report.failures(results)
    if baseline and not arguments.quick and not arguments.regime:
        results["failures"] += gates.missing(baseline, cases, exp)
    report.print_table(cases, console)
    report.print_exp(exp, console)
    for failure in results["failures"]:
        console.print(f"FAILED {failure}", style="red", markup=False, highlight=False, soft_wrap=True)
    write_results(results, started, console)
    console.print(report.summary(results), highlight=False, soft_wrap=True)
    console.print(f"{results['seconds']:.0f} s", highlight=False)
    if arguments.rebaseline and results["failures"]:
        console.print("the baseline was not changed")
    elif arguments.rebaseline:
        rebaseline(results, console)
    return 1 if results["failures"] else 0


if __name__ == "__main__":
    ending.run("scripts/accuracy", lambda: main(parse_arguments(None)), (Unusable, ProgramError))
