# SPDX-License-Identifier: MIT
"""scripts/compare: what it shows, refuses and fails on."""

import csv
import subprocess
import sys

import pytest
from fabricate import Noise, Run, fabricate, write
from machines import ALTRA, RYZEN
from report import compare

QUIET = Noise(0, 0, 0, 0, 0)
SIMPLE = [f"simple/{shape}/avx2/threads=1" for shape in ("T=197,d=192", "T=1024,d=512", "T=4096,d=256")]
ONLY_SIMPLE = ["--filter", "^simple/"]


class Runs:
    """Writes results under names, and compares them."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys

    def add(self, name: str, change=None, **run: object) -> None:
        data = fabricate(Run(**{"threads": (1,)} | run))
        if change:
            change(data)
        write(data, self.folder / name)

    def compare(self, *arguments: str) -> tuple[int, str, str]:
        named = [str(self.folder / a) if (self.folder / a).is_dir() else a for a in arguments]
        status = compare.main(named)
        out, err = self.capsys.readouterr()
        return status, out, err.replace(str(self.folder) + "/", "")

    def rows(self, *arguments: str) -> list[dict[str, str]]:
        status, _, err = self.compare(*arguments, "--csv", str(self.folder / "table.csv"))
        assert (status, err) == (0, "")
        with (self.folder / "table.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def runs(tmp_path, capsys) -> Runs:
    return Runs(tmp_path, capsys)


def words(text: str) -> list[str]:
    """Lines with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_two_runs_of_one_binary_pass(runs):
    runs.add("a", seed=1)
    runs.add("b", seed=2)
    status, out, err = runs.compare("a", "b", "--fail-above", "5%")
    assert (status, err) == (0, "")
    assert "B against A, 108 cells: 108 no difference beyond the margin was found" in words(out)


def test_a_slowdown_fails_above_its_limit_only(runs):
    runs.add("a", seed=1)
    runs.add("b", seed=2, slower={SIMPLE[1]: 1.1})
    status, out, _ = runs.compare("a", "b", "--fail-above", "5%")
    bad = [line for line in words(out) if line.startswith("SLOWER")]
    assert status == 1 and len(bad) == 1
    assert bad[0].startswith(f"SLOWER by more than 5 %: {SIMPLE[1]} in B: 1.")
    assert runs.compare("a", "b")[0] == 0
    assert runs.compare("a", "b", "--fail-above", "15%")[0] == 0
    assert runs.compare("a", "b", "--fail-above", "5%", "--filter", "^local")[0] == 0
    assert runs.compare("b", "a", "--fail-above", "5%")[0] == 0


def test_a_wrong_result_fails_where_it_is_in_a_later_one(runs):
    runs.add("a", lambda data: data["cells"].pop(0), seed=1)
    runs.add("b", seed=2, failures={"simple/T=197,d=192/scalar/threads=1": "error 99 u"})  # which A lacks
    status, out, _ = runs.compare("a", "b", "--fail-above", "5%")
    assert status == 1
    assert "FAILED: simple/T=197,d=192/scalar/threads=1 in B: error 99 u" in words(out)
    assert runs.compare("b", "a", "--fail-above", "5%")[0] == 0


def test_a_gate_that_can_tell_nothing_does_not_pass(runs):
    runs.add("a", processes=3, noise=QUIET)
    runs.add("b", processes=3, noise=QUIET, slower={SIMPLE[1]: 2})
    status, out, err = runs.compare("a", "b", "--fail-above", "5%")
    assert status == 2
    assert err == (
        "scripts/compare: --fail-above: no cell has the processes and the quiet to tell; measure with more processes\n"
    )
    assert "note: too few processes to tell: among 108 comparisons 8 in each result would do" in words(out)
    assert runs.compare("a", "b")[0] == 0


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        (("seed",), 7, "seed is 1 in a/results.json, but 7 in b/results.json"),
        (("workload", "version"), 2, "workload.version is 1 in a/results.json, but 2 in b/results.json"),
        (("workload", "name"), "quick", "workload.name is full in a/results.json, but quick in b/results.json"),
        (
            ("workload", "tensors"),
            "f" * 16,
            "workload.tensors is 0123456789abcdef in a/results.json, but ffffffffffffffff in b/results.json",
        ),
    ],
)
def test_what_was_measured_must_be_the_same(runs, path, value, difference):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    runs.add("a")
    runs.add("b", change)
    said = f"scripts/compare: not the same was measured: {difference}; --anyway compares them all the same\n"
    assert runs.compare("a", "b") == (2, "", said)
    status, out, err = runs.compare("a", "b", "--anyway")
    assert (status, err) == (0, "")
    assert f"note: compared although {difference}" in words(out.replace(str(runs.folder) + "/", ""))


