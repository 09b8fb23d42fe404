# SPDX-License-Identifier: MIT
"""libaft within another build: what it takes of the engine's flags, and that the engine keeps its own.

cmake_subdirectory itself compares all that CMake knows before and after."""

import pytest
from projects import HERE, ROOT, bits_of, cmake, refused, run

ENGINES = {
    "strict-unity": {
        "AFT_EXP": "builtin",
        "BUILD_SHARED_LIBS": "ON",
        "CMAKE_BUILD_TYPE": "Debug",
        "CMAKE_C_FLAGS": "-Wall -Wextra -Wpedantic -Werror -std=gnu17 -O0",
        "CMAKE_COMPILE_WARNING_AS_ERROR": "ON",
        "CMAKE_UNITY_BUILD": "ON",
    },
    "fast-native-ipo": {
        "AFT_EXP": "builtin",
        "CMAKE_C_FLAGS": "-ffast-math -march=native -ffp-contract=fast",
        "CMAKE_INTERPROCEDURAL_OPTIMIZATION": "ON",
    },
    "fast-sleef": {"AFT_EXP": "sleef", "CMAKE_C_FLAGS": "-ffast-math"},
    "fast-clang": {"AFT_EXP": "builtin", "CMAKE_C_COMPILER": "clang", "CMAKE_C_FLAGS": "-ffast-math"},
}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_flags_of_the_engine(engine, tmp_path, bits):
    build = cmake(HERE / "cmake_subdirectory", tmp_path, AFT_SOURCE=ROOT, **engine)
    assert bits_of(build / "consumer") == bits


def test_engine_in_cxx_alone(tmp_path):
    build = cmake(HERE / "cmake_subdirectory", tmp_path, AFT_SOURCE=ROOT, AFT_EXP="sleef", LANGUAGES="CXX")
    run(build / "consumer")


@pytest.mark.parametrize("flag", ("-Ofast", "-ffinite-math-only", "-freciprocal-math", "-fno-signed-zeros"))
def test_fast_math_is_refused(flag):
    """By the sources themselves, for those who compile them with a build of their own."""
    with refused() as said:
        run("gcc", "-fsyntax-only", flag, f"-I{ROOT}", f"-I{ROOT}/include", ROOT / "dispatch/plan.c")
    assert "change results" in said[0]


def test_is_installed_with_the_engine(tmp_path, bits):
    """AFT_INSTALL is for whoever exports a target that links libaft."""
    chosen = {"AFT_EXP": "builtin", "AFT_INSTALL": "ON"}
    build = cmake(HERE / "cmake_fetchcontent", tmp_path / "build", AFT_SOURCE=ROOT, **chosen)
    run("cmake", "--install", build, "--prefix", tmp_path / "prefix")
    other = cmake(HERE / "cmake_package", tmp_path / "other", CMAKE_PREFIX_PATH=tmp_path / "prefix")
    assert bits_of(other / "consumer") == bits


def test_fetchcontent(tmp_path, bits):
    build = cmake(HERE / "cmake_fetchcontent", tmp_path, AFT_SOURCE=ROOT)
    assert bits_of(build / "consumer") == bits
    assert not list((build / "_deps").rglob("aft.pc")), "a subdirectory installs nothing unless AFT_INSTALL is on"
