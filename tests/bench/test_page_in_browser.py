# SPDX-License-Identifier: MIT
"""The page in Chromium: every control is used, and what is then drawn is counted against the results."""

import itertools

import pytest
from pages import HOSTILE, SLICED

WIDTHS = (360, 1280)


def drawn(tab, figure: str) -> int:
    return tab.locator(f"#{figure} svg .points_marks path").count()


def choose(tab, control: str, value: str) -> None:
    tab.select_option(f"#{control}", value)
    tab.wait_for_function("value => document.body.dataset.shown === value", arg=f"{control}={value}")


def offered(tab, control: str) -> list[str]:
    return tab.locator(f"#{control} option").evaluate_all("options => options.map((option) => option.value)")


def speeds(page, **wanted) -> int:
    """Cells whose scalar one was timed too, and on the same rows."""

    def task(c):
        return c["kernel"], c["form"], c["causal"], c["time"], c["threads"], c["rows"]["count"]

    scalar = {task(c) for c in page.cells(isa="scalar")}
    return sum(c["isa"] != "scalar" and task(c) in scalar for c in page.cells(**wanted))


def test_each_choice_draws_its_cells(show, pages):
    tab, page = show("one"), pages("one")
    assert offered(tab, "isa") == ["scalar", "avx2", "avx512"] and offered(tab, "threads") == ["1", "2"]
    assert tab.input_value("#isa") == "avx512" and tab.input_value("#kernel") == "all"
    choices = itertools.product(("scalar", "avx2", "avx512"), (1, 2), ("all", "simple", "full", "local"))
    for isa, threads, kernel in choices:
        choose(tab, "isa", isa)
        choose(tab, "threads", str(threads))
        choose(tab, "kernel", kernel)
        of_kernel = {} if kernel == "all" else {"kernel": kernel}
        cells = page.cells(isa=isa, threads=threads, **of_kernel)
        whole = [c for c in cells if c["rows"]["count"] == c["time"]]
        assert drawn(tab, "roofline") == drawn(tab, "shares") == len(cells) > 0
        assert drawn(tab, "times") == len(whole)
        assert drawn(tab, "isas") == speeds(page, threads=threads, **of_kernel)
        for figure in ("roofline", "shares", "times"):
            hollow = tab.locator(f'#{figure} .points_marks path[fill-opacity="0"]').count()
            assert hollow == sum(cell["summary"]["noisy"] for cell in cells)


def test_channels_narrow_the_times(show, pages):
    tab, page = show("good"), pages("good")
    for channels in offered(tab, "channels")[1:]:
        choose(tab, "channels", channels)
        assert drawn(tab, "times") == len(page.cells(isa="avx512", threads=1, channels=int(channels)))
    assert sorted(offered(tab, "channels")) == ["0", "192", "256", "512", "64"]


def test_the_roofline_has_its_roofs(show, pages):
    tab = show("one")
    names = tab.locator("#roofline svg text").all_text_contents()
    for roof in ("fma 1", "L1 1", "L2 7", "L3 3", "memory 12"):
        assert any(name.startswith(roof) for name in names), names
    assert tab.locator("#roofline svg .mark-line path").count() == 5


def test_each_cpu_has_its_own_choices(show, pages):
    tab, page = show("three"), pages("three")
    for i, isas, threads in ((1, ["scalar", "avx2"], ["1", "2"]), (2, ["scalar", "neon"], ["1", "4"])):
        choose(tab, "result", offered(tab, "result")[i])
        assert (offered(tab, "isa"), offered(tab, "threads")) == (isas, threads)
        assert drawn(tab, "roofline") == len(page.cells(i, isa=isas[-1], threads=1))


def test_cpus_are_compared_by_their_best_or_alike(show, pages):
    tab, page = show("three"), pages("three")
    cases = len(page.cells(1, isa="scalar", threads=1))
    assert offered(tab, "which") == ["best", "scalar", "avx2", "avx512", "neon"]
    # Two of the first CPU's fastest were timed on fewer rows. The second has avx2 at most; one of its cells failed.
    for which, points in (
        ("best", 2 * (cases - len(SLICED))),
        ("scalar", 2 * cases),
        ("avx2", cases - 1),
        ("avx512", 0),
        ("neon", 0),
    ):
        choose(tab, "which", which)
        assert drawn(tab, "ratios") == points
        assert tab.locator("#ratios .empty").is_visible() == (points == 0)


@pytest.mark.parametrize("variant", ["empty", "partial"])
def test_a_chart_without_cells_says_so(show, pages, variant):
    tab, cells = show(variant), len(pages(variant).cells(isa="avx512", threads=1))
    for figure in ("roofline", "shares", "times"):
        assert drawn(tab, figure) == cells
        assert tab.locator(f"#{figure} .empty").is_visible() == (cells == 0)
        assert tab.locator(f"#{figure} .chart").is_visible() == (cells > 0)


def test_a_point_tells_what_it_is(show, pages):
    tab = show("one")
    tab.locator("#shares .points_marks path").first.hover()
    told = tab.locator("#vg-tooltip-element").inner_text()
    first = pages("one").cells(isa="avx512", threads=1)[0]
    assert (
        "simple · T=197 d=192" in told
        and f"{first['summary']['share']:.1%}" in told
        and first["summary"]["binds"] in told
    )


def test_hostile_texts_do_nothing(show):
    for variant in ("hostile", "hostile beside another"):
        tab = show(variant)
        if tab.locator("#result option").count() > 1:
            choose(tab, "result", offered(tab, "result")[1])
            tab.locator("#ratios .points_marks path").first.hover()
            assert "onerror" in tab.locator("#vg-tooltip-element").inner_text()
        choose(tab, "isa", HOSTILE)
        tab.locator("#shares .points_marks path").first.hover()
        assert "onerror" in tab.locator("#vg-tooltip-element").inner_text()
        assert tab.locator("img, b").count() == 0
        assert tab.evaluate("window.hacked") is None
