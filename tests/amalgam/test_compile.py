# SPDX-License-Identifier: MIT
"""aft.c compiles with nothing but itself, asks for nothing, and keeps to its size."""

import pytest

from .compilers import ALL, GCC, HOST, NATIVE
from .objects import exported, public_functions, section_bytes, undefined

KILOBYTE = 1000
USUAL = ("-std=c11", "-O2")
BUILDS = (USUAL, ("-std=c11", "-O0"), ("-std=gnu17", "-O3"), ("-std=gnu17", "-Os"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef", "-Werror")
MAY_CALL = {"memcpy", "memmove", "memset"}
THE_ATOMIC = {".bss": 8}
READ_ONLY = (".text", ".rodata", ".data.rel.ro", ".eh_frame", ".note")  # of -fPIE, or the loader's work


@pytest.mark.parametrize("compiler", ALL, ids=str)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_an_object_is_complete(compiler, flags, dist, compiled):
    object_file = compiled(compiler, *flags)
    assert undefined(compiler, object_file) <= MAY_CALL
    assert exported(compiler, object_file) == public_functions(dist)


@pytest.mark.parametrize("compiler", ALL, ids=str)
def test_its_writable_data_is_the_one_atomic(compiler, compiled):
    sections = section_bytes(compiler, compiled(compiler, *USUAL))
    writable = {name: size for name, size in sections.items() if not name.startswith(READ_ONLY)}
    assert writable == THE_ATOMIC  # so no constructors, and nothing of a thread's own, either


@pytest.mark.parametrize("compiler", ALL, ids=str)
def test_no_warning(compiler, dist):
    compiler.run("-std=c11", "-O2", *WARNINGS, "-fsyntax-only", dist / "aft.c")


@pytest.mark.parametrize("compiler", NATIVE, ids=str)
def test_size(compiler, dist, compiled):
    text = (dist / "aft.c").read_text()
    assert len(text.splitlines()) < 6000
    assert len(text.encode()) < 400 * KILOBYTE
    total = sum(section_bytes(compiler, compiled(compiler, *USUAL)).values())
    print(f"{compiler}: {total / KILOBYTE:.0f} KB of {HOST} code and data at -O2")
    assert total < 400 * KILOBYTE


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
