# SPDX-License-Identifier: MIT
"""The page says what the results say, whole, escaped and at once.

Run: PYTHONPATH=tests:scripts python -m pytest tests/accuracy
"""

import html
import math
import random
import re

import pytest

from accuracy import page

ISAS = ("scalar", "avx2", "avx512", "neon")
KERNELS = ("simple", "simple causal", "full", "full causal", "local", "local causal")
REGIMES = (
    "trained",
    "normal",
    "sizes",
    "T=16384",
    "uniform ±20",
    "logits ±1e4",
    "logits ±1e6",
    "slow keys T=65536",
    "far key",
    "equal keys, v=3e37",
    "alike terms",
    "rising keys",
    "falling keys",
    "window edges",
    "dominant key",
    "masked",
    "subnormal",
    "huge v",
)
UNINFORMATIVE = ("masked", "dominant key")
HISTOGRAM_EDGES = [0] + [2 ** (half / 2) for half in range(-20, 15)]
HOSTILE = 'full causal, normal: max 31.2 > 24 & "<script>alert(1)</script>"'


def figures(elements, largest, regime, randomness):
    """One instruction set's measures of a case: errors that look like a kernel's."""
    errors = [largest * min(1, abs(randomness.gauss(0, 0.25))) for _ in range(elements - 1)] + [largest]
    histogram = [0] * len(HISTOGRAM_EDGES)
    for error in errors:
        histogram[sum(error >= edge for edge in HISTOGRAM_EDGES[1:])] += 1
    lengths = {"sizes": range(1, 66), "T=16384": (16384,)}.get(regime, (256, 1024, 4096))
    return {
        "max": largest,
        "mean": sum(errors) / elements,
        "p999": sorted(errors)[int(elements * 0.999)],
        "ulp_max": largest * 37,
        "ulp_mean": largest / 3,
        "histogram": histogram,
        "checks": 26,
        "sizes": [
            {"kv_len": length, "channels": 64, "max": 0.5 + largest * length / (length + 50), "mean": 0.3}
            for length in lengths
        ],
    }


def synthetic_case(kernel, regime, randomness):
    largest = 0.0 if regime == "masked" else randomness.lognormvariate(1, 0.5)
    measured = figures(512, largest, regime, randomness)
    return {
        "kernel": kernel,
        "regime": regime,
        "elements": 512,
        "ceilings": {"max": 24, "mean": 1},
        "informative": regime not in UNINFORMATIVE,
        "why_not": "a mean of v would pass: 3.2 u" if regime in UNINFORMATIVE else "",
        "inputs_sha256": "5f" * 32,
        "output_sha256": f"{randomness.getrandbits(256):064x}",
        "agree": True,
        "isas": dict.fromkeys(ISAS, measured),
        "worst": {
            "isa": "avx2",
            "problem": "T=4096 d=64",
            "batch": 0,
            "head": 1,
            "row": randomness.randrange(4096),
            "channel": 2,
            "error": largest,
        },
        "mutants": {"mean_of_v": 1e7, "dropped_keys": 3e5},
        "baseline": {"max": largest, "mean": measured["mean"], "p999": measured["p999"]},
        "failures": [],
    }


def synthetic_results(failing=False):
    randomness = random.Random(1)
    exp = {
        "provider": "sleef",
        "normal_error": {"value": 0.988, "at": -87.33654022216797},
        "descents": 0,
        "first_descent": None,
        "inputs": 17111423,
    }
    results = {
        "format": 1,
        "date": "2026-11-22T11:00:00Z",
        "command": "scripts/accuracy",
        "commit": "c414f5a",
        "seed": 20210528,
        "seconds": 93.1,
        "machine": {
            "cpu": "Intel(R) Xeon(R) Processor @ 2.60GHz",
            "cores": 2,
            "compiler": "gcc 12.2.0",
            "exp_provider": "sleef",
        },
        "isas": {"scalar": "ran", "avx2": "ran", "avx512": "ran", "neon": "ran under qemu-aarch64"},
        "ceilings": {"max": 24, "mean": 1},
        "histogram_edges": HISTOGRAM_EDGES,
        "cases": [
            synthetic_case(kernel, regime, randomness)
            for kernel in KERNELS
            for regime in REGIMES
            if regime != "window edges" or "local" in kernel
        ],
        "exp": {"scope": "sample: every 251st float", "isas": dict.fromkeys(ISAS, exp), "failures": []},
        "failures": [],
    }
    if failing:
        fail(results)
    return results


