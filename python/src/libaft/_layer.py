# SPDX-License-Identifier: MIT
"""A whole layer: to_q, to_k and to_v, the aggregation, project."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np

from . import _abi
from ._abi import BIAS_BAND, BIAS_NONE, lib
from ._arrays import ITEM, answer, count, kind_of, strides_of, truth, view
from ._bias import Weights, weights_of
from ._forward import thread_count
from ._operands import Operand, lengths_of, output
from ._types import Floats, Tensor

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._types import Array, Lengths, Linear

UNLIMITED = 2**40  # positions: more than memory holds
HEADER_BYTES = ctypes.sizeof(_abi.LayerHeader)


def maps_of(to_q: Linear, to_k: Linear, to_v: Linear, project: Linear) -> dict[str, tuple[Floats, Floats | None]]:
    """Weight and bias of each linear map, by name, once their shapes agree."""
    maps: dict[str, tuple[Floats, Floats | None]] = {}
    wanted: dict[str, tuple[int, ...]] = {}
    for name, linear in {"to_q": to_q, "to_k": to_k, "to_v": to_v, "project": project}.items():
        if not isinstance(linear, tuple) or len(linear) != 2:
            raise TypeError(f"{name} is a {kind_of(linear)}: it must be a tuple (weight, bias), whose bias may be None")
        weight = view(f"{name}[0]", linear[0], "[outputs, inputs]", (2,))
        bias = None if linear[1] is None else view(f"{name}[1]", linear[1], "[outputs]", (1,))
        if not wanted:
            hidden, dim = weight.shape
            wanted = {"to_q": (hidden, dim), "to_k": (hidden, dim), "to_v": (hidden, dim), "project": (dim, hidden)}
        if weight.shape != wanted[name]:
            raise ValueError(
                f"{name}[0] has shape {weight.shape}: beside a to_q of {wanted['to_q']} it must have {wanted[name]}"
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(f"{name}[1] has shape {bias.shape}: its weight, {weight.shape}, has {len(weight)} outputs")
        if not weight.flags.c_contiguous:
            raise ValueError(
                f"{name}[0] has rows that do not follow one another: pass a copy, numpy.ascontiguousarray({name}[0])"
            )
        maps[name] = weight, bias
    return maps


def fill_linear(weight: Floats, bias: Floats | None) -> _abi.Linear:
    return _abi.Linear(weight.ctypes.data, None if bias is None else bias.ctypes.data)


def positions_of(
    w: Array | None, window: SupportsIndex | None, band: bool, heads: int, max_length: SupportsIndex | None
) -> tuple[Weights | None, int]:
    """The bias, and how many positions a layer with it has."""
    if w is None:
        if window is not None or truth("band", band):
            raise TypeError("w is missing: window and band say how it is stored")
        return None, UNLIMITED if max_length is None else count("max_length", max_length)
    weights = weights_of(w, window, band)
    shape = weights.array.shape
    length = weights.rows if max_length is None else count("max_length", max_length)
    if weights.batch != 1 or weights.heads not in (1, heads):
        raise ValueError(f"w has shape {shape}: it must be [rows, columns] or [{heads} heads, rows, columns]")
    columns = length if weights.kind == BIAS_BAND else shape[-1]
    if min(weights.rows, columns) < length:
        raise ValueError(f"w has shape {shape}: max_length is {length}, and each position needs a row and a column")
    return weights, length


def accounts_for(header: _abi.LayerHeader) -> bool:
    """Whether the sizes in a header are those of as much memory as it says. What is read lies where they say."""
    maps = _abi.Layer(header.dim, header.heads, header.channels, header.max_length, bias=_abi.Bias(kind=BIAS_NONE))
    needed = ctypes.c_size_t()
    if lib.aft_layer_bytes(maps, needed) != _abi.OK:
        return False
    return bool(header.bytes > needed.value if header.has_bias else header.bytes == needed.value)


class Layer:
    """A layer of the paper (figure 2), packed once for all calls.

    y[t] = project(aggregation(to_q(x), to_k(x), to_v(x), w)[t]), where to_q(x)[o] = bias[o] + sum_i weight[o,i] * x[i]

    to_q, to_k, to_v   (weight [hidden, dim], bias [hidden] or None), as PyTorch's Linear stores them
    project            (weight [dim, hidden], bias [dim] or None)
    w, window, band    the bias of all positions, as `local` takes it; without a window as `full` does; None: AFT-simple
    heads              head h has the hidden units from h * hidden / heads on; w may be one for all, or [heads, ...]
    causal             whether position t sees the positions 0 .. t alone
    max_length         of sequences; by default the rows of w, and without w any

    Weights and w are float32 in memory that is read once, so they may go. A layer never changes: threads may share it.

    layer(x, lengths=None, out=None, threads=1)

    x         [length, dim] or [batch, length, dim], of any length up to max_length
    lengths   how many positions are visible as keys: one number, or one for each batch
    out       where to write, shaped like x; it may be x. The call then returns it
    threads   how many threads work; None: one for each CPU that this process may use

    `full` says what holds of tensors and of the result, whose bits depend on neither instruction set, threads, strides
    nor batch. Each linear map is within (140 + inputs / 128) * 2**-24 * (|bias| + sum_i |weight[i] * x[i]|), plus
    inputs * 2**-150, of its exact result.
    """

    def __init__(
        self,
        to_q: Linear,
        to_k: Linear,
        to_v: Linear,
        project: Linear,
        w: Array | None = None,
        window: SupportsIndex | None = None,
        *,
        band: bool = False,
        heads: SupportsIndex = 1,
        causal: bool = False,
        max_length: SupportsIndex | None = None,
    ) -> None:
        maps = maps_of(to_q, to_k, to_v, project)
        hidden, dim = maps["to_q"][0].shape
        number = count("heads", heads, 1)
        if hidden % number:
            raise ValueError(f"heads is {number}: it must divide the {hidden} hidden units of to_q")
        weights, length = positions_of(w, window, band, number, max_length)
        bias = _abi.Bias(kind=BIAS_NONE) if weights is None else weights.bias(0)
        layer = _abi.Layer(dim, number, hidden // number, length, truth("causal", causal), bias)
        for name, linear in maps.items():
            setattr(layer, name, fill_linear(*linear))
        needed = ctypes.c_size_t()
        status = lib.aft_layer_bytes(layer, needed)
        if status == _abi.OK:
            memory: Floats = np.empty(needed.value // ITEM, np.float32)
            status = lib.aft_layer_prepare(layer, memory.ctypes.data, needed)
        if status != _abi.OK:
            raise ValueError(f"this layer cannot be packed: {_abi.text(status)}")
        self._open(memory)

    @classmethod
    def _packed(cls, memory: Floats) -> Layer:
        """The layer in memory that another one was packed into."""
        layer = cls.__new__(cls)
        layer._open(memory)
        return layer

    def _open(self, memory: Floats) -> None:
        header = _abi.LayerHeader()
        if memory.nbytes >= HEADER_BYTES:
            ctypes.memmove(ctypes.byref(header), memory.ctypes.data, HEADER_BYTES)
        if header.magic != _abi.LAYER_MAGIC or header.bytes != memory.nbytes or not accounts_for(header):
            raise ValueError("this is no packed layer, or not the whole of one")
        self._memory = memory
        self.dim = int(header.dim)
        self.hidden = int(header.heads * header.channels)
        self.heads = int(header.heads)
        self.max_length = int(header.max_length)
        self.causal = bool(header.causal)
        self.has_bias = bool(header.has_bias)

    @property
    def nbytes(self) -> int:
        """The memory that it holds."""
        return self._memory.nbytes

    def __repr__(self) -> str:
        limit = "" if self.max_length == UNLIMITED else f", max_length {self.max_length}"
        mask = "causal" if self.causal else "not causal"
        sizes = f"dim {self.dim}, hidden {self.hidden}, heads {self.heads}{limit}"
        return f"<libaft.Layer: {sizes}, {mask}, {self.nbytes} bytes>"

    @overload
    def __call__(
        self,
        x: Tensor,
        lengths: Lengths | None = None,
        out: Tensor | None = None,
        threads: SupportsIndex | None = 1,
    ) -> Tensor: ...
    @overload
    def __call__(
        self,
        x: Buffer,
        lengths: Lengths | None = None,
        out: Floats | None = None,
        threads: SupportsIndex | None = 1,
    ) -> Floats: ...
    def __call__(
        self,
        x: Array,
        lengths: Lengths | None = None,
        out: Array | None = None,
        threads: SupportsIndex | None = 1,
    ) -> Any:
        source = Operand.of("x", x)
        if source.array.ndim > 3 or source.channels != self.dim:
            raise ValueError(
                f"x has shape {source.array.shape}: it must be [length, {self.dim}] or [batch, length, {self.dim}]"
            )
        if source.rows > self.max_length:
            raise ValueError(f"x has {source.rows} positions: this layer has {self.max_length}, its max_length")
        result = output(out, source)
        keys = lengths_of("lengths", lengths, source)
        sequences = fill_sequences(source, result)
        if keys is not None:
            sequences.lengths = keys.ctypes.data
        workers, needed = thread_count(threads), ctypes.c_size_t()
        memory = self._memory.ctypes.data
        status = lib.aft_layer_workspace_bytes(memory, sequences, _abi.Parallel(width=workers), needed)
        if status == _abi.OK:
            workspace = np.empty(needed.value, np.uint8)
            status = lib.aft_python_layer_forward(memory, sequences, workspace.ctypes.data, needed, workers)
        if status == _abi.STALE:
            raise ValueError("this layer's memory has been written to since it was packed: pack it anew")
        if status == _abi.OVERLAP:
            raise ValueError("out has elements that overlap, or dimensions that interleave: give it memory of its own")
        if status != _abi.OK:
            raise ValueError(f"these arguments do not go together: {_abi.text(status)}")
        return answer(x, result.array, out)


def fill_sequences(source: Operand, result: Operand) -> _abi.Sequences:
    x, y = (strides_of(operand.array) for operand in (source, result))
    batched = source.array.ndim > 2
    return _abi.Sequences(
        batch=source.batch,
        length=source.rows,
        x=source.array.ctypes.data,
        x_batch_stride=x[0] if batched else 0,
        x_time_stride=x[-2],
        y=result.array.ctypes.data,
        y_batch_stride=y[0] if batched else 0,
        y_time_stride=y[-2],
    )
