# SPDX-License-Identifier: MIT
"""torch.ops.libaft: what eager mode, torch.compile, torch.export and autocast call alike.

They are functions of their arguments and write to nothing else. Each runs on torch.get_num_threads() threads.
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
from ._tensors import array, check, refuse_gradients, result_like


def threads() -> int:
    return min(torch.get_num_threads(), MAX_THREADS)


def integers(lengths: Tensor | None) -> Any:
    return None if lengths is None else lengths.numpy()


def simple(
    q: Tensor, k: Tensor, v: Tensor, *, causal: bool = False, kv_lengths: Tensor | None = None, q_offset: int = 0
) -> Tensor:
    y = result_like(q)
    libaft.simple(
        array(q),
        array(k),
        array(v),
        causal=causal,
        kv_lengths=integers(kv_lengths),
        q_offset=q_offset,
        out=y.numpy(),
        threads=threads(),
    )
    return y


def full(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    w: Tensor,
    *,
    causal: bool = False,
    kv_lengths: Tensor | None = None,
    q_offset: int = 0,
    first_row: int | None = None,
) -> Tensor:
    y = result_like(q)
    libaft.full(
        array(q),
        array(k),
        array(v),
        array(w),
        causal=causal,
        kv_lengths=integers(kv_lengths),
        q_offset=q_offset,
        first_row=first_row,
        out=y.numpy(),
        threads=threads(),
    )
    return y


def local(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    w: Tensor,
    window: int,
    *,
    band: bool = False,
    causal: bool = False,
    kv_lengths: Tensor | None = None,
    q_offset: int = 0,
    first_row: int | None = None,
) -> Tensor:
    y = result_like(q)
    libaft.local(
        array(q),
        array(k),
        array(v),
        array(w),
        window,
        band=band,
        causal=causal,
        kv_lengths=integers(kv_lengths),
        q_offset=q_offset,
        first_row=first_row,
        out=y.numpy(),
        threads=threads(),
    )
    return y


def pack(*parameters: Tensor | None, w: Tensor | None, max_length: int | None, **options: Any) -> Layer:
    """A layer of the weights and biases of to_q, to_k, to_v and project, in this order."""
    arrays: list[Any] = [None if parameter is None else array(parameter.contiguous()) for parameter in parameters]
    q, k, v, project = zip(arrays[::2], arrays[1::2], strict=True)
    return Layer(
        q,
        k,
        v,
        project,
        w=None if w is None else array(w),
        max_length=None if w is None else max_length,
        **options,
    )


def forward(layer: Layer, x: Tensor, lengths: Tensor | None) -> Tensor:
    y = result_like(x)
    layer(array(x), integers(lengths), y.numpy(), threads())
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
    *,
    band: bool = False,
    heads: int = 1,
    causal: bool = False,
    lengths: Tensor | None = None,
) -> Tensor:
    q, k, v = (to_q_weight, to_q_bias), (to_k_weight, to_k_bias), (to_v_weight, to_v_bias)
    packed = pack(
        *(*q, *k, *v, project_weight, project_bias),
        w=w,
        max_length=x.shape[-2] if x.ndim > 1 else 0,
        window=window,
        band=band,
        heads=heads,
        causal=causal,
    )
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

    def named(arguments: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        return dict(zip(names, arguments, strict=False)) | options

    def compute(*arguments: Any, **options: Any) -> Tensor:
        check(named(arguments, options))
        return function(*arguments, **options)

    def shape_only(first: Tensor, *arguments: Any, **options: Any) -> Tensor:
        check(named((first, *arguments), options), shapes_alone=True)
        return result_like(first)

    def without_gradients(keys: Any, *arguments: Any, **options: Any) -> Any:
        refuse_gradients(named(arguments, options))
        with torch._C._AutoDispatchBelowAutograd():
            return operator.redispatch(keys & torch._C._after_autograd_keyset, *arguments, **options)

    library.impl(name, compute, "CompositeExplicitAutograd")
    # An operator without this one would answer a forward-mode derivative of 0.
    library.impl(name, without_gradients, "Autograd", with_keyset=True)
    torch.library.register_fake(f"libaft::{name}", shape_only, lib=library)
    torch.library.register_autocast(f"libaft::{name}", "cpu", torch.float32, lib=library)


library = torch.library.Library("libaft", "DEF")
for each in (simple, full, local, layer, packed_layer):
    register(library, each)