def test_another_version_needs_anyway(runs):
    runs.add("a")
    runs.add("b", lambda data: data.update(schema_version=2))
    status, out, err = runs.compare("a", "b")
    assert (status, out) == (2, "") and err.startswith("scripts/compare: b/results.json: schema_version is 2, this")
    assert runs.compare("a", "b", "--anyway")[0] == 0


def test_a_damaged_file_cannot_be_compared(runs):
    runs.add("a")
    runs.add("b")
    (runs.folder / "b/results.json").write_text("{")
    status, out, err = runs.compare("a", "b")
    assert (status, out) == (2, "") and err.startswith("scripts/compare: b/results.json: line 1, column 2: ")


def test_a_partial_result_is_compared_on_what_it_has(runs):
    def interrupt(data):
        data["complete"] = False
        del data["cells"][50:]
        cell = data["cells"][0]
        cell.update(samples_ns=[], process=[], beside={"fma": [], "exp": [], "stream": []}, summary=None)

    runs.add("a", seed=1)
    runs.add("b", interrupt, seed=2)
    status, out, _ = runs.compare("a", "b")
    assert status == 0
    assert "note: B was interrupted: it is compared on what it has" in words(out)
    summary = "B against A, 50 cells: 49 no difference beyond the margin was found, 1 not measured, 58 missing in one"
    assert summary in words(out)
    assert any(line.endswith(" missing") for line in words(out)) and any("not measured" in line for line in words(out))


def test_nothing_in_common(runs):
    runs.add("a")
    said = "scripts/compare: no cell is in the first result and in another: check --filter and --isa\n"
    assert runs.compare("a", "a", "--filter", "nonesuch") == (2, "", said)


def test_geometric_means(runs):
    """By hand: of 2, 8 and 4, which the failed and the noisy one are no part of, (2 * 8 * 4) ** (1 / 3) = 4."""
    shapes = [*SIMPLE, "simple/B=32,T=10,d=64/avx2/threads=1", "simple/T=16384,d=64/avx2/threads=1"]
    runs.add("a", noise=QUIET)
    runs.add("b", noise=QUIET, slower=dict(zip(shapes, (2, 8, 4, 100), strict=False)),
             noisier={shapes[3]: 0.5}, failures={shapes[4]: "wrong"})  # fmt: skip
    out = words(runs.compare("a", "b", "--filter", "^simple/")[1])
    assert "simple avx2 1 4.000 of 3, 2 left out" in out
    assert "simple scalar 1 1.000 of 5" in out


def test_noisy_never_wins(runs):
    runs.add("a", seed=1)
    runs.add("b", seed=2, slower={SIMPLE[0]: 0.2}, noisier={SIMPLE[0]: 0.5})
    runs.add("c", seed=3, slower={SIMPLE[0]: 2})
    rows = [
        row for row in runs.rows("a", "b", "c", *ONLY_SIMPLE) if (row["shape"], row["isa"]) == ("T=197 d=192", "avx2")
    ]
    assert [row["best"] for row in rows] == ["True", "False", "False"]
    assert [row["verdict"] for row in rows] == ["", "noisy", "slower"]
    assert float(rows[1]["ratio"]) < 0.5


def test_who_is_within_the_margin_of_the_best_shares_the_mark(runs):
    runs.add("a", noise=QUIET, slower={SIMPLE[0]: 1.02, SIMPLE[1]: 1.02})
    runs.add("b", noise=QUIET)
    runs.add("c", noise=QUIET, slower={SIMPLE[0]: 1.5})
    best = {}
    for row in runs.rows("a", "b", "c", "--filter", "^simple/.*/avx2"):
        best.setdefault(row["shape"], []).append(row["best"])
    assert best["T=197 d=192"] == ["True", "True", "False"]
    assert best["T=1024 d=512"] == ["False"] * 3  # nobody stands out
    assert best["T=4096 d=256"] == ["False"] * 3  # all the same to the last digit


def test_across_cpus_the_best_instruction_set_of_each(runs):
    runs.add("a", noise=QUIET)
    runs.add("b", noise=QUIET, machine=ALTRA)
    rows = runs.rows("a", "b", "--isa", "best", *ONLY_SIMPLE)
    assert {(row["column"], row["isa"]) for row in rows} == {("A", "avx512"), ("B", "neon")}
    named = runs.rows("a", "b", "--isa", "avx512,neon", *ONLY_SIMPLE)
    assert [(row["ratio"], row["verdict"]) for row in named] == [(row["ratio"], row["verdict"]) for row in rows]
    each = runs.rows("a", "b", *ONLY_SIMPLE)
    missing = {(row["column"], row["isa"]) for row in each if row["state"] == "missing"}
    assert missing == {("A", "neon"), ("B", "avx2"), ("B", "avx512")}


