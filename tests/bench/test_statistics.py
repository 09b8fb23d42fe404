# SPDX-License-Identifier: MIT
"""Two runs of one binary do not differ; a slowdown of 10 % is found; too little data says so."""

import dataclasses
import gzip
import itertools
import pathlib

import pytest
from fabricate import Noise, Run, fabricate
from machines import ALTRA
from report import comparison
from report.model import Result
from report.options import Drift
from report.results import from_json, parse
from report.statistics import Comparison, Verdict, compare, corrects, processes_needed, same_machine

RECORDED = sorted((pathlib.Path(__file__).parent / "recorded").glob("*.json.gz"))
PLANTED = "full,causal/T=1024,d=512/avx512/threads=1"
NOISES = [Noise(), Noise(process=0.015), Noise(process=0.005, sample=0.02, outliers=0.1)]
SEEDS = range(4)


def result(**run: object) -> Result:
    return from_json(fabricate(Run(**{"threads": (1,)} | run)), "fabricated")


def compared(a: Result, b: Result, drift: Drift = Drift.AUTO, margin: float = 0.03) -> dict[str, Comparison]:
    of_b = {cell.name: cell for cell in b.cells}
    pairs = [(cell, of_b[cell.name]) for cell in a.cells if cell.name in of_b]
    return {c.base.name: c for c in compare([(x, y, corrects(a, b, x, y, drift)) for x, y in pairs], margin)}


def share_of_differences(found: dict[str, Comparison]) -> float:
    return sum(comparison.significant for comparison in found.values()) / len(found)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("clock", [1.0, 1.08])
def test_only_a_planted_slowdown_is_found(noise, clock):
    for seed in SEEDS:
        slow = result(seed=2 * seed + 1, noise=noise, clock=clock, slower={PLANTED: 1.1})
        found = compared(result(seed=2 * seed, noise=noise), slow)
        planted = found.pop(PLANTED)
        assert planted.verdict == Verdict.SLOWER and planted.interval[0] < 1.1 < planted.interval[1]
        assert share_of_differences(found) <= 0.05


def test_without_the_yardstick_a_changed_clock_is_a_difference():
    a, b = result(seed=1), result(seed=2, clock=1.08)
    raw, corrected = compared(a, b, Drift.RAW)[PLANTED], compared(a, b)[PLANTED]
    assert raw.verdict == Verdict.FASTER and raw.ratio == pytest.approx(1 / 1.08, rel=0.03)
    assert corrected.verdict == Verdict.ALIKE and corrected.ratio == pytest.approx(1, rel=0.01)


def test_the_yardstick_is_no_code_that_the_kernel_calls():
    """Where exp binds, a library whose exp is twice as fast must not hide that the kernel is faster."""
    a, b = result(seed=1, noise=Noise(clock=0)), result(seed=2, noise=Noise(clock=0))
    for name, binds, yardstick in (
        ("simple/T=197,d=192/avx512/threads=1", "exp", "fma"),
        (PLANTED, "fma", "fma"),
        ("simple/T=16384,d=64/avx512/threads=1", "stream", "stream"),
    ):
        base, other = (next(cell for cell in run.cells if cell.name == name) for run in (a, b))
        assert base.summary.binds == binds
        for ceiling in ("fma", "exp", "stream"):
            doubled = [2 * rate for rate in getattr(other.beside, ceiling)]
            changed = dataclasses.replace(other, beside=dataclasses.replace(other.beside, **{ceiling: doubled}))
            (found,) = compare([(base, changed, True)])
            assert found.ratio == pytest.approx(2 if ceiling == yardstick else 1, rel=0.03)


def test_a_disturbed_yardstick_hides_nothing():
    """Its median still takes out a clock that differs between the runs."""
    a, b = result(seed=1), result(seed=2, clock=1.08, slower={PLANTED: 1.1})

    def disturbed(cell):
        fma = [
            rate * (0.85 if process % 3 == 0 else 1)
            for rate, process in zip(cell.beside.fma, cell.process, strict=True)
        ]
        return dataclasses.replace(cell, beside=dataclasses.replace(cell.beside, fma=fma))

    cells = [disturbed(cell) for cell in b.cells]
    found = compared(a, dataclasses.replace(b, cells=cells))
    assert found[PLANTED].verdict == Verdict.SLOWER
    assert share_of_differences(found) <= 0.05


def test_the_margin_and_the_correction_each_keep_differences_down():
    """Without the margin: a run of 108 cells has 5 p values below 5 %, and the correction leaves next to none."""
    at_no_margin = [compared(result(seed=2 * s), result(seed=2 * s + 1), margin=0.0).values() for s in SEEDS]
    assert sum(comparison.significant for found in at_no_margin for comparison in found) <= 1
    slightly = {PLANTED: 1.025}
    a, b = result(seed=1, noise=Noise(process=0.001)), result(seed=2, noise=Noise(process=0.001), slower=slightly)
    assert compared(a, b)[PLANTED].verdict == Verdict.ALIKE
    assert compared(b, a)[PLANTED].verdict == Verdict.ALIKE
    assert compared(a, b, margin=0.0)[PLANTED].verdict == Verdict.SLOWER
    assert compared(b, a, margin=0.0)[PLANTED].verdict == Verdict.FASTER


def test_slower_and_faster_mirror_each_other():
    a, b = result(seed=1), result(seed=2, slower={PLANTED: 1.2})
    there, back = compared(a, b)[PLANTED], compared(b, a)[PLANTED]
    assert (there.verdict, back.verdict) == (Verdict.SLOWER, Verdict.FASTER)
    assert there.ratio * back.ratio == pytest.approx(1)
    assert there.interval[0] * back.interval[1] == pytest.approx(1)
    assert there.p == back.p


