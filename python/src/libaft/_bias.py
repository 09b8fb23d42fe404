# SPDX-License-Identifier: MIT
"""The bias w in the caller's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, SupportsIndex

from . import _abi
from ._abi import BIAS_BAND, BIAS_FULL, BIAS_LOCAL
from ._arrays import count, strides_of, truth, view
from ._types import Floats

if TYPE_CHECKING:
    from ._types import Array

LAYOUTS = "[rows, columns], [heads, rows, columns] or [batch, heads, rows, columns]"


class Weights(NamedTuple):
    """A bias in the caller's memory, rows from row 0 of w."""

    array: Floats
    kind: int
    window: int

    @classmethod
    def of(cls, w: Array, kind: int, window: int = 0) -> Weights:
        array = view("w", w, LAYOUTS)
        columns = 2 * window - 1
        if kind == BIAS_BAND and array.shape[-1] != columns:
            raise ValueError(
                f"w has shape {array.shape}: a band of window {window} has 2 * {window} - 1 = {columns} columns"
            )
        return cls(array, kind, window)

    @property
    def batch(self) -> int:
        return self.array.shape[0] if self.array.ndim > 3 else 1

    @property
    def heads(self) -> int:
        return self.array.shape[-3] if self.array.ndim > 2 else 1

    @property
    def rows(self) -> int:
        return int(self.array.shape[-2])

    def bias(self, first_row: int) -> _abi.Bias:
        strides = strides_of(self.array)
        batch = strides[0] if self.array.ndim > 3 else 0
        heads = strides[-3] if self.array.ndim > 2 else 0
        return _abi.Bias(self.kind, self.array.ctypes.data, batch, heads, strides[-2], first_row, self.window)

    def check(self, shape: _abi.Shape, first_row: int) -> None:
        """Refuses a w that does not hold what the problem reads of it."""
        whole = self.array.shape
        for name, own, wanted in (("batch", self.batch, shape.batch), ("heads", self.heads, shape.heads)):
            if own not in (1, wanted):
                raise ValueError(
                    f"w has shape {whole}, so {name} {own}; q has {name} {wanted}: they must agree, or w's be 1"
                )
        if first_row + shape.q_len > self.rows:
            raise ValueError(
                f"w has {self.rows} rows (shape {whole}), and query rows 0 .. {shape.q_len - 1} use its rows "
                f"{first_row} .. {first_row + shape.q_len - 1} (from first_row, by default q_offset)"
            )
        if self.kind != BIAS_BAND and whole[-1] < shape.kv_len:
            raise ValueError(f"w has {whole[-1]} columns (shape {whole}): it needs one for each of {shape.kv_len} keys")


def weights_of(w: Array, window: SupportsIndex | None, band: bool) -> Weights:
    if window is None:
        if truth("band", band):
            raise TypeError("window is missing: a band has 2 * window - 1 columns")
        return Weights.of(w, BIAS_FULL)
    if truth("band", band):
        return Weights.of(w, BIAS_BAND, count("window", window, 1))
    return Weights.of(w, BIAS_LOCAL, count("window", window))
