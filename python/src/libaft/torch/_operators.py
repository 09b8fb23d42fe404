# SPDX-License-Identifier: MIT
"""torch.ops.libaft: what eager mode, torch.compile, torch.export and autocast call alike.

They are functions of their arguments and write to nothing else. None of the arguments is for keywords alone, which
PyTorch's autocast does not pass on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

import libaft

from .._abi import MAX_THREADS
from .._layer import Layer
from ._packing import Kept, pack
from ._tensors import array, check, refuse_gradients, result_like

LEAST_MULTIPLY_ADDS = 2**22  # of a thread: about 0.1 ms, where to start one takes 0.03 ms


def threads(multiply_adds: int) -> int:
    """As many as PyTorch would take, but none that has less to do than it takes to start it."""
    return max(1, min(torch.get_num_threads(), MAX_THREADS, multiply_adds // LEAST_MULTIPLY_ADDS))


def rows(tensor: Tensor) -> int:
    return tensor.shape[-2] if tensor.ndim > 1 else 0


def integers(lengths: Tensor | None) -> Any:
    return None if lengths is None else lengths.numpy()


def aggregate(
    function: Callable[..., Any], tensors: tuple[Tensor, ...], kv_lengths: Tensor | None, work: int, **options: Any
) -> Tensor:
    y = result_like(tensors[0])
    function(*map(array, tensors), kv_lengths=integers(kv_lengths), out=y.numpy(), threads=threads(work), **options)
    return y


def simple(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, kv_lengths: Tensor | None = None, q_offset: int = 0
) -> Tensor:
    work = 16 * q.numel()
    return aggregate(libaft.simple, (q, k, v), kv_lengths, work, causal=causal, q_offset=q_offset)


def full(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    w: Tensor,
    causal: bool = False,
    kv_lengths: Tensor | None = None,
    q_offset: int = 0,
    first_row: int | None = None,
) -> Tensor:
    work = 2 * q.numel() * rows(k)
    options = {"causal": causal, "q_offset": q_offset, "first_row": first_row}
    return aggregate(libaft.full, (q, k, v, w), kv_lengths, work, **options)


def local(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    w: Tensor,
    window: int,
    band: bool = False,
    causal: bool = False,
    kv_lengths: Tensor | None = None,
    q_offset: int = 0,
    first_row: int | None = None,
) -> Tensor:
    work = 2 * q.numel() * min(rows(k), 2 * window)
    options = {"window": window, "band": band, "causal": causal, "q_offset": q_offset, "first_row": first_row}
    return aggregate(libaft.local, (q, k, v, w), kv_lengths, work, **options)


def forward(layer: Layer, x: Tensor, lengths: Tensor | None) -> Tensor:
    y = result_like(x)
    positions = x.numel() // max(1, layer.dim)
    work = positions * layer.hidden * (4 * layer.dim + (2 * rows(x) if layer.has_bias else 0))
    layer(array(x), integers(lengths), y.numpy(), threads(work))
    return y


def layer(
    x: Tensor,
    to_q_weight: Tensor,
    to_q_bias: Tensor | None,
    to_k_weight: Tensor,
    to_k_bias: Tensor | None,
    to_v_weight: Tensor,
    to_v_bias: Tensor | None,
    project_weight: Tensor,
    project_bias: Tensor | None,
    w: Tensor | None = None,
    window: int | None = None,
    band: bool = False,
    heads: int = 1,
    causal: bool = False,
    lengths: Tensor | None = None,
    kept: int = 0,
) -> Tensor:
    """kept is the key of what a module keeps packed, 0 where there is none."""
    q, k, v = (to_q_weight, to_q_bias), (to_k_weight, to_k_bias), (to_v_weight, to_v_bias)
    parameters = (*q, *k, *v, project_weight, project_bias, w)
    options = {"window": window, "band": band, "heads": heads, "causal": causal}
    if keeper := Kept.find(kept):
        packed = keeper.layer(parameters, **options)
    else:
        packed = pack(parameters, max_length=None if w is None else rows(x), **options)
    return forward(packed, x, lengths)


def packed_layer(x: Tensor, packed: Tensor, lengths: Tensor | None = None) -> Tensor:
    if packed.dtype != torch.uint8 or packed.ndim != 1 or not packed.is_contiguous():
        raise TypeError(
            f"packed is {packed.dtype} of shape {tuple(packed.shape)}: it must be what a module's packed is"
        )
    memory = packed.numpy()
    if memory.nbytes % 4 or memory.ctypes.data % 4:
        raise ValueError("packed is no packed layer, or is not aligned to 4 bytes")
    return forward(Layer._packed(memory.view(np.float32)), x, lengths)


def register(library: torch.library.Library, function: Callable[..., Tensor]) -> None:
    """Makes an operator of a function whose result is shaped like its first argument."""
    name = function.__name__
    names = tuple(function.__annotations__)
    library.define(name + torch.library.infer_schema(function, mutates_args=()), tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(torch.ops.libaft, name).default

    def named(arguments: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(names, arguments, strict=False))  # trailing defaults are left out

    def compute(*arguments: Any) -> Tensor:
        check(named(arguments))
        return function(*arguments)

    def shape_only(*arguments: Any) -> Tensor:
        check(named(arguments), shapes_alone=True)
        return result_like(arguments[0])

    def without_gradients(keys: Any, *arguments: Any) -> Any:
        refuse_gradients(named(arguments))
        with torch._C._AutoDispatchBelowAutograd():
            return operator.redispatch(keys & torch._C._after_autograd_keyset, *arguments)

    library.impl(name, compute, "CompositeExplicitAutograd")
    # PyTorch's own for an operator without derivatives fails in backward, and answers 0 for a tangent.
    library.impl(name, without_gradients, "Autograd", with_keyset=True)
    torch.library.register_fake(f"libaft::{name}", shape_only, lib=library)
    torch.library.register_autocast(f"libaft::{name}", "cpu", torch.float32, lib=library)


library = torch.library.Library("libaft", "DEF")
for each in (simple, full, local, layer, packed_layer):
    register(library, each)
