# SPDX-License-Identifier: MIT
"""The instruction set that runs."""

from __future__ import annotations

import itertools
import os

from ._abi import OK, lib


def isa() -> str:
    """The active instruction set: "scalar", "avx2", "avx512" or "neon".

    At first the highest that the CPU has and the operating system enables, but none above the one that AFT_ISA named in
    the environment when libaft was imported.
    """
    name: bytes = lib.aft_isa_name()
    return name.decode()


def isas() -> tuple[str, ...]:
    """The instruction sets that this build holds, ascending. Whether this CPU runs one is what `use_isa` answers."""
    names = itertools.takewhile(bool, (lib.aft_isa_at(index) for index in itertools.count()))
    return tuple(name.decode() for name in names)


def use_isa(name: str) -> None:
    """Chooses another instruction set for the whole process; a call under way ends on the one it began with.

    The results stay the same, to the last bit. ValueError, and nothing changes, where this build or this CPU lacks it,
    or where it lies above AFT_ISA.
    """
    known = isas()
    if name not in known:
        raise ValueError(f"name is {name!r}: this build of libaft has {', '.join(known)}")
    if known.index(name) > _limit:
        raise ValueError(f"name is {name!r}: AFT_ISA allows none above {known[_limit]!r} in this process")
    if lib.aft_use_isa(name.encode()) != OK:
        raise ValueError(f"name is {name!r}: this CPU, or its operating system, does not run it; {isa()!r} stays")


def _limit_by_environment() -> int:
    """The place of the highest that may run: that in AFT_ISA, if this build knows it."""
    known = isas()
    wanted = os.environ.get("AFT_ISA")
    if wanted not in known:
        return len(known) - 1
    limit = known.index(wanted)
    for name in reversed(known[: limit + 1]):
        if lib.aft_use_isa(name.encode()) == OK:
            break
    return limit


_limit = _limit_by_environment()
