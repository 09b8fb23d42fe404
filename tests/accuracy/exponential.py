# SPDX-License-Identifier: MIT
"""The exponential: aft_accuracy_exp on each instruction set, and what must hold of it."""

import concurrent.futures
import math
import os
import subprocess
import time
from collections.abc import Callable, Iterator

from common import workers

from .programs import UNSUPPORTED_ISA, ProgramError

FLOATS = 2**32
SAMPLE_STEP = 509  # a prime, so that the low bits of the inputs vary: 9 million inputs

# No baseline lifts these. Measured: on all 2^32 floats, the same on scalar, AVX2, AVX-512 (NEON: on every 31st).
CEILINGS = {
    "normal_error": 1.0,  # ULP: what SLEEF states; measured 0.988
    "normal_distance": 1,  # floats; measured 1
    "subnormal_error": 1.0,  # half of what it is before the rounding to a subnormal, and 0.5 for that; measured 0.750
    "subnormal_distance": 1,  # measured 1
    "parts_error": 1.5,  # u; measured 1.417, at |x| <= 2^20
    "libm_error": 2.0**-48,  # LIBM_MARGIN of correct_exp.h: above this the reference may be wrong; measured 2^-53
}
NEVER = {
    "wrong_specials": "wrong results at +-0, +-infinity or NaN",
    "descents": "results below that of a smaller input",
    "n_fractions": "n that are no integers",
    "wrong_saturations": "results beyond +-2^20, or of NaN, other than at +-2^20",
}
DIGESTS = {"digest": "exp", "parts_digest": "p or n"}
P_RANGE = (0.65, 1.54)  # what kernels/vec/vec_exp.h promises


class Unsupported(Exception):
    """This CPU or build lacks the instruction set."""


def number(word: str) -> float | None:
    value = float.fromhex(word)
    return None if math.isnan(value) else value


def extreme(value: str, at: str) -> dict:
    return {"value": float(value), "at": float.fromhex(at)}


def same(values: list[str]) -> str:
    return " and ".join(sorted(set(values)))


def least(values: list):
    return min((value for value in values if value is not None), default=None)


def greatest(values: list):
    return max((value for value in values if value is not None), default=None)


def worst(values: list):
    return max(values, key=lambda seen: seen["value"])


def sum_of_digests(values: list):
    return f"{sum(int(value, 16) for value in values) % 2**64:016x}"


# What the program says: how it is read, and how the parts of a walk make the whole.
FIELDS = {
    **dict.fromkeys(("active", "isa", "provider"), (str, same)),
    **dict.fromkeys(("inputs", "nans", "normal_misrounded", "subnormal_misrounded", *NEVER), (int, sum)),
    **dict.fromkeys(CEILINGS, (extreme, worst)),
    **dict.fromkeys(("last_zero", "correct_last_zero", "p_most"), (number, greatest)),
    **dict.fromkeys(("first_infinity", "correct_first_infinity", "first_descent", "p_least"), (number, least)),
    **dict.fromkeys(DIGESTS, (str, sum_of_digests)),
}


def parse(output: str) -> dict:
    """The report of one part."""
    words = {name: values for name, *values in map(str.split, output.splitlines())}
    if words.keys() != FIELDS.keys():
        raise ProgramError(f"answered {sorted(words.keys() ^ FIELDS.keys())} too much or too little")
    return {name: FIELDS[name][0](*values) for name, values in words.items()}


def join(reports: list[dict]) -> dict:
    """The report of all parts, from their reports in ascending order."""
    return {name: joined([report[name] for report in reports]) for name, (_, joined) in FIELDS.items()}


