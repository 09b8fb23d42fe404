# SPDX-License-Identifier: MIT
"""Measures, gates, the baseline and the report: each lets pass what it should, and nothing else."""

import io
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from accuracy import __main__ as command_line
from accuracy import gates, guarantees, measure, regimes, report, targets
from accuracy.case import LONG, Case, Target, Tools, decode, difference, encode, evaluate, tried_in_every_way
from accuracy.problem import KERNELS, Problem
from accuracy.programs import EXACT_FIELDS, ProgramError, Run, Unusable
from accuracy.replay import replay

INF, NAN = math.inf, math.nan
FULL = KERNELS[2]


def exact(y=1.0, y_rest=0.0, scale=1.0, visible=1.0):
    """What the reference says of one output."""
    return {
        name: np.array([value])
        for name, value in {"y": y, "y_rest": y_rest, "scale": scale, "visible": visible}.items()
    }


# Measures


@pytest.mark.parametrize(
    ("y", "said", "error"),
    [
        (1 + 2**-23, exact(), 2.0),  # 2^-23 = 2 u
        (1.0, exact(y_rest=2.0**-60), 2.0**-36),  # beyond a double's precision
        (1 + 2**-23, exact(scale=4.0), 0.5),
        (2.0**-135, exact(y=0.0, scale=2.0**-130), 2.0**-136 / 2.0**-154),
        (2.0**-135, exact(y=0.0, scale=2.0**-130, visible=2.0), 0.0),  # within n 2^-136
        (0.0, exact(y=0.0, scale=0.0, visible=0.0), 0.0),
        (2.0**-149, exact(y=0.0, scale=0.0, visible=0.0), INF),
        (INF, exact(), INF),
        (-INF, exact(scale=0.0), INF),
        (NAN, exact(), INF),
    ],
)
def test_scaled_error(y, said, error):
    assert measure.scaled(measure.distance(np.float32([y]), said), said) == [error]


@pytest.mark.parametrize(
    ("y", "ulp"),
    [
        (1.0, 2.0**-23),
        (1 - 2.0**-30, 2.0**-24),
        (-3.0, 2.0**-22),
        (2.0**-125, 2.0**-148),
        (2.0**-126, 2.0**-149),
        (2.0**-149, 2.0**-149),
        (2.0**-160, 2.0**-149),
        (0.0, 2.0**-149),
    ],
)
def test_ulp(y, ulp):
    assert measure.ulps(np.array([3 * ulp]), exact(y)) == [3]


def summary_of(errors):
    """Of outputs that err by so much, in u."""
    errors = np.float64(errors).reshape(1, 1, -1, 1)
    finite = np.isfinite(errors)
    problem = Problem(FULL, *(np.ones(errors.shape, np.float32) for _ in "qkv"))
    problem.rows, problem.channels = np.arange(errors.size), np.arange(1)
    y, zero = np.where(finite, np.float32(1), np.float32(NAN)), np.zeros(errors.shape)
    said = {"y": 1 - measure.U * np.where(finite, errors, 0), "y_rest": zero, "scale": zero + 1, "visible": zero}
    summary = measure.Errors()
    summary.add(problem, y, said)
    return summary.summary()


def test_summary():
    summary = summary_of(range(10000))
    assert (summary["max"], summary["mean"], summary["p999"]) == (9999, 4999.5, 9990)
    assert summary["sizes"] == [{"kv_len": 10000, "channels": 1, "max": 9999, "mean": 4999.5}]


def test_one_bad_output_in_many_is_the_largest():
    summary = summary_of([0.25] * 9999 + [INF])
    assert (summary["max"], summary["mean"], summary["p999"]) == (INF, INF, 0.25)


def test_histogram_counts_every_output():
    errors = [0, 2.0**-30, 2.0**-10, 2.0**-9.75, 1, 127, 128, 1e9, INF]
    histogram = summary_of(errors)["histogram"]
    assert len(histogram) == len(measure.HISTOGRAM_EDGES) and sum(histogram) == len(errors)
    edges = measure.HISTOGRAM_EDGES.tolist()
    assert histogram[0] == 2 and histogram[1] == 2 and histogram[edges.index(1)] == 1
    assert histogram[-2] == 1 and histogram[-1] == 3 and edges[-1] == 128


# Gates


