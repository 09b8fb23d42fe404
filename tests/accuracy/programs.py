# SPDX-License-Identifier: MIT
"""The C programs: started once each, fed one problem a line."""

import dataclasses
import pathlib
import signal
import subprocess
import threading

import numpy as np

from .problem import Problem

PATIENCE = 900  # seconds for one problem; the longest takes a minute under an emulator
UNSUPPORTED_ISA = 3  # exit status of aft_accuracy_run
EXACT_FIELDS = ("y", "y_rest", "scale", "visible", "mean_of_v", "dropped_keys")  # of exact.c's exact_element


class ProgramError(Exception):
    """A program ended, or said what it should not; or there is none to start."""


class Unusable(Exception):
    """The command line or a file is not what it should be."""


class Program:
    """A process that answers each line with lines, the last of which starts with `end`. It starts when first asked, and
    anew where it has ended."""

    def __init__(self, command: list[str], end: str):
        self.command, self.end, self.process = [str(part) for part in command], end, None

    def ask(self, line: str) -> list[str]:
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the loop below finds out why
        answer = []
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        try:
            for said in self.process.stdout:
                answer.append(said.rstrip("\n"))
                if said.startswith(self.end):
                    return answer
        finally:
            patience.cancel()
        status, said = self.process.wait(), self.process.stderr.read().strip()
        self.close()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        raise ProgramError(f"{self.command[-1]} ended {how}: {said or 'no message'}")

    def close(self):
        if self.process is not None:
            self.process.communicate()
            self.process = None


@dataclasses.dataclass
class Run:
    """What one instruction set made of a problem."""

    y: np.ndarray  # float32, [B,H,T,D]
    ran: str  # the instruction set that the library says it ran on
    ways: int  # in which the bits were compared
    differs: list[str]


class Runner:
    """The library on one instruction set; `command` may start with an emulator."""

    def __init__(self, isa: str, command: list[str]):
        self.isa, self.program = isa, Program([*command, isa], "compared ")

    def run(self, problem: Problem, folder: pathlib.Path, every_way: bool) -> Run:
        answer = self.program.ask(f"{problem.line(folder)} {'bits' if every_way else 'plain'}")
        said = {}
        for line in answer:
            word, rest = line.split(" ", 1)
            said.setdefault(word, []).append(rest)
        y = np.fromfile(folder / f"y-{self.isa}.f32", np.float32).reshape(problem.q.shape)
        return Run(y, said["ran"][0], int(said["compared"][0]), said.get("differs", []))

    def close(self):
        self.program.close()


class Reference:
    """The exact values of a problem's sample."""

    def __init__(self, command: list[str]):
        self.program = Program(command, "done")

    def solve(self, problem: Problem, folder: pathlib.Path) -> dict[str, np.ndarray]:
        self.program.ask(problem.line(folder))
        shape = (*problem.q.shape[:2], len(problem.rows), len(problem.channels), len(EXACT_FIELDS))
        values = np.fromfile(folder / "exact.f64").reshape(shape)
        return {name: values[..., i] for i, name in enumerate(EXACT_FIELDS)}

    def close(self):
        self.program.close()


def supports(command: list[str], isa: str) -> bool:
    """Whether the program, perhaps under an emulator, can run this instruction set."""
    done = subprocess.run([*map(str, command), isa], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode not in (0, UNSUPPORTED_ISA):
        raise ProgramError(
            f"{' '.join(map(str, command))} {isa} ended with status {done.returncode}: {done.stderr.strip()}"
        )
    return done.returncode == 0
