# SPDX-License-Identifier: MIT
"""The worst element of a case, run again."""

import json
import pathlib
import tempfile

import numpy as np

from . import gates, measure, targets
from .case import decode
from .problem import KERNELS, Kernel, Problem
from .programs import Reference, Runner


class Unusable(Exception):
    """The command line asks for what there is not."""


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


def replay_worst(file, kernel_name, regime, console):
    """One row and one channel have the bits that they have in the whole."""
    cases = {gates.key(case): case for case in json.loads(pathlib.Path(file).read_text())["cases"]}
    case = cases.get(f"{kernel_name}, {regime}")
    if case is None:
        raise Unusable(f"{file} has no case '{kernel_name}, {regime}'; it has: {'; '.join(cases)}")
    worst = case["worst"]
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
            error = measure.scaled(measure.distance(y, exact), exact).item()
            console.print(
                f"{target.isa:8} y = {y.item()!r} = {float(y.item()).hex()}, error {error:.4f} u", highlight=False
            )