def a_case(regime="normal", isas=("scalar", "avx2"), **errors):
    measured = {"max": 3.0, "mean": 0.5, "p999": 2.0, "checks": 7} | errors
    return {
        "kernel": "full",
        "regime": regime,
        "informative": True,
        "why_not": "",
        "elements": 10,
        "inputs_sha256": "in",
        "output_sha256": "out",
        "failures": [],
        "isas": {isa: dict(measured) for isa in isas},
    }


def a_baseline(*cases):
    return {"cases": {gates.key(case): gates.entry(case) for case in cases}, "exp": {}}


def judged(case, baseline=None):
    gates.judge(case, baseline)
    return case["failures"]


def test_sound_case_passes():
    assert judged(a_case(), a_baseline(a_case())) == []
    assert judged(a_case(max=1 / 3), a_baseline(a_case(max=1 / 3))) == []  # the baseline rounds
    assert judged(a_case(max=24.0, mean=1.0)) == []


@pytest.mark.parametrize("name", ["max", "mean", "p999"])
def test_margin(name):
    sound = a_case()
    baseline, was = a_baseline(sound), sound["isas"]["avx2"][name]
    assert judged(a_case(**{name: was * 1.04}), baseline) == []
    assert judged(a_case(**{name: was / 2}), baseline) == []
    worse = a_case()
    worse["isas"]["avx2"][name] = was * 1.06
    (failure,) = judged(worse, baseline)
    assert failure.startswith(f"avx2: {name} error") and f"was {was:.4g} u (margin 5%)" in failure
    assert judged(a_case(**{name: NAN}), baseline) and judged(a_case(**{name: INF}), baseline)


def test_error_where_there_was_none():
    assert judged(a_case(mean=1e-9), a_baseline(a_case(mean=0.0)))
    assert judged(a_case(mean=0.0), a_baseline(a_case(mean=0.0))) == []


@pytest.mark.parametrize("in_baseline", [3.0, 1e9, INF, NAN])
@pytest.mark.parametrize(
    ("name", "regime"), [("max", "normal"), ("mean", "normal"), ("mean", "few terms"), ("max", "alike terms")]
)
@pytest.mark.parametrize("above", [1.001, INF, NAN])
def test_no_baseline_lifts_a_ceiling(name, regime, above, in_baseline):
    ceiling = measure.CEILINGS_OF.get(regime, measure.CEILINGS)[name]
    case = a_case(regime, **{name: ceiling * above})
    baseline = a_baseline(case)
    baseline["cases"][gates.key(case)] |= {name: in_baseline, "informative": False, "ceilings": {name: 1e9}}
    baseline |= {"ceilings": {name: 1e9}, "CEILINGS": {name: 1e9}}
    baseline = json.loads(json.dumps(baseline))  # as a user's editor leaves it
    raised = [text for text in judged(case, baseline) if f"{name} error" in text and "above the hard ceiling" in text]
    assert [text.split(":")[0] for text in raised] == ["scalar", "avx2"]


def test_regimes_with_a_ceiling_of_their_own():
    assert judged(a_case("few terms", mean=1.2)) == [] and judged(a_case("alike terms", mean=2.4)) == []
    assert judged(a_case("few terms", mean=1.3)) and judged(a_case("alike terms", mean=2.6))
    assert judged(a_case(mean=1.1))
    assert measure.CEILINGS == {"max": 24, "mean": 1}
    assert set(measure.CEILINGS_OF) <= set(regimes.REGIMES)
    assert all(ceilings["max"] == 24 for ceilings in measure.CEILINGS_OF.values())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"inputs_sha256": "other"}, "the inputs are not the baseline's"),
        ({"output_sha256": "other"}, "the bits of the result changed"),
        ({"informative": False, "why_not": "x would pass it"}, "no longer informative: x would pass it"),
        ({"regime": "new"}, "not in the baseline"),
    ],
)
def test_gate(change, complaint):
    (failure,) = judged(a_case() | change, a_baseline(a_case()))
    assert complaint in failure


def test_informative_again_is_no_failure():
    assert judged(a_case(), a_baseline(a_case() | {"informative": False})) == []


def test_other_inputs_are_held_against_the_ceilings_alone():
    assert judged(a_case(max=23.0) | {"output_sha256": "other"}, None) == []


