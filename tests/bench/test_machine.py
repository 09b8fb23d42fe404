# SPDX-License-Identifier: MIT
"""aft_bench --machine: what it says of recorded machines, of this one, and of its own build."""

import json
import os
import pathlib
import platform
import re
import subprocess

import jsonschema
import machine_tree
import program
import pytest
from program import ROOT

SCHEMA = json.loads((ROOT / "bench/results.schema.json").read_text("utf-8"))
SECTIONS = ("cpu", "topology", "clock", "system", "unreadable")
# Null says that there is none, and needs no reason.
NONE_SEEN = {"system.hypervisor", "system.container", "system.cpu_limit", "system.memory_limit_bytes"}
# What no file tells.
LIVE_ALONE = {"clock.measured_mhz", "system.page_bytes"}


def run(*options: str, on_cpus: set[int] | None = None) -> subprocess.CompletedProcess:
    prepare = None if on_cpus is None else lambda: os.sched_setaffinity(0, on_cpus)
    return program.run(*options, timeout=60, preexec_fn=prepare)


def described(*options: str, **how) -> dict:
    done = run("--machine", *options, **how)
    assert done.returncode == 0 and done.stderr == ""
    return json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def expect_schema(facts: dict) -> None:
    for section, value in facts.items():
        jsonschema.validate(value, SCHEMA["properties"][section], jsonschema.Draft202012Validator)


def nulls(facts: dict) -> set[str]:
    return {f"{section}.{name}" for section in SECTIONS[:-1] for name, value in facts[section].items() if value is None}


def expect_reasons(facts: dict) -> None:
    """One for each null, and none for what is known; the architecture is never null."""
    reasons = set(facts["unreadable"])
    assert nulls(facts) - reasons <= NONE_SEEN
    unknown = {"cpu.architecture"} if facts["cpu"]["architecture"] == "unknown" else set()
    assert reasons - nulls(facts) == unknown


def recorded(name: str, folder: pathlib.Path) -> dict:
    machine_tree.unpack((machine_tree.FOLDER / f"{name}.txt").read_text("utf-8"), folder)
    return described(f"--machine-root={folder}")


@pytest.mark.parametrize("name", sorted(path.stem for path in machine_tree.FOLDER.glob("*.txt")))
def test_a_recorded_machine(name, tmp_path):
    facts = recorded(name, tmp_path)
    expect_schema(facts)
    expect_reasons(facts)
    expected = json.loads((machine_tree.FOLDER / f"{name}.json").read_text("utf-8"))
    assert {section: facts[section] for section in SECTIONS} == expected
    assert str(tmp_path) not in json.dumps(facts)


@pytest.mark.parametrize(
    ("implementer", "part", "model", "vendor"),
    [
        (0x41, 0xD0C, "Neoverse-N1", "ARM"),
        (0x41, 0xD4F, "Neoverse-V2", "ARM"),
        (0x61, 0x023, "Firestorm-M1", "Apple"),
        (0xC0, 0xAC3, "Ampere-1", "Ampere"),
        (0x41, 0xFFF, "ARM part 0xfff", "ARM"),
        (0x99, 0x001, "implementer 0x99 part 0x001", "implementer 0x99"),
    ],
)
def test_the_names_of_arm_cores(implementer, part, model, vendor, tmp_path):
    machine_tree.add(tmp_path / "proc/cpuinfo", f"CPU implementer\t: {implementer:#x}\nCPU part\t: {part:#x}\n")
    cpu = described(f"--machine-root={tmp_path}")["cpu"]
    assert (cpu["model"], cpu["vendor"], cpu["model_number"]) == (model, vendor, part)


def test_bare_metal_of_a_cloud_is_no_virtual_machine(tmp_path):
    machine_tree.unpack((machine_tree.FOLDER / "graviton3.txt").read_text("utf-8"), tmp_path)
    (tmp_path / "sys/class/dmi/id/product_name").write_text("c7g.metal\n")
    assert described(f"--machine-root={tmp_path}")["system"]["hypervisor"] is None


def test_nothing_is_known_of_a_machine_without_files(tmp_path):
    facts = described(f"--machine-root={tmp_path}")
    expect_schema(facts)
    expect_reasons(facts)
    known = {f"{section}.{name}" for section in SECTIONS[:-1] for name in facts[section]} - nulls(facts)
    assert known == {"cpu.architecture"} and nulls(facts) - set(facts["unreadable"]) == {"system.container"}


def test_a_folder_that_is_missing_is_named():
    done = run("--machine", "--machine-root=/nowhere/at/all")
    assert done.returncode == 2 and "--machine-root is '/nowhere/at/all': there is no such folder" in done.stderr


def test_this_machine():
    facts = described()
    expect_schema(facts)
    expect_reasons(facts)
    assert not LIVE_ALONE & set(facts["unreadable"])
    assert facts["cpu"]["architecture"] == platform.machine()
    assert facts["system"]["kernel"] == f"{platform.system()} {platform.release()}"
    assert facts["system"]["page_bytes"] == os.sysconf("SC_PAGESIZE")
    assert facts["topology"]["cpus_usable"] == len(os.sched_getaffinity(0))
    assert 10 < facts["clock"]["measured_mhz"] < 10_000


def test_the_affinity_is_that_of_the_process():
    cpu = max(os.sched_getaffinity(0))
    topology = described(on_cpus={cpu})["topology"]
    assert (topology["affinity"], topology["cpus_usable"]) == (str(cpu), 1)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86 has XCR0")
def test_the_register_states_are_those_that_the_features_need():
    cpu = described()["cpu"]
    for feature, states in {"avx2": 0x6, "avx512f": 0xE6}.items():
        assert feature not in cpu["features"] or int(cpu["xcr0"], 16) & states == states


def test_the_build_names_each_file_with_its_flags():
    facts = described()
    files = {(file["file"], file["isa"]): file["flags"].split() for file in facts["build"]["files"]}
    assert len(files) == len(facts["build"]["files"])
    sources = set((ROOT / "CMakeLists.txt").read_text("utf-8").split("add_library(aft_probe")[0].split())
    named = {file for file, _ in files}
    assert named == {word.rstrip(")") for word in sources if re.match(r"(dispatch|kernels)/\w+\.c", word)}
    assert [isa for file, isa in files if file == "dispatch/plan.c"] == [None]
    if platform.machine() == "x86_64":
        avx2 = files["kernels/table.c", "avx2"]
        assert {"-mavx2", "-mfma"} <= set(avx2) and "-mavx512f" not in avx2
        assert "-mavx2" not in files["kernels/table.c", "scalar"]
    assert not any("/" in word or word in ("-I", "-isystem", "-o", "-c") for words in files.values() for word in words)
    assert str(ROOT) not in json.dumps(facts)


def test_the_build_says_compiler_libraries_and_commit():
    facts = described()
    expect_schema(facts)
    assert re.fullmatch(r"(GNU|Clang) \d+\.\d+\.\d+", facts["build"]["compiler"])
    assert facts["build"]["type"] == "Release"
    assert re.match(r"\d+\.\d+", facts["build"]["benchmark_library"])
    assert re.match(r"\d+\.\d+", facts["libaft"]["sleef_version"])
    assert f"VERSION {facts['libaft']['version']} " in (ROOT / "CMakeLists.txt").read_text("utf-8")
