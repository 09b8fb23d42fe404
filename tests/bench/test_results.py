# SPDX-License-Identifier: MIT
"""A damaged or foreign file gets an error that names it, the place in it and what to do."""

import json
import pathlib
import random

import pytest
from fabricate import Run, fabricate, write
from machines import ALTRA, RYZEN
from report.labels import labels
from report.machine import Cache
from report.results import ResultError, from_json, read

ADVICE = "; give a results.json as scripts/bench wrote it, or its folder"
SMALL = Run(processes=2, repetitions=2, threads=(1,))
FIRST = "cells[0] (simple/T=197,d=192/scalar/threads=1)"


@pytest.fixture
def data() -> dict:
    return fabricate(SMALL)


def refusal(text: str | bytes, folder: pathlib.Path) -> str:
    """What is said of a file with this text, without the file's name and the advice."""
    path = folder / "results.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ResultError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and said.endswith(ADVICE)
    return said.removeprefix(f"{path}: ").removesuffix(ADVICE)


def test_reads_a_file_and_its_folder_alike(data, tmp_path):
    of_folder = read(write(data, tmp_path))
    assert of_folder == read(tmp_path / "results.json")
    assert of_folder.cpu.model == "Intel(R) Xeon(R) Platinum 8481C"
    assert of_folder.topology.caches[1] == Cache(2, "unified", 2 << 20, 1, 64)
    cell = of_folder.cells[0]
    assert cell.task == ("simple", "T=197 d=192", 1)
    assert cell.ns_per_element == cell.summary.median_ns / (197 * 192)
    assert of_folder.build.files[0].file == "kernels/table.c"


def test_a_fact_that_could_not_be_read_stays_null(data, tmp_path):
    data["topology"]["caches"] = data["cpu"]["features"] = data["cells"][0]["summary"] = None
    for values in (data["cells"][0], data["cells"][0]["beside"]):
        values.update({name: [] for name in ("samples_ns", "process", "fma", "exp", "stream") if name in values})
    result = read(write(data, tmp_path))
    assert (result.topology.caches, result.cpu.features, result.cells[0].ns_per_element) == (None, None, None)


def test_cut_off(data, tmp_path):
    text = json.dumps(data, indent=1)
    assert "was cut off or changed" in refusal(text[: len(text) // 2], tmp_path)
    assert refusal("", tmp_path) == "line 1, column 1: Expecting value: it was cut off or changed"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("NaN", "NaN is no number of JSON"),
        ("Infinity", "Infinity is no number of JSON"),
        ("-Infinity", "-Infinity is no number of JSON"),
        ("1e999", "1e999 is no measurement: beyond 1e+30 or below 1 / 1e+30"),
        ("5e-324", "5e-324 is no measurement: beyond 1e+30 or below 1 / 1e+30"),
        ("9" * 30, "9" * 30 + " is beyond 64 bits"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_numbers_that_json_lacks(data, tmp_path, word, said):
    data["cells"][0]["samples_ns"][0] = "here"
    assert refusal(json.dumps(data).replace('"here"', word), tmp_path) == said


def test_bytes_that_are_no_text(tmp_path):
    assert refusal(b"\x80\xff{}", tmp_path) == "is no text"


def test_a_text_that_no_file_could_hold(data, tmp_path):
    data["cpu"]["model"] = "Xeon \ud800"
    assert refusal(json.dumps(data), tmp_path) == "a text in it has half a surrogate pair, which is no character"


def damaged(text: bytes, chance: random.Random) -> bytes:
    """A part of it is left out, doubled or made something else."""
    begin = chance.randrange(len(text))
    end = min(len(text), begin + chance.choice((1, 2, 9, 200)))
    part = text[begin:end]
    other = chance.choice((b"", 2 * part, chance.randbytes(len(part)), chance.choice(b'{}[]",:-0179eE.ntf').to_bytes()))
    return text[:begin] + other + text[end:]


@pytest.mark.parametrize("seed", range(10))
def test_damage_anywhere_is_told_or_harmless(data, tmp_path, seed):
    chance, text, path = random.Random(seed), json.dumps(data).encode(), tmp_path / "results.json"
    told = 0
    for _ in range(40):
        path.write_bytes(damaged(text, chance))
        try:
            read(path)
        except ResultError as error:
            assert str(error).startswith(f"{path}: ")
            told += 1
    assert told > 20


def put(data: dict, path: str, value: object) -> None:
    *way, last = (int(key) if key.isdecimal() else key for key in path.split("."))
    for key in way:
        data = data[key]
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("seed", "one", "seed: 'one' is not of type 'integer'"),
        ("complete", 1, "complete: 1 is not of type 'boolean'"),
        ("cells.0.samples_ns.1", "fast", f"{FIRST}.samples_ns[1]: 'fast' is not of type 'number'"),
        ("cells.0.samples_ns.1", 0, f"{FIRST}.samples_ns[1]: 0 is less than or equal to the minimum of 0"),
        ("cells.0.kernel", "new", f"{FIRST}.kernel: 'new' is not one of ['simple', 'full', 'local']"),
        ("cells.0", 7, "cells[0]: 7 is not of type 'object'"),
        ("extra", 1, "Additional properties are not allowed ('extra' was unexpected)"),
    ],
)
def test_wrong_values(data, tmp_path, path, value, said):
    put(data, path, value)
    assert refusal(json.dumps(data), tmp_path) == said


def test_a_long_value_is_cut_in_the_error(data, tmp_path):
    data["cells"] = {"x" * 5000: 1}
    said = refusal(json.dumps(data), tmp_path)
    assert said.endswith("is not of type 'array'") and len(said) < 150


@pytest.mark.parametrize("key", ["cells", "ceilings", "seed", "workload"])
def test_missing_keys(data, tmp_path, key):
    del data[key]
    assert refusal(json.dumps(data), tmp_path) == f"'{key}' is a required property"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "samples_ns",
            [1.0],
            "differ in length: samples_ns 1, process 4, beside.fma 4, beside.exp 4, beside.stream 4",
        ),
        (
            "beside.exp",
            [1.0] * 5,
            "differ in length: samples_ns 4, process 4, beside.fma 4, beside.exp 5, beside.stream 4",
        ),
        ("summary", None, "summary is null where there are no samples, and only there"),
        ("failure", "wrong", "what failed its check is not timed, but there are samples"),
        ("window", 5, "window is a number for local, and null for others"),
        ("rows.first", 1, "rows end at 198, of 197"),
        ("work.elements", 0, "work.elements is 0"),
        ("summary.low_ns", 1e30, "summary: not 0 < low_ns <= median_ns <= high_ns"),
    ],
)
def test_contradictions(data, tmp_path, path, value, said):
    put(data, f"cells.0.{path}", value)
    assert refusal(json.dumps(data), tmp_path) == f"{FIRST}: {said}"