@pytest.mark.parametrize(
    ("mean_of_v", "dropped_keys", "why_not"),
    [
        (24.1, 24.1, ""),
        (INF, INF, ""),
        (24.0, 24.1, "a kernel that returned the mean of v would pass it"),
        (24.1, 0.0, "one that dropped one key in a hundred would pass it"),
        (0.0, 0.0, "a kernel that returned the mean of v and one that dropped one key in a hundred would pass it"),
    ],
)
def test_informative(mean_of_v, dropped_keys, why_not):
    case = Case(FULL, "normal", [])
    case.mutants = {"mean_of_v": mean_of_v, "dropped_keys": dropped_keys}
    result = case.result()
    assert (result["informative"], result["why_not"]) == (not why_not, why_not)


def test_mutants_are_measured_as_kernels_are():
    said = exact(scale=2.0) | {"mean_of_v": np.array([1.5]), "dropped_keys": np.array([1 - 2.0**-20])}
    assert measure.mutants(said) == {"mean_of_v": 2.0**22, "dropped_keys": 8}


# The baseline


def test_changes_of_the_baseline():
    old = a_baseline(a_case(), a_case("sizes"), a_case("masked")) | {"exp": {"1": "a", "509": "b"}}
    new = a_baseline(a_case(max=3.5) | {"output_sha256": "other"}, a_case("sizes"), a_case("huge v")) | {
        "exp": {"1": "a", "509": "c"}
    }
    assert gates.changes(old, new) == [
        "full, huge v: taken in",
        "full, masked: left out",
        "full, normal: max 3.0 -> 3.5",
        "full, normal: output_sha256 out -> other",
        "exp, step 509: b -> c",
    ]
    assert gates.changes(new, new) == []


def test_baseline_is_read_as_it_was_written(tmp_path, monkeypatch):
    text = gates.BASELINE.read_text()
    monkeypatch.setattr(gates, "BASELINE", tmp_path / "baseline.json")
    assert gates.load() == {"cases": {}, "exp": {}}
    baseline = json.loads(text)
    gates.save(baseline)
    assert gates.load() == baseline and gates.BASELINE.read_text() == text
    assert list(tmp_path.iterdir()) == [gates.BASELINE]
    lines = gates.BASELINE.read_text().splitlines()
    assert sum(line.startswith('  "') and '"output_sha256"' in line for line in lines) == len(baseline["cases"])


def test_baseline_has_every_case():
    assert set(gates.load()["cases"]) == {
        f"{kernel}, {regime}" for kernel in KERNELS for regime in regimes.REGIMES if regimes.applies(kernel, regime)
    }


def test_readme_has_the_table_of_the_baseline():
    readme = guarantees.README.read_text()
    assert guarantees.with_table(readme, gates.load()) == readme


@pytest.fixture
def run_of(tmp_path, monkeypatch):
    """Runs scripts/accuracy on cases given in place of those measured; says its status and the baseline it leaves."""
    path = tmp_path / "baseline.json"
    monkeypatch.setattr(gates, "BASELINE", path)
    monkeypatch.setattr(targets, "main_targets", lambda *_, **__: ([], {"scalar": "ran"}))
    monkeypatch.setattr(targets, "describe_machine", dict)
    for module, name in ((command_line, "write_results"), (guarantees, "write_readme"), (report, "print_exp")):
        monkeypatch.setattr(module, name, lambda *_: None)

    def run(arguments, *cases):
        def measured(parsed, run_on, baseline, console):
            for case in cases:
                gates.judge(case, baseline)
            exp = {"isas": {"scalar": {"normal_error": {"value": 1.0}}}, "step": 509, "digests": {}, "failures": []}
            return list(cases), exp

        monkeypatch.setattr(command_line, "measure_everything", measured)
        status = command_line.main(command_line.parse_arguments(arguments))
        return status, json.loads(path.read_text())["cases"] if path.exists() else {}

    return run


