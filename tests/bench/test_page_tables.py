# SPDX-License-Identifier: MIT
"""The page's tables in Chromium: their values are the results', and they sort and filter by mouse and by keyboard."""

import pytest

UNITS = {"s": 1e9, "ms": 1e6, "µs": 1e3, "ns": 1}
ROWS = "#cells tbody tr"


def column(tab, name: str, table: str = "cells") -> list[str]:
    heads = tab.locator(f"#{table} thead th").all_text_contents()
    cells = tab.locator(f"#{table} tbody tr:not([hidden]) :nth-child({heads.index(name) + 1})")
    return cells.evaluate_all("cells => cells.filter((cell) => /^T[DH]$/.test(cell.tagName)).map((c) => c.textContent)")


def nanoseconds(text: str) -> float | None:
    number, _, unit = text.removeprefix("≈ ").partition(" ")
    return float(number.replace(",", "")) * UNITS[unit] if unit in UNITS else None


def near(text: str, value: float, digits: float = 2e-3) -> bool:
    number = float(text.rstrip(" %u×").replace(",", ""))
    return abs(number - value) <= max(0.0051, digits * value)


def test_every_cell_is_there_with_its_values(show, pages):
    tab, cells = show("one"), pages("one").raw[0]["cells"]
    names = ("ISA", "Threads", "Time", "ns/output", "Gflop/s", "GB/s", "Share", "Binds", "Error", "Remarks")
    shown = list(zip(*(column(tab, name) for name in names), strict=True))
    assert len(shown) == len(cells) == 216
    for cell, (isa, threads, time, output, flops, rate, share, binds, error, remark) in zip(cells, shown, strict=True):
        summary, work = cell["summary"], cell["work"]
        assert (isa, threads) == (cell["isa"], str(cell["threads"]))
        assert near(error, cell["max_error_u"])
        if cell["failure"]:
            assert (time, output, share) == ("✗ failed", "", "") and cell["failure"] in remark
            continue
        assert abs(nanoseconds(time) / summary["median_ns"] - 1) < 1e-3
        assert time.startswith("≈") == summary["noisy"] == ("noisy" in remark)
        assert near(output, summary["median_ns"] / work["elements"])
        assert near(flops, work["flops"] / summary["median_ns"]) and near(rate, work["bytes"] / summary["median_ns"])
        assert near(share, 100 * summary["share"]) or abs(float(share[:-1]) - 100 * summary["share"]) < 0.06
        assert binds == summary["binds"]
        assert ("64 of 4096 rows" in remark) == (cell["rows"]["count"] == 64)
        assert ("ran avx2" in remark) == (cell["isa_ran"] != cell["isa"])


def test_what_was_not_measured_says_so(show, pages):
    times = column(show("partial"), "Time")
    assert [time == "○ none" for time in times] == [i >= 100 for i in range(216)]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_it_sorts_both_ways_and_leaves_what_has_no_value_last(show, by):
    tab = show("one")
    head = tab.locator("#cells thead button", has_text="Time")
    for order in ("ascending", "descending"):
        head.click() if by == "mouse" else (head.focus(), tab.keyboard.press("Enter"))
        *times, last = map(nanoseconds, column(tab, "Time"))
        assert last is None and None not in times
        assert times == sorted(times, reverse=order == "descending")
        assert tab.locator("#cells [aria-sort]").get_attribute("aria-sort") == order
    tab.locator("#cells thead button", has_text="Kernel").click()
    assert column(tab, "Kernel, shape")[0] == "full · B=32 T=10 d=64"
    assert tab.locator("#cells [aria-sort]").count() == 1


def test_shapes_sort_by_their_numbers(show):
    tab = show("good")
    tab.locator("#cells thead button", has_text="Kernel").click()
    plain = list(dict.fromkeys(text for text in column(tab, "Kernel, shape") if text.startswith("simple · T=")))
    assert [text.split("T=")[1].split()[0] for text in plain] == ["197", "1024", "4096", "16384"]


def test_it_filters_by_every_word(show):
    tab = show("one")
    field, rows = tab.locator('input[data-table="cells"]'), tab.locator(f"{ROWS}:not([hidden])")
    for words, expected in (("noisy", 1), ("FAILED", 1), ("avx2 causal prepared", 8), ("no such", 0), ("", 216)):
        field.fill(words)
        assert rows.count() == expected
        assert tab.locator("#cells-shown").inner_text() == f"{expected} of 216 rows"


def test_means_and_comparisons_have_their_tables(show):
    tab = show("three")
    of_all = [i for i, kernel in enumerate(column(tab, "Kernel", "means")) if kernel == "all"]
    assert len(of_all) >= 2
    tab.locator("summary", has_text="Every comparison").click()
    tab.locator('input[data-table="ratio-rows"]').fill("best")
    verdicts = column(tab, "B/A", "ratio-rows")
    assert len(verdicts) > 36 and all(text == "" or float(text[:-1]) > 0 for text in verdicts)


def test_folds_open_and_have_the_reasons(show):
    tab = show("one")
    fold = tab.locator("details", has_text="All facts")
    reason = fold.get_by_text("not readable: there is no cpufreq here").first
    assert not reason.is_visible()
    fold.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert reason.is_visible()
    flags = tab.locator("details", has_text="Compiler flags")
    flags.locator("summary").click()
    assert flags.get_by_text("-O3").is_visible()


def test_without_javascript_the_tables_and_facts_are_there(show):
    tab = show("one", live=False)
    assert tab.locator(ROWS).count() == 216 and tab.locator(ROWS).first.is_visible()
    tab.locator("summary", has_text="All facts").click()
    assert tab.get_by_text("Intel(R) Xeon(R) Platinum 8481C").is_visible()
    assert tab.get_by_text("The charts need JavaScript").is_visible()
    for dead in ("form.controls", "figure", "input", "select"):
        assert not any(found.is_visible() for found in tab.locator(dead).all()), dead
    assert tab.locator("thead button").count() == 0
