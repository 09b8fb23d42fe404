# SPDX-License-Identifier: MIT
"""AFTFull, AFTSimple and AFTLocal, with the arguments, parameters and initialisation of aft-pytorch's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn

from . import _operators
from ._tensors import check, refuse_gradients


class State(NamedTuple):
    """A parameter at some time. Its memory stays while this does, so that no other one gets its address."""

    memory: Tensor
    writes: int | None  # that PyTorch has counted; None for tensors of inference mode, whose writes it does not count

    @classmethod
    def of(cls, parameter: Tensor) -> State:
        return cls(parameter.detach(), None if parameter.is_inference() else parameter._version)

    def is_of(self, parameter: Tensor) -> bool:
        return (
            not parameter.is_inference()
            and parameter._version == self.writes
            and parameter.data_ptr() == self.memory.data_ptr()
            and parameter.stride() == self.memory.stride()
            and parameter.shape == self.memory.shape
            and parameter.dtype == self.memory.dtype
            and parameter.device == self.memory.device
        )


class Packed(NamedTuple):
    """A packed layer, and the parameters that it was packed from."""

    memory: Tensor
    states: Mapping[str, State]

    def is_of(self, parameters: Mapping[str, Tensor | None]) -> bool:
        present = {name: each for name, each in parameters.items() if each is not None}
        return self.states.keys() == present.keys() and all(
            state.is_of(present[name]) for name, state in self.states.items()
        )


class AFT(nn.Module):
    """What the modules have in common.

    A call packs the weights as the kernels read them, unless `pack` has been called: then that is kept.
    """

    wbias: nn.Parameter | None
    s: int | None = None

    def __init__(self, max_seqlen: int | None, dim: int, hidden_dim: int, heads: int, causal: bool) -> None:
        super().__init__()
        if heads < 1 or hidden_dim % heads:
            raise ValueError(f"heads is {heads}: it must divide hidden_dim, which is {hidden_dim}")
        self.dim, self.hidden_dim, self.heads, self.causal = dim, hidden_dim, heads, causal
        self.max_seqlen = max_seqlen
        self.to_q = nn.Linear(dim, hidden_dim)
        self.to_k = nn.Linear(dim, hidden_dim)
        self.to_v = nn.Linear(dim, hidden_dim)
        self.project = nn.Linear(hidden_dim, dim)
        if max_seqlen is None:
            self.register_parameter("wbias", None)
        else:
            shape = (max_seqlen, max_seqlen) if heads == 1 else (heads, max_seqlen, max_seqlen)
            self.wbias = nn.Parameter(torch.empty(shape))
            for head in self.wbias.view(heads, max_seqlen, max_seqlen):
                nn.init.xavier_uniform_(head)
        self._keeps_packed = False
        self._packed: Packed | None = None

    def forward(self, x: Tensor, lengths: Any = None) -> Tensor:
        """x is [batch, length, dim] or [length, dim]; of batch b, lengths[b] positions are visible as keys."""
        if x.ndim not in (2, 3) or x.shape[-1] != self.dim:
            raise ValueError(f"x has shape {tuple(x.shape)}: it must be [batch, length, {self.dim}]")
        if self.max_seqlen is not None and x.shape[-2] > self.max_seqlen:
            raise ValueError(f"x has {x.shape[-2]} positions, and max_seqlen is {self.max_seqlen}")
        keys = None if lengths is None else torch.as_tensor(lengths)
        parameters = self._named()
        if self._keeps_packed and not torch.compiler.is_compiling():
            refuse_gradients(parameters)  # which the operator does not see
            y: Tensor = torch.ops.libaft.packed_layer(x, self._current(parameters).memory, keys)
        else:
            y = torch.ops.libaft.layer(x, *parameters.values(), **self._options(), lengths=keys)
        return y

    def pack(self) -> Self:
        """Packs the weights, and keeps that for the calls that follow.

        A parameter that PyTorch has seen change since (by an optimizer, load_state_dict, to) is packed anew. What
        is written through `.data` it does not see: call `pack` again after that. The packed weights are no part of the
        state, of copies or of pickles, which pack at their first call. torch.compile and torch.export do not use them.
        """
        self._keeps_packed, self._packed = True, self._pack(self._named())
        return self

    def unpack(self) -> Self:
        """Lets go of the packed weights; each call packs again."""
        self._keeps_packed, self._packed = False, None
        return self

    @property
    def packed(self) -> Tensor:
        """The weights packed, for torch.ops.libaft.packed_layer."""
        return self._current(self._named()).memory

    def extra_repr(self) -> str:
        sizes = "" if self.max_seqlen is None else f"max_seqlen={self.max_seqlen}, "
        window = "" if self.s is None else f"s={self.s}, "
        return f"{sizes}dim={self.dim}, hidden_dim={self.hidden_dim}, {window}heads={self.heads}, causal={self.causal}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_packed": None}

    def _named(self) -> dict[str, Tensor | None]:
        """The parameters in the order in which the operator `layer` takes them."""
        named: dict[str, Tensor | None] = {}
        for name in ("to_q", "to_k", "to_v", "project"):
            linear = getattr(self, name)
            if not isinstance(linear, nn.Linear) or type(linear).forward is not nn.Linear.forward:
                raise TypeError(
                    f"{name} is a {type(linear).__name__}: libaft computes it from its weight and bias, so "
                    "it must be a torch.nn.Linear"
                )
            if linear._forward_hooks or linear._forward_pre_hooks:
                raise TypeError(f"{name} has hooks, which libaft would not call: it computes the layer as one")
            named[f"{name}.weight"], named[f"{name}.bias"] = linear.weight, linear.bias
        named["wbias"] = self.wbias
        return named

    def _options(self) -> dict[str, Any]:
        return {"window": self.s, "heads": self.heads, "causal": self.causal}

    def _current(self, parameters: Mapping[str, Tensor | None]) -> Packed:
        """What is kept, if it is of the parameters as they are."""
        if self._packed is not None and self._packed.is_of(parameters):
            return self._packed
        packed = self._pack(parameters)
        if self._keeps_packed:
            self._packed = packed
        return packed

    def _pack(self, parameters: Mapping[str, Tensor | None]) -> Packed:
        check(parameters)
        *linears, w = parameters.values()
        layer = _operators.pack(*linears, w=w, max_length=self.max_seqlen, **self._options())
        states = {name: State.of(each) for name, each in parameters.items() if each is not None}
        return Packed(torch.from_numpy(layer._memory.view(np.uint8)), states)


class AFTFull(AFT):
    """AFT-full: a bias for each pair of positions.

    max_seqlen   the longest sequence
    dim          of x
    hidden_dim   of q, k and v, all heads together
    heads        with more than one, wbias is [heads, max_seqlen, max_seqlen]
    causal       whether a position sees itself and those before it alone
    """

    def __init__(
        self, max_seqlen: int, dim: int, hidden_dim: int = 64, *, heads: int = 1, causal: bool = False
    ) -> None:
        super().__init__(max_seqlen, dim, hidden_dim, heads, causal)


class AFTSimple(AFT):
    """AFT-simple: no bias. It takes sequences of any length, whatever max_seqlen says; `AFTFull` has the arguments."""

    def __init__(
        self, max_seqlen: int, dim: int, hidden_dim: int = 64, *, heads: int = 1, causal: bool = False
    ) -> None:
        super().__init__(None, dim, hidden_dim, heads, causal)


class AFTLocal(AFT):
    """AFT-local: the bias counts where |t - j| < s, and is 0 elsewhere; `AFTFull` has the other arguments."""

    s: int

    def __init__(
        self, max_seqlen: int, dim: int, hidden_dim: int = 64, s: int = 256, *, heads: int = 1, causal: bool = False
    ) -> None:
        super().__init__(max_seqlen, dim, hidden_dim, heads, causal)
        if s < 0:
            raise ValueError(f"s is {s}: a window reaches 0 positions or more")
        self.s = s
