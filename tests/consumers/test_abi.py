# SPDX-License-Identifier: MIT
"""The binary interface of the shared library."""

import re

import pytest
from projects import HERE, ROOT, SONAME, exported, install, needed, run


@pytest.fixture
def beside_functions(tmp_path) -> set[str]:
    run("cc", "-std=c11", f"-I{ROOT}/include", HERE / "abi.c", "-o", tmp_path / "abi")
    return set(run(tmp_path / "abi").splitlines())


def test_is_as_recorded(shared_tree, beside_functions):
    recorded = {line for line in (HERE / "abi.txt").read_text().splitlines() if not line.startswith("#")}
    library = shared_tree.libraries / "libaft.so"
    assert {f"function {name}" for name in exported(library)} | beside_functions == recorded
    assert f"soname: [{SONAME}]" in run("readelf", "--dynamic", library)


def test_functions_are_those_of_the_header(shared_tree):
    header = (shared_tree.prefix / "include/aft.h").read_text()
    declared = re.findall(r"^AFT_API .*?(aft_\w+)\(", header, re.MULTILINE)
    assert exported(shared_tree.libraries / "libaft.so") == set(declared)


def test_nothing_of_a_static_sleef_is_exported(installed, tmp_path):
    undefined = run("nm", "--undefined-only", installed(False, "sleef").libraries / "libaft.a")
    names = set(re.findall(r"\bSleef_\w+", undefined))
    sleef = tmp_path / "sleef/lib"
    (sleef / "pkgconfig").mkdir(parents=True)
    (sleef / "pkgconfig/sleef.pc").write_text(
        f"Name: SLEEF\nDescription: a stand-in\nVersion: 3.5\nLibs: -L{sleef} -lsleef\n"
    )
    (tmp_path / "sleef.c").write_text("".join(f"void {name}(void) {{}}\n" for name in names))
    run("cc", "-fPIC", "-c", tmp_path / "sleef.c", "-o", tmp_path / "sleef.o")
    run("ar", "rcs", sleef / "libsleef.a", tmp_path / "sleef.o")
    chosen = {"CMAKE_PREFIX_PATH": sleef.parent, "AFT_SLEEF_NAMES": "FINZ"}
    library = install(tmp_path, True, "sleef", **chosen).libraries / "libaft.so"
    assert not any("sleef" in name for name in needed(library)), "the stand-in was not linked"
    assert names <= set(re.findall(r"\bSleef_\w+", run("nm", "--defined-only", library)))
    assert not names & exported(library)
