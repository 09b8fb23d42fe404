# SPDX-License-Identifier: MIT
"""The two files, and their objects, each made once."""

import pathlib
import subprocess
from collections.abc import Callable

import pytest

from .compilers import Compiler

ROOT = pathlib.Path(__file__).parents[2]

Compile = Callable[..., pathlib.Path]  # (compiler, *flags): the object


@pytest.fixture(scope="session")
def dist(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "scripts/amalgamate", "--output", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def compiled(dist, tmp_path_factory) -> Compile:
    objects: dict[tuple[str, ...], pathlib.Path] = {}

    def compiled(compiler: Compiler, *flags: str) -> pathlib.Path:
        key = (compiler.name, *flags)
        if key not in objects:
            output = tmp_path_factory.mktemp("object") / "aft.o"
            said = compiler.run(*flags, "-c", dist / "aft.c", "-o", output)
            assert said == "", f"{compiler} {' '.join(flags)} warns:\n{said}"
            objects[key] = output
        return objects[key]

    return compiled