def test_only_rebaseline_changes_the_baseline(run_of, capsys):
    kept = {"full, normal": gates.entry(a_case())}
    assert run_of([], a_case()) == (1, {})
    assert run_of(["--rebaseline"], a_case(max=25.0)) == (1, {})  # above a ceiling
    assert run_of(["--rebaseline"], a_case()) == (0, kept)
    assert "full, normal: taken in" in capsys.readouterr().out
    assert run_of([], a_case()) == (0, kept)
    other = a_case() | {"output_sha256": "other"}
    for arguments in ([], ["--quick"], ["--full"]):
        assert run_of(arguments, dict(other, failures=[])) == (1, kept)
    assert run_of(["--seed", "1"], dict(other, failures=[])) == (0, kept)
    assert run_of(["--rebaseline"], dict(other, failures=["avx2: other bits"])) == (1, kept)
    capsys.readouterr()
    assert run_of(["--rebaseline"], dict(other, failures=[])) == (0, {"full, normal": gates.entry(other)})
    assert "full, normal: output_sha256 out -> other\n1 changes" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rebaseline", "--quick"],
        ["--rebaseline", "--regime", "normal"],
        ["--rebaseline", "--seed", "1"],
        ["--quick", "--full"],
        ["--seed", "x"],
    ],
)
def test_arguments_that_do_not_go_together(arguments):
    with pytest.raises(SystemExit) as end:
        command_line.parse_arguments(arguments)
    assert end.value.code == 2


# The report


def printed(function, *arguments):
    text = io.StringIO()
    function(*arguments, Console(file=text, width=150))
    return text.getvalue()


def test_table_marks_what_failed_and_what_proves_little():
    weak = a_case("sizes", max=2.0) | {"informative": False}
    bad = a_case("masked") | {"failures": ["avx2: other bits"]}
    text = printed(report.print_table, [a_case(), weak, bad])
    assert "normal     3.0 0.50" in text and "(2.0 0.50)" in text and "3.0 0.50 !" in text


def test_case_that_ran_nowhere_is_reported(tmp_path):
    tools = Tools([targets.program(targets.NATIVE, "aft_accuracy_exact")], [Target("avx2", ("false",))], tmp_path)
    case = evaluate(FULL, "masked", command_line.SEED, tools)
    tools.close()
    (failure,) = judged(case)
    assert failure.startswith("avx2: ") and "ended" in failure
    assert case["isas"] == {} and case["worst"] is None
    assert "!" in printed(report.print_table, [case])


def test_summary_counts_each_case_once():
    cases = [
        a_case(),
        a_case("sizes") | {"informative": False},
        a_case("masked") | {"failures": ["x", "y"]},
        a_case("huge v") | {"informative": False, "failures": ["x"]},
    ]
    isas = {"scalar": "ran", "neon": "ran under qemu", "avx2": "skipped: no"}
    results = {"cases": cases, "isas": isas, "exp": {"failures": []}}
    text = report.summary(results)
    assert text.startswith("1 passed, 2 failed, 2 not informative; 1 of 3 instruction sets skipped; 40 outputs")
    assert f"{4 * 2 * 7} runs" in text
    assert report.failures(results) == ["full, masked: x", "full, masked: y", "full, huge v: x"]


def test_json_is_strict():
    def refuse(name):
        raise ValueError(name)

    results = {"max": INF, "of": [NAN, {"least": -INF}, np.float64("inf")], "regime": "±20", "none": None, "one": 1}
    assert json.loads(report.to_json(results), parse_constant=refuse) == results | {
        "max": "inf",
        "of": ["nan", {"least": "-inf"}, "inf"],
    }


# Cases


def test_inputs_are_written_to_the_last_bit():
    values = np.float32([0.0, -0.0, 2.0**-149, 3.4e38, -INF, NAN, 0.1])
    assert decode(encode(values)).tobytes() == values.tobytes()


def test_difference_is_of_bits():
    y = np.zeros((1, 2, 2, 2), np.float32)
    assert difference(y, y.copy()) is None
    other = y.copy()
    other[0, 1, 0, 1], other[0, 1, 1, 0] = -0.0, 1
    text = difference(other, y)
    assert text == "2 of 8 outputs, the first at [b,h,t,c] = [0, 1, 0, 1]: -0.0 instead of 0.0"
    assert difference(np.float32([NAN]), np.float32([NAN])) is None


def test_other_bits_name_who_has_the_right_ones():
    """The first that ran: the scalar one may have ended."""

    def runner(y):
        def run(*_):
            if y is None:
                raise ProgramError("ended")
            return Run(np.float32([[[[y]]]]), isa_of[y], 0, [])

        return SimpleNamespace(run=run)

    isa_of = {None: "scalar", 1.0: "avx2", 2.0: "avx512"}
    runners = {Target(isa, ()): runner(y) for y, isa in isa_of.items()}
    said = {name: np.ones((1, 1, 1, 1)) for name in EXACT_FIELDS}
    tools = SimpleNamespace(targets=list(runners), runners=runners, reference=SimpleNamespace(solve=lambda *_: said))
    problem = of_size(1, 1)
    problem.rows = problem.channels = np.arange(1)
    case = Case(FULL, "normal", [problem])
    case.run_problem(problem, None, tools, tried=False)
    assert not case.result()["agree"]
    ended, other = case.failures
    assert ended.startswith("scalar: ended") and other.startswith("avx512: other bits than on avx2")


