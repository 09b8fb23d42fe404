# SPDX-License-Identifier: MIT
"""Biases exponentiated and packed ahead of time."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from . import _abi
from ._abi import BIAS_BAND, BIAS_FULL, lib
from ._arrays import ITEM, count, truth
from ._bias import Weights, weights_of
from ._types import Floats

if TYPE_CHECKING:
    from ._types import Array


class Prepared:
    """A bias made by `prepare`, which `full` and `local` take in place of w.

    It holds all it needs, so w may go. It never changes: threads may share it.
    """

    def __init__(self, weights: Weights, shape: _abi.Shape, first_row: int) -> None:
        bias, needed = weights.bias(first_row), ctypes.c_size_t()
        status = lib.aft_prepared_bytes(shape, bias, needed)
        self._memory: Floats = np.empty(-(-needed.value // ITEM), np.float32)
        if status == _abi.OK:
            status = lib.aft_prepare(shape, bias, self._memory.ctypes.data, self._memory.nbytes, bias)
        if status != _abi.OK:
            raise ValueError(f"w cannot be prepared: {_abi.text(status)}")
        self._kind: int = bias.kind  # a window of 0 leaves nothing to prepare
        self.window = None if weights.kind == BIAS_FULL else weights.window
        self.causal = bool(shape.causal)
        self.keys = int(shape.kv_len)
        self.rows = range(first_row, first_row + shape.q_len)
        self._batch, self._heads, self._offset = weights.batch, weights.heads, int(shape.q_offset) - first_row

    @property
    def nbytes(self) -> int:
        """The memory that it holds."""
        return self._memory.nbytes

    def __repr__(self) -> str:
        window = "" if self.window is None else f", window {self.window}"
        rows = f"rows {self.rows.start} .. {self.rows.stop - 1}"
        mask = "causal" if self.causal else "not causal"
        return f"<libaft.Prepared: {rows}, {self.keys} keys{window}, {mask}, {self.nbytes} bytes>"

    def row_of(self, q_offset: int) -> int:
        """The row for a position."""
        row = q_offset - self._offset
        if row < 0:
            raise ValueError(f"q_offset is {q_offset}: w's row 0, as it was prepared, is position {self._offset}")
        return row

    def bias(self, first_row: int) -> _abi.Bias:
        return _abi.Bias(self._kind, self._memory.ctypes.data, 0, 0, 0, first_row, 0)

    def why_stale(self, shape: _abi.Shape, first_row: int) -> str:
        """What of a problem it was not prepared for."""
        rows = range(first_row, first_row + shape.q_len)
        offset = int(shape.q_offset) - first_row
        anywhere = self.window is None and not self.causal
        facts = (
            (self._batch in (1, shape.batch), f"batch is {shape.batch}, not {self._batch}"),
            (self._heads in (1, shape.heads), f"heads is {shape.heads}, not {self._heads}"),
            (self.causal == shape.causal, f"causal is {shape.causal}, not {self.causal}"),
            (anywhere or offset == self._offset, f"q_offset - first_row is {offset}, not {self._offset}"),
            (
                self.rows.start <= rows.start and rows.stop <= self.rows.stop,
                f"rows {rows.start} .. {rows.stop - 1} are not all among {self.rows.start} .. {self.rows.stop - 1}",
            ),
            (shape.kv_len <= self.keys, f"there are {shape.kv_len} keys, more than {self.keys}"),
        )
        return "; ".join(text for holds, text in facts if not holds)


def prepare(
    w: Array,
    window: SupportsIndex | None = None,
    *,
    band: bool = False,
    causal: bool = False,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    kv_len: SupportsIndex | None = None,
) -> Prepared:
    """Exponentiates and packs a bias that many calls use; they have the same bits and take less time.

    Prepared for the longest sequence, it serves every shorter one, and its rows one by one. It holds about twice the
    memory of the part of w that is read.

    w, window, band   as `local` takes them; without a window, w is that of `full`
    causal            a causal bias serves causal calls alone, and one that is not the others
    q_offset          the position of w[first_row]; calls keep q_offset - first_row (of `full` without a mask, any)
    first_row         the first row to prepare, by default q_offset; all that follow are
    kv_len            the largest number of keys; by default w's columns, of a band the position behind its last row
    """
    weights = weights_of(w, window, band)
    position = count("q_offset", q_offset)
    first = position if first_row is None else count("first_row", first_row)
    if first > weights.rows:
        raise ValueError(f"first_row is {first}: w has {weights.rows} rows (shape {weights.array.shape})")
    rows = weights.rows - first
    keys = position + rows if weights.kind == BIAS_BAND else weights.array.shape[-1]
    if kv_len is not None:
        keys = count("kv_len", kv_len)
    shape = _abi.Shape(weights.batch, weights.heads, rows, keys, 0, position, truth("causal", causal), None)
    weights.check(shape, first)
    return Prepared(weights, shape, first)
