# SPDX-License-Identifier: MIT
"""aft.c compiles with nothing but itself, asks for nothing, and keeps to its size and each level's instructions."""

import pathlib
import re

import instructions
import pytest

from .compilers import ALL, GCC, HOST, NATIVE
from .objects import assembler, exported, listing, public_functions, section_bytes, undefined

KILOBYTE = 1000
README = pathlib.Path(__file__).parents[2] / "README.md"
AS_STATED = 0.03  # what a figure in README.md may be off
on_x86 = pytest.mark.skipif(HOST != "x86_64", reason="README.md states the size of x86-64 code")
USUAL = ("-std=c11", "-O2")
BUILDS = (USUAL, ("-std=c11", "-O0"), ("-std=gnu17", "-O3"), ("-std=gnu17", "-Os"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef", "-Werror")
MAY_CALL = {"memcpy", "memmove", "memset"}
THE_ATOMIC = {".bss": 8}
OF_A_LEVEL = re.compile(r"_(scalar|avx2|avx512|neon)(\.|$)")
READ_ONLY = (".text", ".rodata", ".data.rel.ro", ".eh_frame", ".note")  # of -fPIE, or the loader's work


@pytest.mark.parametrize("compiler", ALL, ids=str)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_an_object_is_complete(compiler, flags, dist, compiled):
    object_file = compiled(compiler, *flags)
    assert undefined(compiler, object_file) <= MAY_CALL
    assert exported(compiler, object_file) == public_functions(dist)


def level_of(function: str) -> str:
    """Kernels have it in their names; all others run on every CPU."""
    level = OF_A_LEVEL.search(function)
    return level[1] if level else "scalar"


@pytest.mark.parametrize("compiler", ALL, ids=str)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_no_instruction_is_above_its_level(compiler, flags, compiled):
    text = listing(compiler, compiled(compiler, *flags))
    functions = {function for function, _, _ in instructions.instructions(text)}
    named = {level[1] for function in functions if (level := OF_A_LEVEL.search(function))}
    assert named == set(instructions.levels(text))  # or some were judged as other ones
    assert not instructions.above(text, assembler(compiler), level_of)


@pytest.mark.parametrize("compiler", ALL, ids=str)
def test_its_writable_data_is_the_one_atomic(compiler, compiled):
    sections = section_bytes(compiler, compiled(compiler, *USUAL))
    writable = {name: size for name, size in sections.items() if not name.startswith(READ_ONLY)}
    assert writable == THE_ATOMIC  # so no constructors, and nothing of a thread's own, either


@pytest.mark.parametrize("compiler", ALL, ids=str)
def test_no_warning(compiler, dist):
    compiler.run("-std=c11", "-O2", *WARNINGS, "-fsyntax-only", dist / "aft.c")


def test_size(dist):
    text = (dist / "aft.c").read_text()
    lines, size = len(text.splitlines()), len(text.encode()) / KILOBYTE
    assert lines < 6000
    assert size < 400
    stated = re.search(r"([\d,]+) lines, (\d+) KB;", README.read_text())
    assert (int(stated[1].replace(",", "")), int(stated[2])) == pytest.approx((lines, size), rel=AS_STATED)


@on_x86
@pytest.mark.parametrize("compiler", NATIVE, ids=str)
def test_size_of_object_code(compiler, compiled):
    size = sum(section_bytes(compiler, compiled(compiler, *USUAL)).values()) / KILOBYTE
    assert size < 400
    stated = re.search(rf"(\d+) KB\s\({compiler.version}\)", README.read_text())
    if not stated:
        pytest.skip(f"README.md states no size of {compiler.version}; here it is {size:.0f} KB")
    assert int(stated[1]) == pytest.approx(size, rel=AS_STATED)


@pytest.mark.parametrize("compiler", NATIVE, ids=str)
def test_the_header_in_cxx17(compiler, dist, tmp_path):
    source = tmp_path / "header.cpp"
    source.write_text('#include "aft.h"\nint main() { return aft_isa_name() == nullptr; }\n')
    compiler.run("-x", "c++", "-std=c++17", *WARNINGS, "-fsyntax-only", f"-I{dist}", source)


@pytest.mark.parametrize("flag", ["-ffast-math", "-Ofast", "-ffinite-math-only"])
@pytest.mark.parametrize("compiler", NATIVE, ids=str)
def test_arithmetic_that_is_not_ieee_is_refused(compiler, flag, dist):
    said = compiler.refuses("-O2", flag, "-fsyntax-only", dist / "aft.c")
    assert "-ffast-math, -Ofast and each part of them change results" in said


def test_it_finds_itself_from_anywhere(dist, tmp_path, monkeypatch):
    (tmp_path / "engine/vendored").mkdir(parents=True)
    for name in ("aft.c", "aft.h"):
        (tmp_path / "engine/vendored" / name).write_text((dist / name).read_text())
    monkeypatch.chdir(tmp_path)
    GCC.run("-c", "engine/vendored/aft.c", "-o", "relative.o")
    GCC.run("-c", tmp_path / "engine/vendored/aft.c", "-o", "absolute.o")
    (tmp_path / "engine/all.c").write_text('#include "vendored/aft.c"\n')
    GCC.run("-c", "engine/all.c", "-o", "included.o")


def test_under_another_name(dist, tmp_path):
    (tmp_path / "attention.c").write_text((dist / "aft.c").read_text())
    (tmp_path / "aft.h").write_text((dist / "aft.h").read_text())
    GCC.run('-DAFT_FILE="attention.c"', "-c", tmp_path / "attention.c", "-o", tmp_path / "attention.o")
    assert "aft.c" in GCC.refuses("-c", tmp_path / "attention.c", "-o", tmp_path / "attention.o")
