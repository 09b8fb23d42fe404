# SPDX-License-Identifier: MIT
"""Layers packed from parameters, and kept while those stay as they are."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

from .._layer import Layer
from ._tensors import array

Parameters = Sequence[Tensor | None]  # in the order of NAMES
LINEARS = ("to_q", "to_k", "to_v", "project")
NAMES = (*(f"{linear}.{part}" for linear in LINEARS for part in ("weight", "bias")), "wbias")


def pack(parameters: Parameters, **options: Any) -> Layer:
    arrays: list[Any] = [None if parameter is None else array(parameter.contiguous()) for parameter in parameters]
    *linears, w = arrays
    q, k, v, project = zip(linears[::2], linears[1::2], strict=True)
    return Layer(q, k, v, project, w, **options)


def refuse_training(parameters: Parameters) -> None:
    """Refuses what an optimizer may change, for PyTorch counts no write of a fused one."""
    for name, parameter in zip(NAMES, parameters, strict=True):
        if parameter is None:
            continue
        if parameter.requires_grad:  # as a view of one that does
            found, remedy = "requires grad", "call requires_grad_(False)"
        elif parameter.grad is not None:
            found, remedy = "has a gradient", "set its grad to None"
        else:
            continue
        raise RuntimeError(
            f"{name} {found}, and pack is for weights that no longer change: {remedy} first, or leave it unpacked"
        )


class State(NamedTuple):
    """A tensor at some time. Its memory stays while this does, so that no other one gets its address."""

    memory: Tensor
    writes: int | None  # that PyTorch has counted; None for tensors of inference mode, whose writes it does not count

    @classmethod
    def of(cls, tensor: Tensor) -> State:
        return cls(tensor.detach(), None if tensor.is_inference() else tensor._version)

    def is_of(self, tensor: Tensor) -> bool:
        return (
            not tensor.is_inference()
            and tensor._version == self.writes
            and tensor.data_ptr() == self.memory.data_ptr()
            and tensor.stride() == self.memory.stride()
            and tensor.shape == self.memory.shape
        )


class Packed(NamedTuple):
    layer: Layer
    states: list[State | None]  # of what it was packed from
    options: dict[str, Any]

    def is_of(self, parameters: Parameters, options: dict[str, Any]) -> bool:
        return options == self.options and all(
            state is None if tensor is None else state is not None and state.is_of(tensor)
            for state, tensor in zip(self.states, parameters, strict=True)
        )


class Kept:
    """A packed layer that is packed anew where its parameters have changed, and refused where they may be trained.
    Copies and pickles of it are empty.

    An operator knows it by its key, which graphs can hold. Whatever a key finds, a layer that was packed from other
    tensors is never used.
    """

    _all: weakref.WeakValueDictionary[int, Kept] = weakref.WeakValueDictionary()
    _keys = itertools.count(1)

    def __init__(self) -> None:
        self.key = next(self._keys)
        self._all[self.key] = self
        self._packed: Packed | None = None

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        return Kept, ()

    @classmethod
    def find(cls, key: int) -> Kept | None:
        return cls._all.get(key)

    def layer(self, parameters: Parameters, **options: Any) -> Layer:
        refuse_training(parameters)
        packed = self._packed
        if packed is None or not packed.is_of(parameters, options):
            states = [None if tensor is None else State.of(tensor) for tensor in parameters]
            packed = self._packed = Packed(pack(parameters, **options), states, options)
        return packed.layer
