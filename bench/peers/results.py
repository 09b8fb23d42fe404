# SPDX-License-Identifier: MIT
"""What is known when everything is measured, and the file that keeps it."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from .aims import CONTESTS, aim
from .case import Case
from .entrant import GIVEN, PREPARED, Skipped
from .measure import Outcome, Ratio, ratio, tolerance

SPARE_CPUS = 0.2  # what others may use on top of all CPUs before it shows


@dataclass(frozen=True)
class CaseResult:
    case: Case
    outcomes: list[Outcome]
    skipped: list[Skipped]
    threads: int
    other_cpus: float  # kept busy by other processes meanwhile

    @property
    def crowded(self) -> bool:
        """Whether threads had to wait for a CPU; one thread is timed by CPU time."""
        return self.threads > 1 and self.threads + self.other_cpus > os.cpu_count() + SPARE_CPUS

    def timed(self, family: str, bias: str) -> list[Outcome]:
        return [o for o in self.outcomes if o.agrees and (o.family, o.bias) == (family, bias)]

    def libaft(self, bias: str) -> Outcome | None:
        return next(iter(self.timed("libaft", bias)), None)

    @property
    def wrong(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.agrees]


@dataclass(frozen=True)
class Standing:
    """libaft against the fastest of a family."""

    result: CaseResult
    ours: Outcome
    best: Outcome
    ratio: Ratio
    aim: float


def standings(results: list[CaseResult]) -> Iterator[Standing]:
    for result in results:
        for our_bias, family, their_bias in CONTESTS:
            ours, theirs = result.libaft(our_bias), result.timed(family, their_bias)
            if ours and theirs:
                best = min(theirs, key=lambda peer: ratio(peer, ours).median)
                yield Standing(result, ours, best, ratio(best, ours), aim(result.case, family, their_bias))


def row(case: Case, peer: Outcome, libaft: Outcome, measured: Ratio) -> dict:
    return {
        "shape": case.name,
        "peer": peer.name,
        "ratio": measured.median,
        "low": measured.low,
        "high": measured.high,
        "family": peer.family,
        "peer_bias": peer.bias,
        "libaft_bias": libaft.bias,
        "peer_ms": peer.milliseconds,
        "libaft_ms": libaft.milliseconds,
        "peer_error": peer.error,
        "libaft_error": libaft.error,
        "rounds": len(peer.seconds),
    }


def rows(results: list[CaseResult]) -> Iterator[dict]:
    """Each peer against libaft, its bias given and prepared."""
    for result in results:
        for libaft in filter(None, map(result.libaft, (GIVEN, PREPARED))):
            for peer in result.outcomes:
                if peer.agrees and peer.family != "libaft":
                    yield row(result.case, peer, libaft, ratio(peer, libaft))


def wrong_row(case: Case, outcome: Outcome) -> dict:
    error = outcome.error if outcome.error < float("inf") else "not finite"
    return {
        "shape": case.name,
        "family": outcome.family,
        "name": outcome.name,
        "bias": outcome.bias,
        "error": error,
        "tolerance": tolerance(case),
    }


def to_json(results: list[CaseResult]) -> dict:
    return {
        "units": {
            "ms": "of the best call of a round, CPU time where threads is 1: median over the rounds",
            "ratio": "best call of a round, of the peer over libaft: median over the rounds; low and high: quartiles",
            "error": "largest difference from float64, in units of 2^-24 * sigmoid(q) * sum_j p_j |v_j|",
        },
        "rows": list(rows(results)),
        "fastest": [row(s.result.case, s.best, s.ours, s.ratio) | {"aim": s.aim} for s in standings(results)],
        "other_cpus": {result.case.name: result.other_cpus for result in results},
        "wrong": [wrong_row(result.case, outcome) for result in results for outcome in result.wrong],
        "skipped": [{"shape": result.case.name} | asdict(skipped) for result in results for skipped in result.skipped],
    }
