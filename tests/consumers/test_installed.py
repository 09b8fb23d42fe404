# SPDX-License-Identifier: MIT
"""The installed library: what an engine finds by CMake's package, by pkg-config and by Meson."""

import pathlib

from projects import HERE, ROOT, SONAME, Tree, bits_of, cmake, needed, refused, run

# What SLEEF 3.6 and later install, for the library that is here.
SLEEF_PACKAGE = """
add_library(sleef::sleef INTERFACE IMPORTED)
set_target_properties(sleef::sleef PROPERTIES INTERFACE_LINK_LIBRARIES sleef)
set(sleef_VERSION 3.6)
"""


def expect_link(program: pathlib.Path, tree: Tree) -> None:
    """A static library leaves no trace; a shared one is named, and brings what it needs itself."""
    names = needed(program)
    assert (SONAME in names) == tree.shared
    assert ("libsleef.so.3" in names) == (tree.exp == "sleef" and not tree.shared)


def test_cmake_package(tree, tmp_path, bits):
    build = cmake(HERE / "cmake_package", tmp_path, CMAKE_PREFIX_PATH=tree.prefix)
    assert bits_of(build / "consumer") == bits
    expect_link(build / "consumer", tree)
    run(build / "consumer_cpp")


def test_cmake_package_in_cxx_alone(tree, tmp_path):
    run(cmake(HERE / "cmake_package", tmp_path, CMAKE_PREFIX_PATH=tree.prefix, LANGUAGES="CXX") / "consumer_cpp")


def test_cmake_package_finds_the_package_of_sleef(installed, tmp_path, bits):
    package = tmp_path / "sleef/lib/cmake/sleef"
    package.mkdir(parents=True)
    (package / "sleefConfig.cmake").write_text(SLEEF_PACKAGE)
    prefixes = f"{installed(False, 'sleef').prefix};{tmp_path / 'sleef'}"
    build = cmake(
        HERE / "cmake_package",
        tmp_path / "build",
        CMAKE_PREFIX_PATH=prefixes,
        CMAKE_DISABLE_FIND_PACKAGE_PkgConfig="ON",
    )
    assert bits_of(build / "consumer") == bits


def test_cmake_package_says_that_sleef_is_missing(installed, tmp_path):
    prefix = installed(False, "sleef").prefix
    with refused() as said:
        cmake(HERE / "cmake_package", tmp_path, CMAKE_PREFIX_PATH=prefix, CMAKE_DISABLE_FIND_PACKAGE_PkgConfig="ON")
    assert "this static libaft was built with SLEEF" in said[0]


def test_cmake_package_of_another_minor_version_is_refused(installed, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(consumer C)\nfind_package(aft 0.0 CONFIG REQUIRED)\n"
    )
    with refused() as said:
        cmake(tmp_path, tmp_path / "build", CMAKE_PREFIX_PATH=installed(False, "builtin").prefix)
    assert 'requested version "0.0"' in said[0]


def test_pkg_config(tree, tmp_path, bits):
    program = tmp_path / "consumer"
    link = "" if tree.shared else "--static"
    makefile = HERE / "pkgconfig/Makefile"
    run("make", "-f", makefile, f"LINK={link}", f"SOURCE={HERE}/consumer.c", folder=tmp_path, **tree.pkg_config)
    assert bits_of(program, **tree.pkg_config) == bits
    expect_link(program, tree)


def test_pkg_config_states_the_version(installed, version):
    said = run("pkg-config", "--modversion", "aft", **installed(False, "builtin").pkg_config)
    assert said.strip() == version


def test_meson(tree, tmp_path, bits):
    kind = "shared" if tree.shared else "static"
    run("meson", "setup", tmp_path, HERE / "meson", f"-Ddefault_library={kind}", **tree.pkg_config)
    run("meson", "compile", "-C", tmp_path)
    assert bits_of(tmp_path / "consumer", **tree.pkg_config) == bits
    expect_link(tmp_path / "consumer", tree)


def test_names_no_folder_of_the_build(tree):
    build = tree.prefix.parent
    files = [path for path in tree.prefix.rglob("*") if path.is_file()]
    assert {"aft.h", "aft_openmp.h", "aft.pc", "LICENSE", "NOTICE"} <= {path.name for path in files}
    for path in files:
        for folder in (str(ROOT), str(build)):
            assert folder.encode() not in path.read_bytes(), f"{path} names {folder}"
