# SPDX-License-Identifier: MIT
"""Installed libafts, and the bits that every consumer must see."""

import functools
from collections.abc import Callable

import pytest
from projects import HERE, Tree, bits_of, install, run

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