def run_part(command: list[str], isa: str, step: int, part: int, parts: int) -> dict:
    command = [str(word) for word in (*command, isa, step, part, parts)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise ProgramError(f"cannot start {' '.join(command)}: {error}") from error
    if done.returncode == UNSUPPORTED_ISA:
        raise Unsupported
    if done.returncode:
        raise ProgramError(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.strip()}")
    return parse(done.stdout)


def broken_rules(isa: str, report: dict, step: int) -> Iterator[str]:
    """What does not hold of one instruction set's report."""
    if {report["active"], report["isa"]} != {isa}:
        yield f"the library had {report['active']} active, the exponential was that of {report['isa']}"
    seen, all_nans = report["inputs"] + report["nans"], 2 * (2**23 - 1)
    if seen < FLOATS // step or (step == 1 and (seen, report["nans"]) != (FLOATS, all_nans)):
        yield f"{seen} floats, {report['nans']} of them NaN, are not every one in {step}"
    for name, ceiling in CEILINGS.items():
        value, at = report[name].values()
        if not value <= ceiling:
            yield f"{name} is {value:.6g} at {at!r}: above {ceiling:.6g}"
    for name, what in NEVER.items():
        if report[name]:
            first = f", the first at {report['first_descent']!r}" if name == "descents" else ""
            yield f"{report[name]} {what}{first}"
    for name in ("last_zero", "first_infinity"):
        if report[name] != report[f"correct_{name}"]:
            yield f"{name} is {report[name]!r}: {report[f'correct_{name}']!r} where correctly rounded"
    low, high = report["p_least"], report["p_most"]
    if not P_RANGE[0] <= low <= high <= P_RANGE[1]:
        yield f"p lies in [{low:.6g}, {high:.6g}], not in [{P_RANGE[0]}, {P_RANGE[1]}]"


def differing_bits(reports: dict[str, dict], recorded: dict[str, str]) -> Iterator[str]:
    """Which instruction sets have other bits than the first one, and whether that one has the recorded ones."""
    first, *others = reports
    for name, what in DIGESTS.items():
        differing = [isa for isa in others if reports[isa][name] != reports[first][name]]
        if differing:
            yield f"other bits of {what} on {', '.join(differing)} than on {first}"
        if recorded.get(name, reports[first][name]) != reports[first][name]:
            yield f"other bits of {what} on {first} than recorded: {reports[first][name]}, not {recorded[name]}"


def survey(programs: dict[str, list[str]], step: int, report_progress: Callable[[float], None]) -> dict:
    """For each instruction set the futures of its parts' reports, in ascending order; all are done."""
    parts = max(4, 64 // step)
    with workers.pool(os.cpu_count()) as begin:
        running = {isa: [] for isa in programs}
        for part in range(parts):  # one of each instruction set at a time: progress is even then
            for isa, command in programs.items():
                running[isa].append(begin(run_part, command, isa, step, part, parts))
        for done, _ in enumerate(concurrent.futures.as_completed(sum(running.values(), [])), start=1):
            report_progress(done / (parts * len(programs)))
    return running


def check(
    programs: dict[str, list[str]],
    step: int = SAMPLE_STEP,
    report_progress: Callable[[float], None] = lambda fraction: None,
    recorded: dict[str, str] | None = None,
) -> dict:
    """Runs aft_accuracy_exp for each instruction set on every step-th float, on all cores.

    `programs` has the command of each, which may begin with an emulator; `recorded` the "digests" of an earlier check
    with the same step, if there was one. With SAMPLE_STEP this takes two seconds for x86-64 and five for NEON under
    qemu; with step 1, on one core, one minute for AVX2 and AVX-512 each, nine for scalar, 36 for NEON under qemu.
    """
    start = time.monotonic()
    reports, skipped, failures = {}, {}, []
    for isa, parts in survey(programs, step, report_progress).items():
        try:
            reports[isa] = join([part.result() for part in parts])
            failures += [f"exp on {isa}: {rule}" for rule in broken_rules(isa, reports[isa], step)]
        except Unsupported:
            skipped[isa] = "this CPU or build lacks it, or AFT_ISA forbids it"
        except ProgramError as error:
            failures.append(f"exp on {isa}: {error}")
    if reports:
        failures += [f"exp: {rule}" for rule in differing_bits(reports, recorded or {})]
    else:
        failures.append("exp: ran nowhere")
    return {
        "scope": "all 2^32 floats" if step == 1 else f"sample: every {step}th float, and all near thresholds",
        "step": step,
        "seconds": time.monotonic() - start,
        "ceilings": CEILINGS,
        "digests": {name: next(iter(reports.values()))[name] for name in DIGESTS} if reports else {},
        "isas": reports,
        "skipped": skipped,
        "failures": failures,
    }
