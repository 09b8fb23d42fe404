# SPDX-License-Identifier: MIT
"""q, k, v and the result, as [batch, heads, rows, channels]."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _abi
from ._arrays import empty_like, kind_of, strides_of, view
from ._types import Floats

if TYPE_CHECKING:
    from ._types import Array, Lengths

LAYOUTS = "[rows, channels], [batch, rows, channels] or [batch, heads, rows, channels]"


class Operand(NamedTuple):
    """A tensor, with the sizes that its absent dimensions count as."""

    name: str
    array: Floats
    batch: int
    heads: int
    rows: int
    channels: int

    @classmethod
    def of(cls, name: str, source: Array) -> Operand:
        array = view(name, source, LAYOUTS)
        rows, channels = array.shape[-2:]
        batch = array.shape[0] if array.ndim > 2 else 1
        heads = array.shape[1] if array.ndim > 3 else 1
        return cls(name, array, batch, heads, rows, channels)

    def tensor(self) -> _abi.Tensor:
        strides = strides_of(self.array)
        batch = strides[0] if self.array.ndim > 2 else 0
        heads = strides[1] if self.array.ndim > 3 else 0
        return _abi.Tensor(self.array.ctypes.data, batch, heads, strides[-2])


def inputs(q: Array, k: Array, v: Array) -> tuple[Operand, Operand, Operand]:
    queries, keys, values = Operand.of("q", q), Operand.of("k", k), Operand.of("v", v)
    wanted, given = queries.array.shape, keys.array.shape
    if len(given) != len(wanted) or (*given[:-2], given[-1]) != (*wanted[:-2], wanted[-1]):
        raise ValueError(f"k has shape {given} and q {wanted}: they may differ in the number of rows alone")
    if values.array.shape != given:
        raise ValueError(f"v has shape {values.array.shape} and k {given}: they must be alike")
    return queries, keys, values


def output(out: Array | None, q: Operand) -> Operand:
    """What is written to; by default new memory in the layout of q."""
    if out is None:
        return Operand.of("out", empty_like(q.array))
    result = Operand.of("out", out)
    if result.array.shape != q.array.shape:
        raise ValueError(f"out has shape {result.array.shape} and {q.name} {q.array.shape}: they must be alike")
    if not result.array.flags.writeable:
        raise ValueError(
            f"out, a {kind_of(out)}, is read-only, or does not say by DLPack 1.0 that it may be written: "
            "pass a NumPy array or another writable buffer"
        )
    return result


def lengths_of(name: str, lengths: Lengths | None, k: Operand) -> NDArray[np.uintp] | None:
    """The number of visible keys of each batch."""
    if lengths is None:
        return None
    try:
        given = np.asarray(lengths)
    except Exception as error:  # what it calls has its own
        raise TypeError(f"{name} is no array of integers, one for each batch: {error}") from error
    if given.dtype.kind not in "iu" and given.size > 0:
        raise TypeError(f"{name} holds {given.dtype}: it must hold integers, one for each batch")
    if given.ndim > 0 and given.shape != (k.batch,):
        raise ValueError(f"{name} has shape {given.shape}: it must hold one length for each of {k.batch} batches")
    wrong = given[(given < 0) | (given > k.rows)]
    if wrong.size > 0:
        raise ValueError(f"{name} has {wrong[0]}: {k.name} has {k.rows} rows, so lengths lie in 0 .. {k.rows}")
    return np.ascontiguousarray(np.broadcast_to(given, (k.batch,)), np.uintp)
