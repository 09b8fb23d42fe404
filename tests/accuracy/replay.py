# SPDX-License-Identifier: MIT
"""The worst element of a case, run again."""

import pathlib
import tempfile

import numpy as np

from . import gates, measure, targets
from .case import decode
from .problem import KERNELS, Kernel, Problem
from .programs import Reference, Runner, Unusable


def replay(kernel: Kernel, worst: dict) -> Problem:
    """The worst element as a problem of one row and one channel."""
    inputs = {name: decode(text) for name, text in worst["inputs"].items()}
    problem = Problem(
        kernel,
        inputs["q"].reshape(1, 1, 1, 1),
        inputs["k"].reshape(1, 1, -1, 1),
        inputs["v"].reshape(1, 1, -1, 1),
        window=worst["window"],
        q_offset=worst["position"],
    )
    if "w" in inputs:
        problem.w = inputs["w"].reshape(1, -1)
    problem.rows = problem.channels = np.zeros(1, np.int32)
    return problem


def replay_worst(file, kernel_name, regime, console) -> bool:
    """Whether one row and one channel have the bits that they had in the whole."""
    cases = gates.read(pathlib.Path(file))["cases"]
    if not isinstance(cases, list):
        raise Unusable(f"{file} is not a results file: results/accuracy-*.json are")
    cases = {gates.key(case): case for case in cases}
    case = cases.get(f"{kernel_name}, {regime}")
    if case is None:
        raise Unusable(f"{file} has no case '{kernel_name}, {regime}'; it has: {'; '.join(cases)}")
    worst = case["worst"]
    if worst is None:
        raise Unusable(f"{kernel_name}, {regime} ran nowhere in {file}: there is nothing to replay")
    same = True
    problem = replay({str(kernel): kernel for kernel in KERNELS}[kernel_name], worst)
    console.print(
        f"{kernel_name}, {regime}: {worst['problem']}, batch {worst['batch']}, head {worst['head']}, row "
        f"{worst['row']}, channel {worst['channel']}: y was {worst['y']!r} on {worst['isa']}, {worst['exact']!r} is "
        "exact",
        highlight=False,
    )
    run_on, _ = targets.main_targets(full=False, emulated=True)
    with tempfile.TemporaryDirectory(prefix="aft-accuracy-") as parent:
        folder = pathlib.Path(parent) / "replay"
        problem.write(folder)
        reference = Reference([targets.program(targets.NATIVE, "aft_accuracy_exact")])
        exact = reference.solve(problem, folder)
        reference.close()
        for target in run_on:
            runner = Runner(target.isa, target.command)
            y = runner.run(problem, folder, every_way=False).y
            runner.close()
            same = same and (str(y.item()) == str(worst["y"]))
            error = measure.scaled(measure.distance(y, exact), exact).item()
            console.print(
                f"{target.isa:8} y = {y.item()!r} = {float(y.item()).hex()}, error {error:.4f} u", highlight=False
            )
    console.print("the same on all of them" if same else "NOT the same")
    return same
