# SPDX-License-Identifier: MIT
"""bench/performance.py: what of a run gets into PERFORMANCE.md, and that nothing else there changes."""

import json

import performance
import pytest

BEFORE, AFTER = "# A page\n\nwords\n\n", "\nmore words\n"


def row(text, unit="of peak", measured=0.5, **more):
    return {
        "text": text,
        "unit": unit,
        "sense": "at least",
        "bound": 0.6,
        "measured": measured,
        "low": measured - 0.1,
        "high": measured + 0.1,
        "met": measured >= 0.6,
        "note": "",
    } | more


def run(*rows, **context):
    return {"context": {"cpu": "one", "exp": "sleef"} | context, "rows": list(rows)}


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "PERFORMANCE.md"
    sections = [f"<!-- written by {name} -->\nold\n{performance.END}" for name in (performance.COMMAND, "another")]
    path.write_text(BEFORE + "".join(sections) + AFTER, "utf-8")
    monkeypatch.setattr(performance, "PAGE", path)
    return path


def of_both(*rows, **more):
    """What is recorded: a run on either exp provider. The rows are of the first."""
    sleef = run(*rows, row("simple (4,4), sleef exp", "of stream", 0.4), **more)
    return sleef, run(row("simple (4,4), builtin exp", "of stream", 0.6), exp="builtin")


def files(folder, *runs):
    paths = [folder / f"speed-{i}.json" for i in range(len(runs))]
    for path, measured in zip(paths, runs):
        path.write_text(json.dumps(measured), "utf-8")
    return [str(path) for path in paths]


def test_a_run_replaces_its_own_section_alone(page, tmp_path):
    before = page.read_text("utf-8")
    assert performance.main(files(tmp_path, *of_both(row("full (8,8)", measured=0.712)))) == 0
    after = page.read_text("utf-8")
    assert "| full (8,8) | of peak | ≥ 0.60 | 0.712 | 0.612 .. 0.812 | met |" in after
    assert after.startswith(BEFORE) and after.endswith(AFTER)
    assert after[after.index("<!-- written by another") :] == before[before.index("<!-- written by another") :]
    assert not list(page.parent.glob("*.tmp"))


def test_rows_of_both_providers_stand_in_one_table_and_facts_once(page, tmp_path):
    sleef, builtin = of_both(row("a"))
    assert performance.main(files(tmp_path, builtin, sleef)) == 0
    text = page.read_text("utf-8")
    assert "| cpu | one |" in text
    assert "| exp | sleef; builtin |" in text
    assert "| simple (4,4) | 0.400 | 0.600 | 1.50 |" in text


def test_what_falls_short_or_did_not_run_says_so(page, tmp_path):
    skipped = {key: row("b")[key] for key in ("text", "unit", "sense", "bound")} | {"skipped": "no such CPU"}
    assert performance.main(files(tmp_path, *of_both(row("a", measured=0.3, note="why"), skipped))) == 0
    text = page.read_text("utf-8")
    assert "| a | of peak | ≥ 0.60 | 0.300 | 0.200 .. 0.400 | **short** why |" in text
    assert "| b | of peak | ≥ 0.60 |  |  | skipped: no such CPU |" in text


def test_the_parts_of_the_time_add_up(page, tmp_path):
    given = row("full (8,8)", measured=0.5, rate_behind=0.9)
    prepared = row("full (8,8), prepared", measured=0.625, rate_behind=0.9)
    assert performance.main(files(tmp_path, *of_both(given, prepared))) == 0
    cells = next(line for line in page.read_text("utf-8").splitlines() if line.startswith("| full (8,8) | 2.000"))
    time, flops, _, *parts = (cell.strip() for cell in cells.split("|")[2:-1])
    assert [flops, *parts] == ["1", "0.160", f"{1.6 - 1 - 1 / 16 - 0.16:.3f}", "0.400"]
    assert abs(float(flops) + 1 / 16 + sum(map(float, parts)) - float(time)) < 0.002


@pytest.mark.parametrize("spoil", ["wrong", "no section", "no file", "no builtin exp", "no sleef exp"])
def test_nothing_is_written_of_a_run_that_cannot_be_recorded(page, tmp_path, capsys, spoil):
    paths = files(tmp_path, *of_both(row("a") | ({"wrong": "NaN"} if spoil == "wrong" else {})))
    if spoil == "no section":
        page.write_text("# Another page\n", "utf-8")
    if spoil == "no file":
        paths.append(str(tmp_path / "missing.json"))
    if spoil.endswith("exp"):
        paths.pop(("no sleef exp", "no builtin exp").index(spoil))
    before = page.read_text("utf-8")
    assert performance.main(paths) == 3
    assert page.read_text("utf-8") == before
    said = capsys.readouterr().err
    assert "nothing is recorded" in said and (not spoil.endswith("exp") or spoil.replace("no ", "rows of the ") in said)
