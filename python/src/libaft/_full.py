# SPDX-License-Identifier: MIT
"""AFT-simple and AFT-full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from ._abi import BIAS_FULL
from ._bias import Weights
from ._forward import Options, forward
from ._prepared import Prepared
from ._types import Floats, Tensor

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._types import Array, Lengths


@overload
def simple(
    q: Tensor,
    k: Array,
    v: Array,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    out: Tensor | None = None,
    threads: SupportsIndex | None = 1,
) -> Tensor: ...
@overload
def simple(
    q: Buffer,
    k: Array,
    v: Array,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    out: Floats | None = None,
    threads: SupportsIndex | None = 1,
) -> Floats: ...
def simple(
    q: Array,
    k: Array,
    v: Array,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    out: Array | None = None,
    threads: SupportsIndex | None = 1,
) -> Any:
    """AFT-simple: no bias. `full` describes the arguments.

    y[t,c] = sigmoid(q[t,c]) * sum_j exp(k[j,c]) * v[j,c] / sum_j exp(k[j,c])
    """
    return forward(q, k, v, None, Options(causal, kv_lengths, q_offset, None, out, threads))


@overload
def full(
    q: Tensor,
    k: Array,
    v: Array,
    w: Array | Prepared,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Tensor | None = None,
    threads: SupportsIndex | None = 1,
) -> Tensor: ...
@overload
def full(
    q: Buffer,
    k: Array,
    v: Array,
    w: Array | Prepared,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Floats | None = None,
    threads: SupportsIndex | None = 1,
) -> Floats: ...
def full(
    q: Array,
    k: Array,
    v: Array,
    w: Array | Prepared,
    *,
    causal: bool = False,
    kv_lengths: Lengths | None = None,
    q_offset: SupportsIndex = 0,
    first_row: SupportsIndex | None = None,
    out: Array | None = None,
    threads: SupportsIndex | None = 1,
) -> Any:
    """AFT-full: a dense bias.

    y[t,c] = sigmoid(q[t,c]) * sum_j exp(k[j,c] + w[t,j]) * v[j,c] / sum_j exp(k[j,c] + w[t,j])

    over the visible keys j: below the batch's length, at most q_offset + t if causal, and with neither w[t,j] nor
    k[j,c] -inf. A row without a visible key is 0.

    q                  [rows, channels], [batch, rows, channels] or [batch, heads, rows, channels], float32
    k, v               the same, with any number of rows, the keys
    w                  [rows, keys], [heads, rows, keys] or [batch, heads, rows, keys]; a batch or heads of 1 is shared,
                       and w may be larger than the sequence: w[first_row + t, j] is read. Or a bias of `prepare`
    causal             whether row t sees the keys 0 .. q_offset + t alone
    kv_lengths         how many keys are visible: one number, or one for each batch
    q_offset           the position of query row 0, for decoding
    first_row          the row of w for query row 0; by default that of the position, q_offset
    out                where to write, shaped like q; it may be q. The call then returns it
    threads            how many threads work; None: one for each CPU that this process may use

    The result is new memory in the layout of q, and a tensor of q's library where that reads DLPack (PyTorch's, JAX's;
    of a subclass, its base's), otherwise a NumPy array.

    Tensors are NumPy arrays, objects with DLPack, or objects with the buffer protocol. None is copied: any strides will
    do, also 0, while the last dimension is contiguous; so heads that lie side by side, [batch, rows, heads * channels],
    are q.reshape(batch, rows, heads, channels).transpose(0, 2, 1, 3). TypeError and ValueError name the argument that
    is wrong, and then nothing has been written.

    The result is the same, to the last bit, on every instruction set, with any number of threads, any strides and any
    split of a batch. Its error is at most 24 * 2**-24 * sigmoid(q) * sum_j p_j |v_j| + n * 2**-136, with the exact
    weights p_j and n visible keys, for finite q and v, k and w within +-2**20 and up to 4096 keys, unless the input was
    built to exceed it: aft.h has the proven bound, and what NaN and infinity do. Finite k and w beyond +-2**20 count as
    +-2**20, so the result is finite, but not the formula's. Other Python threads run meanwhile.
    """
    if isinstance(w, Prepared) and w.window is not None:
        raise ValueError(f"w was prepared with a window of {w.window}: call libaft.local")
    bias = w if isinstance(w, Prepared) else Weights.of(w, BIAS_FULL)
    return forward(q, k, v, bias, Options(causal, kv_lengths, q_offset, first_row, out, threads))
