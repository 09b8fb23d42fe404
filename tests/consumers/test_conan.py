# SPDX-License-Identifier: MIT
"""The Conan recipe, without a network: `conan create` builds the package and the engine that requires it."""

import pathlib
import sys

import pytest
from projects import ROOT, bits_in, run

CONAN = pathlib.Path(sys.executable).with_name("conan")
OPTIONS = ("shared=True", "exp=sleef", "fPIC=False")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> pathlib.Path:
    """A folder of Conan's own, with a profile of this machine and no remote."""
    home = tmp_path_factory.mktemp("conan")
    run(CONAN, "profile", "detect", CONAN_HOME=home)
    run(CONAN, "remote", "disable", "*", CONAN_HOME=home)
    return home


@pytest.mark.parametrize("option", OPTIONS)
def test_create(option, home, tmp_path, bits):
    settings = (
        f"tools.cmake.cmake_layout:test_folder={tmp_path}",
        "tools.cmake.cmaketoolchain:generator=Unix Makefiles",
        "tools.cmake.cmaketoolchain:user_presets=",
    )
    chosen = [word for setting in settings for word in ("-c", setting)]
    said = run(CONAN, "create", ROOT, "-o", f"aft/*:{option}", *chosen, CONAN_HOME=home)
    assert bits_in(said) == bits
    assert (" -fPIC" in flags_of_library(home)) == (option != "fPIC=False")


def flags_of_library(home: pathlib.Path) -> str:
    """Those of the last build in Conan's cache."""
    files = home.glob("p/b/aft*/b/build/*/CMakeFiles/aft.dir/flags.make")
    return max(files, key=lambda path: path.stat().st_mtime_ns).read_text()
