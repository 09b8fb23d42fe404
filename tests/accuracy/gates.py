# SPDX-License-Identifier: MIT
"""What a run is held against: hard ceilings, and the baseline in git."""

import json
import pathlib

from common import whole_file

from .measure import CEILINGS, CEILINGS_OF
from .programs import Unusable

BASELINE = pathlib.Path(__file__).parent / "baseline.json"
MARGIN = 1.05  # times the baseline's error: what an edit may cost before it fails
GATED = ("max", "mean", "p999")
HASHES = {
    "inputs_sha256": "the inputs are not the baseline's (another NumPy, or an edited regime?)",
    "output_sha256": "the bits of the result changed",
}


def key(case):
    return f"{case['kernel']}, {case['regime']}"


def ceilings_of(case) -> dict:
    return CEILINGS_OF.get(case["regime"], CEILINGS)


def over_ceiling(case) -> list[str]:
    return [
        f"{isa}: {name} error {errors[name]:.2f} u, above the hard ceiling of {ceiling:g} u"
        for isa, errors in case["isas"].items()
        for name, ceiling in ceilings_of(case).items()
        if not errors[name] <= ceiling
    ]


def entry(case) -> dict:
    """What the baseline keeps of a case: its hashes, and the errors, which are the same on every instruction set."""
    errors = next(iter(case["isas"].values()))
    return (
        {name: float(f"{errors[name]:.6g}") for name in GATED}
        | {"informative": case["informative"], "elements": case["elements"]}
        | {name: case[name] for name in HASHES}
    )


def other_bits(case, baseline: dict) -> list[str]:
    return [text for name, text in HASHES.items() if case[name] != baseline[name]]


def worse_than(case, baseline: dict | None) -> list[str]:
    if baseline is None:
        return ["not in the baseline; scripts/accuracy --rebaseline takes it in"]
    failures = other_bits(case, baseline)
    if baseline["informative"] and not case["informative"]:
        failures.append(f"no longer informative: {case['why_not']}")
    for isa, errors in case["isas"].items():
        failures += [
            f"{isa}: {name} error {errors[name]:.4g} u, was {baseline[name]:.4g} u (margin {MARGIN - 1:.0%})"
            for name in GATED
            if not errors[name] <= baseline[name] * MARGIN
        ]
    return failures


def judge(case, baseline: dict | None):
    """Adds the failures of a case's errors to it. A baseline of None: other inputs, ceilings alone."""
    case["ceilings"] = ceilings_of(case)
    case["failures"] += over_ceiling(case)
    case["baseline"] = baseline and baseline["cases"].get(key(case))
    if baseline is not None:
        case["failures"] += worse_than(case, case["baseline"])


def load() -> dict:
    """An empty one where there is none yet."""
    if not BASELINE.exists():
        return {"cases": {}, "exp": {}}
    return read(BASELINE)


def read(path: pathlib.Path) -> dict:
    """A JSON file with cases."""
    try:
        content = json.loads(path.read_text("utf-8"))
        content["cases"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path} is not a file that this program wrote: {error!r}") from error
    return content


def missing(baseline: dict, cases: list[dict], exp: dict) -> list[str]:
    """What a whole run should have covered."""
    lines = [
        f"{name}: in the baseline, but not in this run"
        for name in sorted(baseline["cases"].keys() - set(map(key, cases)))
    ]
    if str(exp["step"]) not in baseline["exp"]:
        lines.append(f"exp, step {exp['step']}: not in the baseline")
    return lines


def flat(value, name: str) -> dict:
    """The leaves of nested dicts, by path."""
    if not isinstance(value, dict):
        return {name: value}
    return {path: leaf for inner in value for path, leaf in flat(value[inner], f"{name}, {inner}").items()}


def changes(old: dict, new: dict) -> list[str]:
    before, after = (flat(baseline.get("guarantees", {}), "guarantees") for baseline in (old, new))
    lines = [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    for name in sorted(old["cases"].keys() | new["cases"].keys()):
        before, after = old["cases"].get(name), new["cases"].get(name)
        if before is None or after is None:
            lines.append(f"{name}: {'taken in' if before is None else 'left out'}")
            continue
        lines += [
            f"{name}: {field} {before.get(field)} -> {after[field]}"
            for field in after
            if before.get(field) != after[field]
        ]
    lines += [
        f"exp, step {step}: {old['exp'].get(step)} -> {digests}"
        for step, digests in new["exp"].items()
        if old["exp"].get(step) != digests
    ]
    return lines


def save(baseline: dict):
    """One line a case, so that a change reads well in a diff."""
    cases = ",\n".join(
        f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(baseline['cases'][name])}"
        for name in sorted(baseline["cases"])
    )
    head = {name: value for name, value in baseline.items() if name != "cases"}
    text = json.dumps(head, indent=1, ensure_ascii=False)[:-2] + f',\n "cases": {{\n{cases}\n }}\n}}\n'
    whole_file.write(BASELINE, text)
