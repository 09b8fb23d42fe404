# SPDX-License-Identifier: MIT
"""Tensors of PyTorch: what libaft takes of them, and as NumPy sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .._pytorch import refuse_freed
from .._types import Floats

NOT_FLOATS = ("kv_lengths", "lengths", "packed")


def check(tensors: Mapping[str, Any], shapes_alone: bool = False) -> None:
    """Refuses what is not dense, floats that are not float32, and what is not on the CPU.

    Where shapes alone are asked for, tensors may be on the meta device, which has nothing else.
    """
    first: tuple[str, torch.device] | None = None
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            continue
        if tensor.device.type != "cpu" and not (shapes_alone and tensor.device.type == "meta"):
            raise TypeError(f"{name} is on {tensor.device}, and libaft computes on the CPU: pass {name}.cpu()")
        first = first or (name, tensor.device)
        if tensor.device != first[1]:
            raise TypeError(f"{name} is on {tensor.device} and {first[0]} on {first[1]}: they must be on one device")
        if tensor.layout != torch.strided:
            raise TypeError(f"{name} has the layout {tensor.layout}: pass {name}.to_dense()")
        if tensor.dtype != torch.float32 and name not in NOT_FLOATS:
            raise TypeError(
                f"{name} is {tensor.dtype}, and libaft computes in float32: pass {name}.float(), "
                "or call float() on its module"
            )


def array(tensor: Tensor) -> Floats:
    """Its memory, copied only where the last dimension is not contiguous."""
    readable = tensor.detach()
    refuse_freed("a tensor", readable)
    if tensor.ndim > 0 and tensor.shape[-1] > 1 and tensor.stride(-1) != 1:
        readable = readable.contiguous()
    values: Floats = readable.numpy()
    return values


def result_like(tensor: Tensor) -> Tensor:
    """Memory for a result in the layout of a tensor, but with the last dimension contiguous."""
    result = torch.empty_like(tensor)
    if result.ndim > 0 and result.stride(-1) != 1:
        return torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)
    return result


def refuse_gradients(tensors: Mapping[str, Any]) -> None:
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            continue
        if tensor.requires_grad and torch.is_grad_enabled():
            raise RuntimeError(
                f"{name} requires grad, and libaft has no backward: call it under torch.inference_mode() or "
                f"torch.no_grad(), or call requires_grad_(False) on what needs no gradient"
            )
        if forward_ad.unpack_dual(tensor).tangent is not None:
            raise RuntimeError(f"{name} has a tangent, and libaft has no forward-mode derivative: pass it without one")
