# SPDX-License-Identifier: MIT
"""The page says what the results say, whole and escaped. Run: PYTHONPATH=bench:scripts python -m pytest tests/bench"""

import html
import json
import re

import pytest
from pages import FAILED, HOSTILE, NOISY, VARIANTS, make, partial

LARGEST = 3_000_000  # bytes


def text(page) -> str:
    """Without scripts, whose library is not ours."""
    return re.sub(r"<script.*?</script>", "", page.html, flags=re.S)


def facts(page) -> dict[str, str]:
    table = text(page).split('aria-label="Facts"')[1].split("</table>")[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td[^>]*>(.*?)</td>', table)
    return {html.unescape(name): html.unescape(value) for name, value in rows}


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_needs_no_other_file(pages, variant):
    page = pages(variant)
    assert len(page.html.encode()) < LARGEST
    unquoted = re.sub(r'"[^"]*"', '""', text(page))
    assert not re.search(r"<[^>]*\b(src|href)=", unquoted)
    assert not re.search(r"url\(|@import|://", text(page))
    ids = re.findall(r' id="([^"]*)"', text(page))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("variant", "verdict"),
    [
        ("good", "<strong>✓ CORRECT</strong> 216 cells measured, each with the right result."),
        ("one", "<strong>✗ FAILED</strong> 1 of 216 cells failed the check: not timed."),
        (
            "partial",
            "<strong>◐ PARTIAL</strong> The run was interrupted: 100 of 216 cells measured, each with the right",
        ),
        ("empty", "<strong>◐ EMPTY</strong> No cell was measured. The run was interrupted."),
    ],
)
def test_the_verdict_is_the_results(pages, variant, verdict):
    assert verdict in text(pages(variant))
    assert text(pages(variant)).count("<strong>") == 1


def test_a_failure_in_an_interrupted_run_hides_neither(tmp_path):
    result = partial()
    result["cells"][200]["failure"] = "wrong"
    assert "failed the check: not timed. The run was interrupted: 100 of 216" in make(tmp_path, result).html


def test_what_weakens_a_result_stands_beside_the_verdict(pages):
    head = text(pages("one")).split("</header>")[0]
    for remark in ("1 cell too noisy to win", "avx10 skipped: the CPU lacks it", "files that differed", "not bound to"):
        assert remark in head
        assert remark not in text(pages("good")).split("</header>")[0]


def test_facts_are_the_results_and_unreadable_ones_have_their_reason(pages):
    told = facts(pages("one"))
    assert told["CPU: Model"] == "Intel(R) Xeon(R) Platinum 8481C"
    assert told["CPU: Instruction sets"] == (
        "scalar (1 lane, exp from sleef); avx2 (8 lanes, exp from sleef); avx512 (16 lanes, exp from sleef); "
        "avx10 skipped: the CPU lacks it"
    )
    assert told["Topology: Caches"] == "L1d 48 KiB, L2 2 MiB, L3 105 MiB for 2 CPUs"
    assert told["Clock: Measured"] == "2,700 MHz"
    assert told["Clock: Governor"] == "not readable: there is no cpufreq here"
    assert told["Clock: Boost"] == "not known"
    assert told["System: Container"] == "none seen"
    assert told["System: Memory"] == "16 GiB"
    assert told["Build: Files changed since"] == "yes"
    assert told["Run: Command"] == "scripts/bench --threads=1,2"


def test_a_reason_without_a_fact_is_told_too(pages):
    assert facts(pages("hostile"))[f"clock.{HOSTILE}"] == f"not readable: {HOSTILE}"


def test_every_failure_is_told(pages):
    listed = text(pages("one")).split('class="failures"')[1].split("</section>")[0]
    assert f"<code>{FAILED}</code>: output [0,3,7] is 0.5, not 0.25</li>" in listed
    assert 'class="failures"' not in text(pages("good"))


def test_texts_of_a_result_are_text(pages):
    for variant in ("hostile", "hostile beside another"):
        page = pages(variant)
        assert text(page).count(html.escape(HOSTILE)) > 10
        assert "<img" not in text(page) and "<b>" not in text(page)
        assert page.html.count("</script>") == 3
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)[1]
        assert {row["isa"] for row in json.loads(data)["datasets"]["cells"]} >= {"scalar", HOSTILE}


def test_no_text_of_a_result_is_in_an_expression(pages):
    """Vega would run it. Charts are the same for every result but for the ends of their axes."""

    def charts(variant):
        data = re.search(r'id="data">(.*?)</script>', pages(variant).html, re.S)[1]
        return json.dumps(json.loads(data)["charts"])

    assert "onerror" not in charts("hostile beside another")
    assert "Xeon" not in charts("three")


def test_omitted_slices_are_counted(pages):
    assert "2 cells left out: timed on fewer rows." in text(pages("one"))
    assert "All were timed on whole sequences." in text(pages("good"))


def test_the_run_can_be_repeated(pages):
    assert "<code>scripts/bench --threads=1,2</code> at commit <code>5830a6b</code>" in text(pages("good"))


def test_noise_is_told(pages):
    row = next(row for row in text(pages("one")).split("<tr") if "≈ noisy" in row)
    assert "local · T=4096 d=256 s=32" in row and "avx512" in row and 'class="unsteady"' in row
    assert NOISY.startswith("local/T=4096") and text(pages("one")).count("≈ noisy") == 1


def test_one_result_says_how_to_compare(pages):
    assert "scripts/compare A B" in text(pages("good"))
    assert "scripts/compare A B" not in text(pages("three"))