def test_a_limit_holds_for_every_cell_that_the_base_has(runs):
    def of_simple(data):
        data["cells"] = [cell for cell in data["cells"] if cell["name"] in SIMPLE]

    runs.add("a", seed=1)
    runs.add("b", change=of_simple, seed=2)
    status, _, err = runs.compare("a", "b", "--fail-above", "5%")
    assert status == 2 and "cells of A were not measured again, the first simple/" in err
    assert runs.compare("a", "b", "--fail-above", "5%", "--filter", "^simple/T=197.*avx2/")[0] == 0
    assert runs.compare("b", "a", "--fail-above", "5%")[0] == 0


def test_noise_of_the_best_instruction_set_decides_nothing(runs):
    """Were another one taken in its place, the CPU would seem slower for the noise."""
    noisy = SIMPLE[0].replace("avx2", "avx512")
    runs.add("a", seed=1)
    runs.add("b", seed=2, noisier={noisy: 0.2})
    rows = runs.rows("a", "b", "--isa", "best", *ONLY_SIMPLE)
    of_a, of_b = (row for row in rows if row["shape"] == "T=197 d=192")
    assert of_a["isa"] == of_b["isa"] == "avx512"
    assert (of_b["verdict"], of_b["best"], of_a["best"]) == ("noisy", "False", "False")


@pytest.mark.parametrize(
    ("isa", "said"),
    [
        ("neon", "a/results.json has no instruction set 'neon'; it has scalar, avx2, avx512"),
        ("avx2,avx2,avx2", "--isa names 3 instruction sets for 2 results: give one, or one each"),
        ("each,avx2", "--isa each,avx2: 'each' stands alone, for all results"),
    ],
)
def test_instruction_sets_that_are_not_there(runs, isa, said):
    runs.add("a")
    runs.add("b", machine=RYZEN)
    assert runs.compare("a", "b", "--isa", isa) == (2, "", f"scripts/compare: {said}\n")


def test_fewer_rows_are_marked(runs):
    def fewer(data):
        data["cells"][0]["rows"]["count"] = 16

    runs.add("a", fewer, noise=QUIET)
    line = next(line for line in words(runs.compare("a", "a", *ONLY_SIMPLE)[1]) if "T=197" in line)
    assert "*" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a"], "it takes two results or more"),
        (["a", "a", "--fail-above", "5"], "argument --fail-above: '5' is no percentage such as 5%"),
        (["a", "a", "--fail-above", "2%"], "--fail-above is less than the margin, within which all is alike: lower"),
        (["a", "a", "--filter", "("], "argument --filter: '(' is no regular expression: "),
    ],
)
def test_wrong_options(runs, arguments, said):
    with pytest.raises(SystemExit) as caught:
        compare.main(arguments)
    assert caught.value.code == 2
    assert f"scripts/compare: error: {said}" in runs.capsys.readouterr().err


def test_help_needs_no_package():
    """-S: none can be loaded."""
    done = subprocess.run([sys.executable, "-S", "-m", "report.compare", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "scripts/compare before after --fail-above 5% " in done.stdout


def test_markdown_and_page_are_written(runs):
    runs.add("a", seed=1)
    runs.add("b", seed=2, slower={SIMPLE[1]: 1.3})
    html, markdown = runs.folder / "all.html", runs.folder / "all.md"
    assert runs.compare("a", "b", "--html", str(html), "--markdown", str(markdown))[0] == 0
    page = html.read_text(encoding="utf-8")
    assert "<title>libaft on Xeon Platinum 8481C, 2 results</title>" in page
    assert '<option value="best">' in page and '<option value="avx2">' in page
    assert "each instruction set: B against A, 108 cells: 1 slower, 107 no difference" in page
    text = markdown.read_text()
    assert "| simple | T=1024 d=512 | avx2 | 1 |" in text and " slower |" in text
    assert "- B against A, 108 cells: 1 slower, 107 no difference beyond the margin was found\n" in text


def test_a_file_that_cannot_be_written(runs):
    runs.add("a", noise=QUIET)
    runs.add("taken", noise=QUIET)
    status, _, err = runs.compare("a", "a", *ONLY_SIMPLE, "--csv", "taken")
    said = "scripts/compare: cannot write taken: Is a directory; choose a place that can be written\n"
    assert (status, err.replace(f"{runs.folder}/", "")) == (2, said)
    assert sorted(path.name for path in runs.folder.iterdir()) == ["a", "taken"]
