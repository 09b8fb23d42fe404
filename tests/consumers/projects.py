# SPDX-License-Identifier: MIT
"""Builds of libaft and of the projects that take it in."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
HERE = pathlib.Path(__file__).parent
SONAME = "libaft.so.0.1"
BITS = re.compile(r"^bits ([0-9a-f]{16})$", re.MULTILINE)
# So that neither a user's settings nor another libaft decide what a test sees.
FOREIGN = ("AFT_ISA", "CFLAGS", "CXXFLAGS", "LDFLAGS", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH")


class Failed(Exception):
    """A command, with what it printed."""


def run(*command: object, folder: pathlib.Path | None = None, **environment: object) -> str:
    """What the command printed; Failed unless its status is 0."""
    inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=folder,
        env=inherited | {name: str(value) for name, value in environment.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def cmake(source: pathlib.Path, build: pathlib.Path, **variables: object) -> pathlib.Path:
    """Configures and builds; the folder of the build."""
    chosen = {"CMAKE_BUILD_TYPE": "Release"} | variables
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", *(f"-D{name}={value}" for name, value in chosen.items()))
    run("cmake", "--build", build, "--parallel", "2")
    return build


def bits_of(program: pathlib.Path, **environment: object) -> str:
    """The hash that consumer.c prints when every instruction set is right."""
    return bits_in(run(program, **environment))


def bits_in(output: str) -> str:
    found = BITS.findall(output)
    assert len(found) == 1 and "isa scalar" in output, output
    return found[0]


@dataclasses.dataclass(frozen=True)
class Tree:
    """An installed libaft."""

    prefix: pathlib.Path
    shared: bool
    exp: str

    @property
    def libraries(self) -> pathlib.Path:
        (file,) = self.prefix.rglob("aft.pc")
        return file.parents[1]

    @property
    def pkg_config(self) -> dict[str, pathlib.Path]:
        """The environment in which pkg-config finds it, and a program its shared library."""
        return {"PKG_CONFIG_PATH": self.libraries / "pkgconfig", "LD_LIBRARY_PATH": self.libraries}


def install(folder: pathlib.Path, shared: bool, exp: str, **variables: object) -> Tree:
    """Builds libaft, installs it, and moves the tree to `folder`/a moved tree."""
    first = folder / "prefix"
    build = cmake(
        ROOT,
        folder / "build",
        AFT_TESTS="OFF",
        AFT_BENCH="OFF",
        AFT_WERROR="ON",
        AFT_EXP=exp,
        BUILD_SHARED_LIBS="ON" if shared else "OFF",
        CMAKE_INSTALL_PREFIX=first,
        **variables,
    )
    run("cmake", "--install", build)
    moved = folder / "a moved tree"
    first.rename(moved)
    return Tree(moved, shared, exp)


def exported(library: pathlib.Path) -> set[str]:
    """The symbols that a shared library defines for others."""
    return {line.split()[-1] for line in run("nm", "--dynamic", "--defined-only", library).splitlines()}


def needed(binary: pathlib.Path) -> set[str]:
    """The shared libraries that a binary names."""
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", binary)))


@contextlib.contextmanager
def refused():
    """Takes what a command printed that must fail: a list, filled when it has."""
    said: list[str] = []
    try:
        yield said
    except Failed as failure:
        said.append(str(failure))
    assert said, "this must fail, and did not"