def test_too_few_processes_to_tell():
    a, b = result(seed=1, processes=3), result(seed=2, processes=3, slower={PLANTED: 2.0})
    found = compared(a, b)
    assert {comparison.verdict for comparison in found.values()} - {Verdict.NOISY} == {Verdict.TOO_FEW}
    assert found[PLANTED].interval is None
    # 2 / C(2n, n) <= 0.05 / comparisons
    assert [processes_needed(comparisons) for comparisons in (1, 40, 100, 500)] == [4, 7, 8, 9]


def test_enough_processes_for_one_cell_are_too_few_for_hundreds():
    a, b = result(seed=1, processes=5), result(seed=2, processes=5, slower={PLANTED: 1.5})
    pair = compared(a, b)[PLANTED]
    assert pair.verdict == Verdict.TOO_FEW
    (alone,) = compare([(pair.base, pair.other, True)])
    assert alone.verdict == Verdict.SLOWER and alone.p == pytest.approx(2 / 252)


def test_the_interval_is_that_of_the_rank_test():
    """Of 10 and 10: from the 24th to the 24th last ratio; with 3 and 3 not even all 9 are 95 %."""
    a, b = result(seed=1, repetitions=1), result(seed=2, repetitions=1)
    (found,) = compare([(a.cells[0], b.cells[0], False)])
    ratios = sorted(y / x for x in a.cells[0].samples_ns for y in b.cells[0].samples_ns)
    assert found.interval == (pytest.approx(ratios[23]), pytest.approx(ratios[-24]))


def test_a_noisy_cell_is_never_significant():
    a, b = result(seed=1), result(seed=2, slower={PLANTED: 0.3}, noisier={PLANTED: 0.3})
    for found in (compared(a, b)[PLANTED], compared(b, a)[PLANTED]):
        assert found.verdict == Verdict.NOISY and found.p is None and found.ratio is not None


def test_what_was_not_timed_has_no_ratio():
    a, b = result(seed=1), result(seed=2, failures={PLANTED: "error 99 u"})
    assert (compared(a, b)[PLANTED].verdict, compared(a, b)[PLANTED].ratio) == (Verdict.FAILED, None)
    untimed = dataclasses.replace(b.cells[0], summary=None, samples_ns=[], process=[])
    (found,) = compare([(a.cells[0], untimed, True)])
    assert (found.verdict, found.ratio) == (Verdict.UNTIMED, None)


def test_what_was_timed_on_other_rows_has_no_ratio():
    cell = result(seed=1).cells[0]
    sliced = dataclasses.replace(cell, rows=dataclasses.replace(cell.rows, count=cell.rows.count - 16))
    (found,) = compare([(cell, sliced, True)])
    assert (found.verdict, found.ratio) == (Verdict.OTHER_ROWS, None)
    assert cell.speed_over(sliced) is None and cell.speed_over(cell) == 1


def test_only_one_machine_has_one_yardstick():
    a, b, other = result(seed=1), result(seed=2), result(machine=ALTRA)
    scalar, avx2 = a.cells[0], a.cells[1]
    assert same_machine(a, b) and not same_machine(a, other)
    assert corrects(a, b, scalar, b.cells[0], Drift.AUTO)
    assert not corrects(a, b, scalar, avx2, Drift.AUTO) and not corrects(a, b, scalar, avx2, Drift.CORRECTED)
    assert not corrects(a, other, scalar, other.cells[0], Drift.AUTO)
    for part, change in (
        ("cpu", {"microcode": "0x1"}),
        ("cpu", {"stepping": 9}),
        ("system", {"hypervisor": None}),
        ("topology", {"caches": None}),
    ):
        changed = dataclasses.replace(b, **{part: dataclasses.replace(getattr(b, part), **change)})
        assert not same_machine(a, changed)
    unknown = dataclasses.replace(a, cpu=dataclasses.replace(a.cpu, model=None))
    assert not same_machine(unknown, unknown)


def recorded(path: pathlib.Path) -> Result:
    return parse(gzip.decompress(path.read_bytes()).decode(), str(path))


PAIRS = [pytest.param(*pair, id=f"{pair[0].stem}-{pair[1].stem}") for pair in itertools.combinations(RECORDED, 2)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_recorded_runs_of_one_binary_do_not_differ(first, second):
    a, b = recorded(first), recorded(second)
    assert same_machine(a, b) and a.libaft == b.libaft
    assert share_of_differences(compared(a, b)) <= 0.05
    best = comparison.compare(comparison.columns([a, b], ["best"])).comparisons(1)
    assert sum(found.significant for found in best) <= 0.05 * len(best)


def slowed(result: Result, names: list[str]) -> Result:
    slower = {cell.name: [1.1 * ns for ns in cell.samples_ns] for cell in result.cells if cell.name in names}
    cells = [dataclasses.replace(cell, samples_ns=slower.get(cell.name, cell.samples_ns)) for cell in result.cells]
    return dataclasses.replace(result, cells=cells)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_slowdown_planted_in_recorded_runs_is_found(first, second):
    a, b = recorded(first), recorded(second)
    steady = [name for name, found in compared(a, b).items() if found.verdict == Verdict.ALIKE]
    together = compared(a, slowed(b, steady[::8]))
    assert {name for name in steady[::8] if together[name].verdict != Verdict.SLOWER} == set()
    alone = [compared(a, slowed(b, [name]))[name].verdict == Verdict.SLOWER for name in steady]
    assert sum(alone) >= 0.95 * len(steady) > 0.9 * len(a.cells) * 0.95
