# SPDX-License-Identifier: MIT
"""AFT-local."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from ._arrays import count, truth
from ._bias import weights_of
from ._forward import Options, forward
from ._prepared import Prepared
from ._types import Floats, Tensor

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._types import Array, Lengths


@overload
def local(
    q: Tensor,
    k: Array,
    v: Array,
    w: Array | Prepared,
    window: SupportsIndex | None = None,
    *,
    band: bool = False,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Tensor | None = None,
    threads: SupportsIndex | None = 1,
) -> Tensor: ...
@overload
def local(
    q: Buffer,
    k: Array,
    v: Array,
    w: Array | Prepared,
    window: SupportsIndex | None = None,
    *,
    band: bool = False,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Floats | None = None,
    threads: SupportsIndex | None = 1,
) -> Floats: ...
def local(
    q: Array,
    k: Array,
    v: Array,
    w: Array | Prepared,
    window: SupportsIndex | None = None,
    *,
    band: bool = False,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Array | None = None,
    threads: SupportsIndex | None = 1,
) -> Any:
    """AFT-local: a bias near the diagonal, 0 elsewhere; far keys still count, with exp(0) = 1.

    y[t,c] = sigmoid(q[t,c]) * sum_j exp(k[j,c] + b[t,j]) * v[j,c] / sum_j exp(k[j,c] + b[t,j])
    b[t,j] = w[first_row + t, j] where |q_offset + t - j| < window, 0 elsewhere

    w        dense, as `full` takes it: what lies outside the window is not read
    window   how far w reaches; 0 is AFT-simple. A bias of `prepare` brings its own
    band     whether w is stored as a band, 2 * window - 1 columns in place of one a key: column i of row first_row + t
             is that of key q_offset + t - (window - 1) + i

    `full` describes the other arguments, and what holds of the result.
    """
    if not isinstance(w, Prepared):
        if window is None:
            raise TypeError(
                "window is missing: w counts where |t - j| < window; where it counts everywhere is libaft.full"
            )
        return forward(
            q, k, v, weights_of(w, window, band), Options(causal, kv_lengths, q_offset, first_row, out, threads)
        )
    if w.window is None:
        raise ValueError("w was prepared without a window: call libaft.full, or prepare it with one")
    if truth("band", band) or (window is not None and count("window", window) != w.window):
        raise ValueError(f"w was prepared with a window of {w.window}: leave out window and band, or prepare w anew")
    return forward(q, k, v, w, Options(causal, kv_lengths, q_offset, first_row, out, threads))
