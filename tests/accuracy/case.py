# SPDX-License-Identifier: MIT
"""One case: a kernel in a regime, on every instruction set, against the exact values."""

import base64
import dataclasses
import hashlib
import pathlib
import shutil

import numpy as np

from . import measure, regimes
from .problem import Kernel, Problem
from .programs import ProgramError, Reference, Runner

LONG = 2_000_000  # operations: some ten milliseconds of scalar code


@dataclasses.dataclass(frozen=True)
class Target:
    """A build of the library and the instruction set to run it on."""

    isa: str
    command: tuple[str, ...]
    name: str = ""  # of a build beside the main one
    every_way: float = 0  # up to so many operations, a problem is run in every way that must not change a bit
    every_way_in: tuple[str, ...] = tuple(regimes.REGIMES)

    def tries_every_way(self, regime: str, problem: Problem) -> bool:
        return regime in self.every_way_in and problem.operations <= self.every_way

    def __str__(self):
        return f"{self.isa} {self.name}".strip()


class Tools:
    """The programs of one worker, started when first used. Without the exact one nothing is measured, but the bits are
    compared."""

    def __init__(self, exact: list[str] | None, targets: list[Target], folder: pathlib.Path):
        self.reference, self.folder, self.targets = exact and Reference(exact), folder, targets
        self.runners = {target: Runner(target.isa, target.command) for target in targets}

    def close(self):
        for program in filter(None, (self.reference, *self.runners.values())):
            program.close()


def encode(array):
    """Little-endian float32, in base64: np.frombuffer(base64.b64decode(text), '<f4')."""
    return base64.b64encode(np.asarray(array, "<f4").tobytes()).decode()


def decode(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def describe_worst(problem: Problem, target: Target, parts, y, exact):
    """The element with the largest error: where it is, and all that is needed to replay it."""
    batch, head, i, j = (int(n) for n in np.unravel_index(np.argmax(parts), parts.shape))
    row, channel = int(problem.rows[i]), int(problem.channels[j])
    return {
        "isa": str(target),
        "problem": str(problem),
        "batch": batch,
        "head": head,
        "row": row,
        "channel": channel,
        "error": float(parts[batch, head, i, j]),
        "y": float(y[batch, head, row, channel]),
        "exact": float(exact["y"][batch, head, i, j]),
        "position": problem.q_offset + row,
        "window": problem.window,
        "inputs": {name: encode(values) for name, values in problem.element(batch, head, row, channel).items()},
    }


def difference(y, want):
    """None where the bits are the same, else how many outputs differ and the first of them."""
    moved = np.argwhere(y.view(np.uint32) != want.view(np.uint32))
    if not len(moved):
        return None
    first = tuple(int(n) for n in moved[0])
    where = f"{len(moved)} of {y.size} outputs, the first at [b,h,t,c] = {list(first)}"
    return f"{where}: {y[first]!s} instead of {want[first]!s}"


def tried_in_every_way(problems: list[Problem]) -> Problem:
    """One problem of a case: the largest that is not long, else the smallest."""
    short = [problem for problem in problems if problem.operations <= LONG]
    return max(short or [min(problems, key=lambda p: p.operations)], key=lambda p: p.operations)


class Case:
    def __init__(self, kernel: Kernel, regime: str, problems: list[Problem]):
        self.kernel, self.regime, self.problems = kernel, regime, problems
        self.errors: dict[str, measure.Errors] = {}
        self.ways: dict[str, int] = {}
        self.mutants = dict.fromkeys(measure.MUTANTS, 0.0)
        self.failures: list[str] = []
        self.outputs, self.agree = hashlib.sha256(), True
        self.worst = None
        self.elements = 0

    def run(self, tools: Tools):
        tried = tried_in_every_way(self.problems)
        for number, problem in enumerate(self.problems):
            folder = tools.folder / f"problem-{number}"
            problem.write(folder)
            self.run_problem(problem, folder, tools, problem is tried)
            shutil.rmtree(folder)
        return self

    def run_problem(self, problem, folder, tools, tried):
        exact = tools.reference and tools.reference.solve(problem, folder)
        if exact:
            self.elements += exact["y"].size
            for name, error in measure.mutants(exact).items():
                self.mutants[name] = max(self.mutants[name], error)
        want = None
        for target in tools.targets:
            try:
                run = tools.runners[target].run(problem, folder, tried and target.tries_every_way(self.regime, problem))
            except ProgramError as error:
                self.failures.append(f"{target}: {error}, on {problem}")
                continue
            if run.ran != target.isa:
                self.failures.append(f"{target}: the library ran {run.ran} instead, on {problem}")
            self.failures += [f"{target}: other bits {text}, on {problem}" for text in run.differs]
            self.ways[str(target)] = self.ways.get(str(target), 0) + run.ways
            if want is None:
                want, first = run.y, target
                self.outputs.update(run.y.tobytes())
            elif text := difference(run.y, want):
                self.agree = False
                self.failures.append(f"{target}: other bits than on {first}, on {problem}: {text}")
            if exact and not target.name:
                self.measure(target, problem, run.y, exact)

    def measure(self, target, problem, y, exact):
        parts = self.errors.setdefault(target.isa, measure.Errors()).add(problem, y, exact)
        if self.worst is None or not parts.max() <= self.worst["error"]:
            self.worst = describe_worst(problem, target, parts, y, exact)

    def result(self) -> dict:
        inputs = hashlib.sha256("".join(problem.sha256() for problem in self.problems).encode())
        weak = [name for name, error in self.mutants.items() if error <= measure.CEILINGS["max"]]
        return {
            "kernel": str(self.kernel),
            "regime": self.regime,
            "informative": not weak,
            "why_not": " and ".join(measure.MUTANTS[name] for name in weak) + " would pass it" if weak else "",
            "elements": self.elements,
            "inputs_sha256": inputs.hexdigest(),
            "output_sha256": self.outputs.hexdigest(),  # of the first instruction set
            "agree": self.agree,  # whether all others have it
            "isas": {isa: errors.summary() | {"checks": self.ways[isa]} for isa, errors in self.errors.items()},
            "builds": [name for name in self.ways if name not in self.errors],
            "worst": self.worst,
            "mutants": self.mutants,
            "failures": self.failures,
        }


def evaluate(kernel: Kernel, regime: str, seed: int, tools: Tools) -> dict:
    return Case(kernel, regime, regimes.problems(kernel, regime, seed)).run(tools).result()
