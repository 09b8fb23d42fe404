# SPDX-License-Identifier: MIT
"""Which of two timings of one cell is slower, and whether that is more than what two runs of one binary differ by.

The unit is the process: samples of one process share its memory's layout and more, so that they are no independent
observations. Each process counts with its median. Two one-sided Mann-Whitney tests ask whether times differ by more
than the margin; their p values are corrected over all comparisons of a run (Benjamini and Hochberg).

Between two runs on one machine its clock may have changed, as it does in a virtual machine or a warm laptop. Times are
then taken in units of a yardstick that ran beside each sample: a drift that both share cancels.
"""

import functools
import itertools
import math
from dataclasses import dataclass
from enum import Enum

import numpy
from scipy import stats

from .model import Cell, Result
from .options import DEFAULT_MARGIN, Drift

FALSE_DISCOVERIES = 0.05  # the share of wrong ones among all differences that are called significant
CONFIDENCE = 0.95


class Verdict(Enum):
    SLOWER = "slower"
    FASTER = "faster"
    ALIKE = "no difference beyond the margin was found"
    TOO_FEW = "too few processes to tell"
    NOISY = "too noisy"
    FAILED = "failed its check"
    UNTIMED = "not measured"
    OTHER_ROWS = "timed on other rows"  # of which each carries more, or less, of what the keys cost


@dataclass(frozen=True)
class Comparison:
    """`ratio` is the time of `other` over that of `base`: 1.1 is 10 % slower."""

    base: Cell
    other: Cell
    corrected: bool = False  # for the drift of the clock
    ratio: float | None = None
    interval: tuple[float, float] | None = None  # null where the processes are too few for CONFIDENCE
    p: float | None = None  # corrected over all comparisons; null where none was tested
    verdict: Verdict = Verdict.UNTIMED

    @property
    def significant(self) -> bool:
        return self.verdict in (Verdict.SLOWER, Verdict.FASTER)


@dataclass(frozen=True)
class _Test:
    base: numpy.ndarray  # a time for each process
    other: numpy.ndarray
    p_slower: float
    p_faster: float

    @property
    def p(self) -> float:
        return min(1.0, 2 * min(self.p_slower, self.p_faster))

    @property
    def least_p(self) -> float:
        """Where each process of one is slower than all of the other."""
        return least_p(len(self.base), len(self.other))


def least_p(first: int, second: int) -> float:
    return min(1.0, 2 / math.comb(first + second, first))


def processes_needed(comparisons: int) -> int:
    """So many in each result that one clear difference is found among so many comparisons."""
    return next(n for n in itertools.count(1) if least_p(n, n) * comparisons <= FALSE_DISCOVERIES)


def same_machine(a: Result, b: Result) -> bool:
    def facts(result: Result) -> tuple:
        cpu = result.cpu
        return cpu.model, cpu.stepping, cpu.microcode, result.system.hypervisor, result.topology.caches

    return a.cpu.model is not None and facts(a) == facts(b)


def _yardstick(base: Cell) -> str:
    """The ceiling whose drift is the cell's. Where exp binds it is fma: the same clock, but no code of a library, whose
    change between the runs would hide what it does to the kernel."""
    return "stream" if base.summary.binds == "stream" else "fma"


def _process_medians(times: numpy.ndarray, cell: Cell) -> numpy.ndarray:
    processes = numpy.asarray(cell.process)
    return numpy.array([numpy.median(times[processes == process]) for process in numpy.unique(processes)])


def _process_times(cell: Cell, yardstick: str | None, unit: float = 1.0) -> numpy.ndarray:
    """The median time of an output in each process; with a yardstick, at the clock at which its rate is `unit`. A clock
    that wobbled within the run is taken out sample by sample; where that only adds the yardstick's own noise, by its
    median."""
    times = numpy.asarray(cell.samples_ns) / cell.work.elements
    if yardstick is None:
        return _process_medians(times, cell)
    rates = numpy.asarray(getattr(cell.beside, yardstick)) / unit
    ways = [_process_medians(times * rate, cell) for rate in (rates, numpy.median(rates))]
    return min(ways, key=lambda medians: stats.iqr(medians) / numpy.median(medians))


