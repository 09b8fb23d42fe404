# SPDX-License-Identifier: MIT
"""Checks every entrant of a case, and times those that agree with float64 side by side."""

import math
import random
import statistics
import time
from dataclasses import dataclass

from .case import Case, Problem
from .entrant import Entrant

ROUND_SECONDS = 0.03  # of each entrant in a round: its calls are repeated for so long, and the best one counts
SETTLE_SECONDS = 0.05  # until the threads of the last library, which spin for a while, sleep
LEAST_ROUNDS = 3
SLOW_SECONDS = 2.0  # of a call: who takes longer is timed in the first LEAST_ROUNDS only, and holds up nobody


@dataclass(frozen=True)
class Pace:
    rounds: int
    seconds: float  # for the rounds of one case after the first LEAST_ROUNDS


FULL_PACE, QUICK_PACE = Pace(99, 30.0), Pace(15, 3.0)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as the peer libaft is: the median over the rounds, and its quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    family: str
    name: str
    bias: str
    error: float  # in units of 2^-24 of Reference.scale
    seconds: tuple[float, ...]  # of the best call of each round; none for a wrong result

    @property
    def agrees(self) -> bool:
        return bool(self.seconds)

    @property
    def milliseconds(self) -> float:
        return statistics.median(self.seconds) * 1e3


def tolerance(case: Case) -> float:
    """Float32 sums of n terms err by about sqrt(n) units, a window that is off by one key by millions."""
    return 8 * math.sqrt(case.time)


def measure(problem: Problem, entrants: list[Entrant], threads: int, pace: Pace) -> list[Outcome]:
    errors = [problem.reference.error(entrant.compute()) for entrant in entrants]
    right = [i for i, error in enumerate(errors) if error <= tolerance(problem.case)]
    seconds = dict(zip(right, time_rounds([entrants[i] for i in right], threads, pace)))
    return [
        Outcome(entrant.family, entrant.name, entrant.bias, errors[i], seconds.get(i, ()))
        for i, entrant in enumerate(entrants)
    ]


def time_call(entrant: Entrant, threads: int) -> float:
    """CPU time, which other work on the machine hardly moves; threads that wait for each other need the wall clock."""
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    entrant.run()
    return clock() - start


def time_rounds(entrants: list[Entrant], threads: int, pace: Pace) -> list[tuple[float, ...]]:
    """The seconds of each entrant in each round. A round times them all, so that a drift of the machine meets all
    alike, and in another order each time, so that none has always the same one before it."""
    seconds = [[] for _ in entrants]
    order = random.Random(0)
    deadline = math.inf
    for done in range(pace.rounds):
        if done == LEAST_ROUNDS:
            deadline = time.perf_counter() + pace.seconds
        if time.perf_counter() > deadline:
            break
        for i in order.sample(range(len(entrants)), len(entrants)):
            if done < LEAST_ROUNDS or min(seconds[i]) < SLOW_SECONDS:
                seconds[i].append(best_call(entrants[i], threads))
    return [tuple(times) for times in seconds]


def best_call(entrant: Entrant, threads: int) -> float:
    if threads > 1:
        time.sleep(SETTLE_SECONDS)
    stop = time.perf_counter() + ROUND_SECONDS
    best = time_call(entrant, threads)
    while time.perf_counter() < stop:
        best = min(best, time_call(entrant, threads))
    return best


def ratio(peer: Outcome, libaft: Outcome) -> Ratio:
    """Over the rounds that both have: each has the first ones."""
    ratios = [theirs / ours for theirs, ours in zip(peer.seconds, libaft.seconds)]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(median, low, high)