def test_two_of_one_name(data, tmp_path):
    data["cells"].append(data["cells"][0])
    assert refusal(json.dumps(data), tmp_path) == "cells: 2 are named simple/T=197,d=192/scalar/threads=1"
    data["cells"].pop()
    data["ceilings"].append(data["ceilings"][0])
    assert refusal(json.dumps(data), tmp_path) == "ceilings: 2 of fma on scalar, 1 threads"


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (
            {"context": {}, "benchmarks": []},
            "is Google Benchmark's own JSON, not a results.json of scripts/bench",
        ),
        ({"cases": [], "exp": {}}, "is a result of scripts/accuracy, not a results.json of scripts/bench"),
        ({"rows": [], "fastest": []}, "is a result of scripts/peers, not a results.json of scripts/bench"),
        ({}, "is no result of scripts/bench: it has no schema_version"),
        ([1], "is no result of scripts/bench: a result is a JSON object"),
    ],
)
def test_foreign_files(tmp_path, foreign, said):
    assert refusal(json.dumps(foreign), tmp_path) == said


def test_another_version(data, tmp_path):
    data["schema_version"] = 2
    said = (
        "schema_version is 2, this program reads 1: take the commit of libaft that wrote it (libaft.commit in the file)"
    )
    assert refusal(json.dumps(data), tmp_path) == f"{said}, or measure anew"
    assert read(tmp_path, any_version=True).schema_version == 2
    data["seed"] = None  # a change that this program cannot read
    assert read_error(write(data, tmp_path), any_version=True).startswith("seed: None is not of type 'integer'")


def read_error(place: pathlib.Path, any_version: bool = False) -> str:
    with pytest.raises(ResultError) as caught:
        read(place, any_version)
    return str(caught.value).removeprefix(f"{place / 'results.json'}: ")


def test_places_without_a_result(tmp_path):
    advice = "; give a results.json of scripts/bench, or its folder"
    assert read_error(tmp_path) == "No such file or directory" + advice
    assert read_error(tmp_path / "none") == f"{tmp_path / 'none'}: No such file or directory" + advice


def test_labels_tell_results_apart():
    def result(**run: object):
        return from_json(fabricate(Run(processes=1, repetitions=1, threads=(1,), **run)), "x")

    later = "2026-03-01T13:30:05Z"
    twice = result(machine=ALTRA)
    assert labels([result(), result(machine=RYZEN)]) == ["Xeon Platinum 8481C 2026-03-01", "Ryzen 7 5800X 2026-03-01"]
    assert labels([twice, twice, result(machine=ALTRA, created=later)]) == [
        "Neoverse-N1 2026-03-01 12:00:00 (1)",
        "Neoverse-N1 2026-03-01 12:00:00 (2)",
        "Neoverse-N1 2026-03-01 13:30:05",
    ]
