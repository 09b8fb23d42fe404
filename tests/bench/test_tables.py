# SPDX-License-Identifier: MIT
"""What stands beside a results.json: the same figures as CSV and Markdown, whole files or none."""

import csv

import pytest
from fabricate import Run, fabricate, write
from machines import ALTRA
from report import __main__ as program
from report import tables
from report.results import read

FAILED = "full/T=197,d=192/avx512/threads=1"


@pytest.fixture
def folder(tmp_path):
    return write(fabricate(Run(threads=(1,), failures={FAILED: "error 99 u"})), tmp_path / "run")


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(program, "render", lambda results: "<p>")


def lines(text: str, beginning: str) -> list[list[str]]:
    """Rows of Markdown tables as cells."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(f"| {beginning}")
    ]


def test_csv_has_a_row_for_each_cell(folder):
    result = read(folder)
    text = tables.to_csv(result)
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["name"] for row in rows] == [cell.name for cell in result.cells]
    assert text.count("\r\n") == text.count("\n") == len(rows) + 1
    for row, cell in zip(rows, result.cells, strict=True):
        if cell.failure:
            assert (row["failure"], row["median_ns"], row["samples"]) == (cell.failure, "", "0")
        else:
            assert float(row["median_ns"]) == cell.summary.median_ns
            assert float(row["ns_per_element"]) == cell.summary.median_ns / cell.work.elements
            assert (row["processes"], row["samples"], row["noisy"]) == ("10", "50", str(cell.summary.noisy))
        assert (row["cpu"], row["commit"]) == (result.cpu.model, result.libaft.commit)
    assert sum(bool(row["failure"]) for row in rows) == 1


def test_csv_quotes(folder):
    data = fabricate(Run(processes=1, repetitions=1, threads=(1,), failures={FAILED: 'says "no", twice\nor more'}))
    rows = list(csv.DictReader(tables.to_csv(read(write(data, folder))).splitlines(keepends=True)))
    assert [row["failure"] for row in rows if row["failure"]] == ['says "no", twice\nor more']


def test_markdown_has_every_figure(folder):
    data = fabricate(Run(threads=(1,), failures={FAILED: "error 99 u"}))
    cell = next(cell for cell in data["cells"] if cell["name"] == "simple/T=197,d=192/avx2/threads=1")
    measured = {"median_ns": 2.0, "low_ns": 1.5, "high_ns": 2.5, "confidence": 0.95, "noisy": True}
    cell.update(summary=measured | {"binds": "exp", "share": 0.25}, max_error_u=3.25)
    cell["work"]["elements"] = 4.0
    scalar = next(cell for cell in data["cells"] if cell["name"] == "simple/T=197,d=192/scalar/threads=1")
    scalar["summary"].update(low_ns=1.0, median_ns=20.0, high_ns=21.0)
    scalar["work"]["elements"] = 4.0
    text = tables.to_markdown(read(write(data, folder)))
    assert lines(text, "T=197 d=192 | avx2")[0] == [
        "T=197 d=192", "avx2", "1", "0.5~", "0.375 to 0.625", "25.0 %", "exp", "3.25 u", "10.0x",
    ]  # fmt: skip
    assert lines(text, "T=197 d=192 | avx512")[2][3] == "FAILED: error 99 u"
    assert lines(text, "clock.governor") == [["clock.governor", "unknown: there is no cpufreq here"]]
    assert lines(text, "system.hypervisor") == [["system.hypervisor", "KVM"]]
    (fma,) = lines(text, "avx512 | 1 | ")  # a ceiling: 4 flops a cycle and lane of 2.3 GHz, nearly
    assert fma[2] in ("145 Gflop/s", "146 Gflop/s", "147 Gflop/s")


def test_markdown_says_what_is_missing(folder):
    data = fabricate(Run(ALTRA, threads=(1,)))
    data["complete"] = False
    cell = data["cells"][0]
    cell.update(samples_ns=[], process=[], beside={"fma": [], "exp": [], "stream": []}, summary=None)
    text = tables.to_markdown(read(write(data, folder)))
    assert "**The run was interrupted" in text
    assert lines(text, "T=197 d=192 | scalar")[0][3] == "not measured"
    assert lines(text, "T=197 d=192 | neon")[0][-1] == ""  # no scalar time to be faster than


def test_a_run_without_cells_has_tables(folder):
    data = fabricate(Run(threads=(1,)))
    data["cells"], data["complete"] = [], False
    result = read(write(data, folder))
    assert tables.to_csv(result).strip() == "" and "## Ceilings" in tables.to_markdown(result)


def test_write_puts_three_files_beside_the_result(folder, page):
    assert program.main(["write", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["page.html", "results.csv", "results.json", "results.md"]
    assert (folder / "page.html").read_text() == "<p>"
    assert (folder / "results.csv").read_bytes() == tables.to_csv(read(folder)).encode()


def test_a_file_that_cannot_be_written_leaves_nothing_half(folder, page, capsys):
    (folder / "results.md").mkdir()
    assert program.main(["write", str(folder)]) == 2
    said = f"report: cannot write {folder / 'results.md'}: Is a directory; choose a place that can be written\n"
    assert capsys.readouterr().err == said
    assert sorted(path.name for path in folder.iterdir()) == ["results.csv", "results.json", "results.md"]


def test_a_full_disk_leaves_the_old_file(folder, page, monkeypatch):
    (folder / "results.csv").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert program.main(["write", str(folder)]) == 2
    assert (folder / "results.csv").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["results.csv", "results.json"]


def test_a_damaged_result_writes_nothing(folder, page, capsys):
    (folder / "results.json").write_text("{}")
    assert program.main(["write", str(folder)]) == 2
    assert "is no result of scripts/bench: it has no schema_version" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["results.json"]
