# SPDX-License-Identifier: MIT
"""packaging/meson.build over the two files of scripts/amalgamate: as a subproject, and installed."""

import pathlib
import shutil

import pytest
from projects import HERE, ROOT, SONAME, Tree, bits_of, exported, needed, run


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("dist")
    run(ROOT / "scripts/amalgamate", "--output", folder)
    return folder


def meson(source: pathlib.Path, build: pathlib.Path, *options: str, **environment: object) -> pathlib.Path:
    run("meson", "setup", build, source, *options, **environment)
    run("meson", "compile", "-C", build)
    return build


@pytest.mark.parametrize("kind", ("static", "shared"))
def test_subproject(kind, dist, tmp_path, bits):
    engine = tmp_path / "meson"
    shutil.copytree(HERE / "meson", engine)
    shutil.copy(HERE / "consumer.c", tmp_path)
    shutil.copytree(dist, engine / "subprojects/aft")
    build = meson(engine, tmp_path / "build", f"-Ddefault_library={kind}", "-Dwerror=true", "-Dwarning_level=3")
    assert bits_of(build / "consumer") == bits
    assert (SONAME in needed(build / "consumer")) == (kind == "shared")


@pytest.mark.parametrize("kind", ("static", "shared"))
def test_installed(kind, dist, tmp_path, installed, bits):
    prefix = tmp_path / "prefix"
    build = meson(dist, tmp_path / "library", f"-Ddefault_library={kind}", f"--prefix={prefix}")
    run("meson", "install", "-C", build)
    tree = Tree(prefix, kind == "shared", "builtin")
    engine = meson(HERE / "meson", tmp_path / "engine", f"-Ddefault_library={kind}", **tree.pkg_config)
    assert bits_of(engine / "consumer", **tree.pkg_config) == bits
    if tree.shared:
        same = exported(installed(True, "builtin").libraries / "libaft.so")
        assert exported(tree.libraries / "libaft.so") == same
