# SPDX-License-Identifier: MIT
"""Installed libafts, and the bits that every consumer must see."""

import functools
import re
from collections.abc import Callable

import pytest
from projects import HERE, ROOT, Tree, bits_of, install, run

KINDS = [(shared, exp) for shared in (False, True) for exp in ("builtin", "sleef")]


def name(kind: tuple[bool, str]) -> str:
    return f"{'shared' if kind[0] else 'static'}-{kind[1]}"


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Callable[[bool, str], Tree]:
    """The tree of a kind, installed once."""
    return functools.cache(lambda *kind: install(tmp_path_factory.mktemp(name(kind)), *kind))


@pytest.fixture(params=KINDS, ids=name)
def tree(request, installed) -> Tree:
    return installed(*request.param)


@pytest.fixture(params=("builtin", "sleef"))
def shared_tree(request, installed) -> Tree:
    return installed(True, request.param)


@pytest.fixture(scope="session")
def bits(installed, tmp_path_factory) -> str:
    """Of the program linked with the static library, by hand."""
    prefix = installed(False, "builtin").prefix
    program = tmp_path_factory.mktemp("by-hand") / "consumer"
    run(
        "cc",
        "-std=c11",
        HERE / "consumer.c",
        f"-I{prefix}/include",
        next(prefix.rglob("libaft.a")),
        "-lm",
        "-o",
        program,
    )
    return bits_of(program)


@pytest.fixture(scope="session")
def version() -> str:
    """As the header states it."""
    header = (ROOT / "include/aft.h").read_text()
    parts = ("MAJOR", "MINOR", "PATCH")
    return ".".join(re.search(rf"^#define AFT_VERSION_{part} (\d+)$", header, re.MULTILINE)[1] for part in parts)