def _test(base: Cell, other: Cell, corrected: bool, margin: float) -> _Test:
    yardstick = _yardstick(base) if corrected else None
    unit = float(numpy.median(getattr(base.beside, yardstick))) if yardstick else 1.0
    a, b = _process_times(base, yardstick, unit), _process_times(other, yardstick, unit)
    slower = stats.mannwhitneyu(b, a * (1 + margin), alternative="greater", method="exact").pvalue
    faster = stats.mannwhitneyu(b * (1 + margin), a, alternative="less", method="exact").pvalue
    return _Test(a, b, float(slower), float(faster))


@functools.cache
def _ratios_outside(first: int, second: int) -> int | None:
    """How many of all first * second ratios lie below the interval of the ratio, and as many above it. Null where not
    even all of them hold it with CONFIDENCE."""
    a, b = numpy.arange(first), first * numpy.arange(second)  # their differences are consecutive integers
    below = numpy.arange(first * second // 2 + 1)
    shifted = b - (below[:, None] + 0.5 - first)  # as many differences are negative
    all_a = numpy.broadcast_to(a, (len(below), first))
    p = stats.mannwhitneyu(all_a, shifted, alternative="less", axis=1, method="exact").pvalue
    outside = int(numpy.sum(2 * p <= 1 - CONFIDENCE)) - 1
    return outside if outside >= 0 else None


def _interval(test: _Test) -> tuple[float, float] | None:
    outside = _ratios_outside(len(test.base), len(test.other))
    if outside is None:
        return None
    ratios = numpy.sort((test.other[:, None] / test.base).ravel())
    return float(ratios[outside]), float(ratios[-1 - outside])


def _untested(base: Cell, other: Cell) -> Verdict | None:
    if base.failure or other.failure:
        return Verdict.FAILED
    if base.summary is None or other.summary is None:
        return Verdict.UNTIMED
    if base.rows != other.rows:
        return Verdict.OTHER_ROWS
    return None if base.steady and other.steady else Verdict.NOISY


def _verdict(test: _Test, p: float, least: float) -> Verdict:
    if p <= FALSE_DISCOVERIES:
        return Verdict.SLOWER if test.p_slower < test.p_faster else Verdict.FASTER
    return Verdict.TOO_FEW if test.least_p > least else Verdict.ALIKE


def compare(pairs: list[tuple[Cell, Cell, bool]], margin: float = DEFAULT_MARGIN) -> list[Comparison]:
    """Of all pairs of a run at once: base, other, and whether to correct for the drift of the clock."""
    untested = [_untested(base, other) for base, other, _ in pairs]
    tests = [
        _test(*pair, margin) if verdict in (None, Verdict.NOISY) else None
        for pair, verdict in zip(pairs, untested, strict=True)
    ]
    judged = [index for index, verdict in enumerate(untested) if verdict is None]
    adjusted = stats.false_discovery_control([tests[index].p for index in judged]) if judged else []
    p_of = dict(zip(judged, map(float, adjusted), strict=True))
    found = sum(p <= FALSE_DISCOVERIES for p in p_of.values())
    # What one more p value would have to be to be found among all.
    least = FALSE_DISCOVERIES * (found + 1) / max(len(judged), 1)
    comparisons = []
    for index, ((base, other, corrected), test) in enumerate(zip(pairs, tests, strict=True)):
        if test is None:
            comparisons.append(Comparison(base, other, verdict=untested[index]))
            continue
        ratio = float(numpy.median(test.other) / numpy.median(test.base))
        verdict = untested[index] or _verdict(test, p_of[index], least)
        comparisons.append(Comparison(base, other, corrected, ratio, _interval(test), p_of.get(index), verdict))
    return comparisons


def corrects(a: Result, b: Result, base: Cell, other: Cell, drift: Drift) -> bool:
    """Whether the cells have one yardstick and ought to be held against it."""
    if drift == Drift.AUTO:
        return same_machine(a, b) and base.isa_ran == other.isa_ran and base.threads == other.threads
    return drift == Drift.CORRECTED and base.isa_ran == other.isa_ran


def geometric_mean(ratios: list[float]) -> float | None:
    return float(stats.gmean(ratios)) if ratios else None
