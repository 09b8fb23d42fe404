# SPDX-License-Identifier: MIT
"""What tensors of PyTorch need beside DLPack. It is not imported: where nothing else did, there are none."""

from __future__ import annotations

import sys
from typing import Any


def is_tensor(source: object) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def refuse_tracing(name: str) -> None:
    """Has torch.compile leave the call to Python, where it may; it cannot follow what becomes of a tensor's memory."""
    torch: Any = sys.modules["torch"]

    if torch.compiler.is_dynamo_compiling():  # never so outside of what it traces
        raise TypeError(
            f"{name} is a tensor that torch.compile traces, and this function cannot be traced: torch.ops.libaft has "
            "operators that it can (import libaft.torch)"
        )


def exportable(name: str, tensor: Any) -> Any:
    """The tensor without gradients, refused where its memory, which is all that DLPack exports, is not float32 or not
    what it is.
    """
    torch: Any = sys.modules["torch"]

    if tensor.dtype != torch.float32:  # NumPy would not name those that it lacks, bfloat16 among them
        raise TypeError(f"{name} is {tensor.dtype}, and libaft computes in float32: pass {name}.float()")
    if type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        raise TypeError(
            f"{name}, a {type(tensor).__name__}, has a dispatch of its own, so its memory need not hold its values: "
            "pass a plain tensor"
        )
    if tensor.requires_grad and torch.is_grad_enabled():
        raise TypeError(
            f"{name} requires grad, and libaft has no backward: call it under torch.inference_mode() or "
            f"torch.no_grad(), or pass {name}.detach()"
        )
    if torch.autograd.forward_ad.unpack_dual(tensor).tangent is not None:
        raise TypeError(f"{name} has a tangent, and libaft has no forward-mode derivative: pass it without one")
    if tensor.is_neg():
        raise TypeError(f"{name} has the negative bit, so its memory holds -{name}: pass {name}.resolve_neg()")
    refuse_freed(name, tensor)
    return tensor.detach()


def refuse_freed(name: str, tensor: Any) -> None:
    """PyTorch lets a tensor keep a shape that its storage has no memory for, and reads there itself."""
    behind = tensor.storage_offset() + 1 + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.stride()))
    held = tensor.untyped_storage().nbytes() // tensor.element_size()
    if tensor.numel() > 0 and behind > held:
        raise ValueError(f"{name} reaches {behind} elements into a storage that holds {held}: it was freed or resized")


def note_written(tensor: Any) -> None:
    """Has autograd refuse a backward that needs what stood there."""
    torch: Any = sys.modules["torch"]

    torch.autograd.graph.increment_version(tensor)