def fail(results):
    """Faults of every kind: too large an error, NaN, other bits, an instruction set that did not run."""
    cases = {(case["kernel"], case["regime"]): case for case in results["cases"]}
    large, nan, bits = cases["full causal", "normal"], cases["local", "huge v"], cases["simple", "far key"]
    large["isas"] = {isa: measured | {"max": 31.2} for isa, measured in large["isas"].items()}
    large["failures"] = [HOSTILE]
    nan["isas"] = {isa: measured | {"max": float("nan")} for isa, measured in nan["isas"].items()}
    nan["failures"] = ["local, huge v: a NaN where <exact> is finite"]
    bits["agree"] = False
    bits["failures"] = ["simple, far key: avx512 differs from scalar at [0,0,3,2]"]
    cases["local", "window edges"]["baseline"] = None
    results["isas"]["neon"] = "skipped: qemu-aarch64 <is not> installed"
    for case in results["cases"]:
        case["isas"] = {isa: measured for isa, measured in case["isas"].items() if isa != "neon"}
    results["failures"] = large["failures"] + nan["failures"] + bits["failures"]


def written(results, folder):
    path = folder / "page.html"
    page.write_page(results, path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def passing(tmp_path_factory):
    return written(synthetic_results(), tmp_path_factory.mktemp("passing"))


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    return written(synthetic_results(failing=True), tmp_path_factory.mktemp("failing"))


def test_it_needs_no_other_file(failing):
    assert "http" not in failing
    assert "<script" not in failing
    assert not re.search(r'(src|href)="(?!#|data:)', failing)
    assert failing.count("<svg") == 3
    ids = re.findall(r' id="([^"]*)"', failing)
    assert len(ids) == len(set(ids))


def test_the_verdict_is_the_results(passing, failing):
    assert "<strong>✓ PASSED</strong> 104 cases on 4 instruction sets: nothing got worse." in passing
    assert "FAILED" not in passing
    assert "<strong>✗ FAILED</strong> 3 failures, in 3 of 104 cases on 3 instruction sets." in failing
    assert "PASSED" not in failing


def test_a_failure_outside_the_cases_fails(tmp_path):
    results = synthetic_results()
    results["failures"] = ["exp: avx2 is not monotone"]
    assert "<strong>✗ FAILED</strong> 1 failure, in the run itself." in written(results, tmp_path)
    results["exp"]["failures"] = results["failures"]
    assert "<strong>✗ FAILED</strong> 1 failure, in the exponential." in written(results, tmp_path)


def test_every_failure_is_told_and_escaped(failing):
    failures = synthetic_results(failing=True)["failures"]
    assert HOSTILE in failures
    for failure in failures:
        assert f"<li>{html.escape(failure)}</li>" in failing
    assert failing.count('<tr class="failed">') == 3


def test_a_skipped_instruction_set_is_told_beside_the_verdict(passing, failing):
    reason = "skipped: qemu-aarch64 &lt;is not&gt; installed"
    assert f"neon: {reason}" in failing
    assert f"<dt>neon</dt><dd>{reason}</dd>" in failing
    assert "skipped" not in passing


def test_every_case_is_in_the_table(passing):
    for case in synthetic_results()["cases"]:
        row = passing.partition(f'<th scope="row">{case["kernel"]}, {case["regime"]}</th>')[2].partition("</tr>")[0]
        assert f"<td>{case['output_sha256'][:12]}</td>" in row
        assert ("not informative: a mean of v" in row) != case["informative"]


def test_the_exponential_is_told_to_the_input(passing):
    assert f'<th scope="row">normal error</th>{"<td>value 0.988, at -87.3365402</td>" * 4}' in passing.replace(
        ' class="number"', ""
    )
    assert "Sample: every 251st float." in passing


def test_names_are_text_not_formulas_or_markup(tmp_path):
    results = synthetic_results()
    for case in results["cases"]:
        case["regime"] = case["regime"].replace("normal", "$x^2$ <b>")
    text = written(results, tmp_path)
    assert re.search(r"<text[^>]*>\$x\^2\$ &lt;b&gt;</text>", text)  # the heat map's label
    assert text.count("$x^2$ &lt;b&gt;</th>") >= len(KERNELS)
    assert "<b>" not in text


def test_agreement_of_the_instruction_sets(passing, failing):
    assert "Every case has the same output" in passing
    assert "differs between instruction sets: 1 of 104" in failing


@pytest.mark.parametrize("error", [math.nan, math.inf, 0.0])
def test_errors_without_a_logarithm_are_drawn(tmp_path, error):
    results = synthetic_results()
    for case in results["cases"]:
        case["worst"]["error"] = error
        for measured in case["isas"].values():
            measured |= {"max": error, "mean": error, "histogram": [0] * len(HISTOGRAM_EDGES)}
            measured["sizes"] = [size | {"max": error, "mean": error} for size in measured["sizes"]]
    results["cases"][0]["isas"] = {}
    results["cases"][0]["worst"] = None
    text = written(results, tmp_path)
    assert page.number(error) in text
    assert (text.count("#440154") > len(KERNELS)) == (error == 0)  # the lowest colour; the colour bar has it too


def test_the_old_page_stays_when_a_new_one_fails(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("old")

    def broken(*arguments):
        raise RuntimeError("no picture")

    monkeypatch.setattr(page.pictures, "error_by_length", broken)
    with pytest.raises(RuntimeError, match="no picture"):
        page.write_page(synthetic_results(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
