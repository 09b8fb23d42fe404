# SPDX-License-Identifier: MIT
"""The page in Chromium: on a phone, in the dark, on paper, and to who cannot see it."""

import re

import pytest

PHONE = 360
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3  # of WCAG 2, level AA
PAPER = {"light": (255, 255, 255), "dark": (20, 24, 29)}
CHARTS = ("roofline", "times", "shares", "isas", "ratios")


def rgb(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def colours(tab, selector: str, what: str) -> set[tuple[int, ...]]:
    script = f"found => found.map((one) => getComputedStyle(one).{what})"
    found = tab.locator(selector).evaluate_all(script)
    assert found, selector
    return {rgb(colour) for colour in found if colour != "none"}


def check_colours(tab, mode: str) -> None:
    paper = colours(tab, "body", "backgroundColor")
    assert paper == {PAPER[mode]}
    background = paper.pop()
    for chart in CHARTS:
        for colour in colours(tab, f"#{chart} svg text", "fill"):
            assert contrast(colour, background) >= TEXT_CONTRAST, (chart, colour)
        for colour in colours(tab, f"#{chart} .points_marks path", "stroke"):
            assert contrast(colour, background) >= MARK_CONTRAST, (chart, colour)
    for colour in colours(tab, "main :is(p, dt, dd, td, th, summary, label, select)", "color"):
        assert contrast(colour, background) >= TEXT_CONTRAST, colour


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_have_contrast_and_follow_the_mode(show, mode):
    tab = show("three", color_scheme=mode)
    check_colours(tab, mode)
    other = "light" if mode == "dark" else "dark"
    tab.emulate_media(color_scheme=other)  # while it is open
    check_colours(tab, other)


def test_kernels_have_colours_of_their_own(show):
    tab = show("one")
    assert len(colours(tab, "#roofline .points_marks path", "stroke")) == 3
    assert len(colours(tab, "#roofline .key svg", "stroke")) == 4  # and the grey of the forms


@pytest.mark.parametrize("variant", ["one", "three", "empty", "hostile beside another"])
def test_nothing_sticks_out_on_a_phone(show, variant):
    tab = show(variant, width=PHONE, has_touch=True, is_mobile=True)
    for fold in tab.locator("summary").all():
        fold.click()
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE == tab.evaluate("innerWidth")
    for chart in tab.locator(".chart svg").all():
        if chart.is_visible():
            box = chart.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE
    for element in tab.locator("select:visible, input:visible").all():
        assert element.bounding_box()["height"] >= 36


def test_texts_of_charts_stay_legible_and_inside_on_a_phone(show):
    tab = show("one", width=PHONE)
    script = """texts => texts.filter((text) => text.textContent).map((text) => {
        const box = text.getBoundingClientRect();
        return [parseFloat(getComputedStyle(text).fontSize), box.left, box.right, text.textContent];
    })"""
    for size, left, right, text in tab.locator(".chart svg text").evaluate_all(script):
        assert size >= 11 and left >= 0 and right <= PHONE, text
    # Nor is the whole drawing shrunk, and its texts with it.
    scales = "drawings => drawings.map((svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"
    assert all(scale > 0.99 for scale in tab.locator(".chart svg").evaluate_all(scales))


def test_charts_fit_a_window_that_is_resized(show):
    tab = show("one")
    tab.set_viewport_size({"width": PHONE, "height": 800})
    tab.wait_for_function("document.querySelector('#roofline svg').getBoundingClientRect().width < 360")
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE


def test_wide_tables_scroll_by_themselves_and_keep_their_names(show):
    tab = show("one", width=PHONE)
    scroll = tab.locator(".scroll", has=tab.locator("#cells"))
    scroll.evaluate("box => box.scrollLeft = 300")
    assert scroll.evaluate("box => box.scrollLeft") == 300
    name, box = tab.locator("#cells tbody th").first.bounding_box(), scroll.bounding_box()
    assert abs(name["x"] - box["x"]) <= 2


def test_paper_has_no_controls_nor_dark(show):
    tab = show("one", color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    assert colours(tab, "body", "backgroundColor") == {PAPER["light"]}
    assert not tab.locator(".controls").is_visible()
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.get_by_text("not readable: there is no cpufreq here").first.is_visible()


def test_it_can_be_read_aloud(show):
    tab = show("three")
    levels = tab.locator("h1, h2, h3, h4, h5, h6").evaluate_all("heads => heads.map((head) => Number(head.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))
    for control in tab.locator("select:visible, input:visible").all():
        assert control.evaluate("control => control.labels.length") == 1
    for chart in CHARTS:
        assert tab.locator(f"#{chart} svg [aria-label], #{chart} svg[aria-label]").count() > 0
    for box in tab.locator(".scroll").all():
        assert box.get_attribute("tabindex") == "0" and box.get_attribute("aria-label")