def test_what_a_whole_run_lacks_is_missed():
    baseline = {"cases": {"full, normal": {}, "full, gone": {}}, "exp": {"509": {}}}
    assert gates.missing(baseline, [a_case()], {"step": 509}) == ["full, gone: in the baseline, but not in this run"]
    assert gates.missing(baseline | {"cases": {}}, [], {"step": 1}) == ["exp, step 1: not in the baseline"]


def test_changes_of_the_guarantees_are_printed():
    old = {"cases": {}, "exp": {}, "guarantees": {"isas": ["scalar", "avx2"], "worst": {"full": {"max": 1.0}}}}
    new = {"cases": {}, "exp": {}, "guarantees": {"isas": ["scalar"], "worst": {"full": {"max": 2.0}}}}
    first, second = gates.changes(old, new)
    assert "isas" in first and "worst, full, max: 1.0 -> 2.0" in second


def test_file_that_is_no_results_file_is_named(tmp_path):
    for number, text in enumerate(("{", "[]", "{}")):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        with pytest.raises(Unusable, match=str(path)):
            gates.read(path)


def of_size(rows, keys):
    k = np.zeros((1, 1, keys, 1))
    return Problem(FULL, np.zeros((1, 1, rows, 1)), k, k, np.zeros((rows, keys)))


def test_one_problem_of_a_case_is_tried_in_every_way():
    small, large, long, longer = of_size(9, 9), of_size(99, 99), of_size(LONG, 2), of_size(LONG, 3)
    assert tried_in_every_way([small, longer, large, long]) is large
    assert tried_in_every_way([longer, long]) is long


@pytest.fixture
def tools(tmp_path):
    (tmp_path / "work").mkdir()
    native, _ = targets.main_targets(full=False, emulated=False)
    tools = Tools([targets.program(targets.NATIVE, "aft_accuracy_exact")], native, tmp_path / "work")
    yield tools
    tools.close()


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_worst_element_is_replayed_to_the_last_bit(kernel, tools, tmp_path):
    rng = np.random.default_rng(1)
    whole = regimes.make(kernel, rng, 61, 5, rows=20, batch=2, heads=2, window=9, kv_lengths=[53, 50])
    case = Case(kernel, "small", [whole]).run(tools).result()
    worst = json.loads(report.to_json(case))["worst"]
    assert worst["error"] == max(errors["max"] for errors in case["isas"].values()) > 0
    problem = replay(kernel, worst)
    problem.write(tmp_path / "replay")
    said = tools.reference.solve(problem, tmp_path / "replay")
    assert said["y"].item() == worst["exact"]
    for target, runner in tools.runners.items():
        y = runner.run(problem, tmp_path / "replay", every_way=False).y
        assert y.tobytes() == np.float32(worst["y"]).tobytes(), target
        assert measure.scaled(measure.distance(y, said), said).item() == worst["error"]


# conftest.py


def test_counts(tmp_path):
    tests, counts = tmp_path / "test_some.py", tmp_path / "counts"
    tests.write_text("""
import pytest
@pytest.mark.parametrize("n", range(5))
def test_passes(n): pass
def test_fails(): assert False
def test_has_no_fixture(absent): pass
def test_is_skipped(): pytest.skip("not here")
@pytest.mark.parametrize("n", range(2))
def test_is_skipped_too(n): pytest.skip()
""")
    counts.write_text("7 0 0\n")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "--rootdir", tmp_path, "--counts", counts]
    done = subprocess.run([*command, tests], cwd=targets.ROOT / "tests", capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    before, added = counts.read_text().splitlines()
    assert before == "7 0 0" and added.startswith("5 2 3 {")
    about = {"test": "test_some.py", "isas": [], "skips": {"Skipped": 2, "not here": 1}}
    assert json.loads(added[len("5 2 3 ") :]) == about
