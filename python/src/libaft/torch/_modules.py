# SPDX-License-Identifier: MIT
"""AFTFull, AFTSimple and AFTLocal, with the arguments, parameters and initialisation of aft-pytorch's."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from .._arrays import count, kind_of
from ._packing import LINEARS, Kept, Parameters, pack
from ._tensors import check


def refuse_replaced_forward(name: str, module: nn.Module) -> None:
    if "forward" in vars(module):
        raise TypeError(f"{name} has a forward of its own, which libaft would not call: delete that attribute first")


def refuse_hooks(name: str, module: nn.Module) -> None:
    if module._forward_hooks or module._forward_pre_hooks:
        raise TypeError(f"{name} has hooks, which libaft would not call: remove them first")


def check_linear(name: str, linear: Any) -> None:
    """Refuses what computes anything but weight @ x + bias."""
    if not isinstance(linear, nn.Linear) or type(linear).forward is not nn.Linear.forward:
        raise TypeError(
            f"{name} is a {type(linear).__name__}: libaft computes it from its weight and bias, so it must be a "
            "torch.nn.Linear"
        )
    refuse_replaced_forward(name, linear)
    refuse_hooks(name, linear)


def as_tensor(lengths: Any) -> Tensor:
    try:
        return torch.as_tensor(lengths, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"lengths is no array of integers, one for each batch: {error}") from error


class AFT(nn.Module):
    """What the modules have in common.

    A call packs the weights as the kernels read them, unless `pack` has been called: then that is kept.
    """

    wbias: nn.Parameter | None
    s: int | None = None

    def __init__(self, max_seqlen: int | None, dim: int, hidden_dim: int, heads: int, causal: bool) -> None:
        super().__init__()
        dim, hidden_dim, heads = count("dim", dim), count("hidden_dim", hidden_dim), count("heads", heads, 1)
        if hidden_dim % heads:
            raise ValueError(f"heads is {heads}: it must divide hidden_dim, which is {hidden_dim}")
        self.dim, self.hidden_dim, self.heads, self.causal = dim, hidden_dim, heads, causal
        self.max_seqlen = None if max_seqlen is None else count("max_seqlen", max_seqlen, 1)
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
        self._kept: Kept | None = None

    def forward(self, x: Tensor, lengths: Any = None) -> Tensor:
        """x is [batch, length, dim] or [length, dim]; of batch b, lengths[b] positions are visible as keys."""
        if not isinstance(x, Tensor):
            raise TypeError(f"x is a {kind_of(x)}: it must be a torch.Tensor")
        if x.is_nested:
            raise TypeError("x is a nested tensor: pad it, and pass lengths")
        if x.ndim not in (2, 3) or x.shape[-1] != self.dim:
            raise ValueError(f"x has shape {tuple(x.shape)}: it must be [batch, length, {self.dim}]")
        if self.max_seqlen is not None and x.shape[-2] > self.max_seqlen:
            raise ValueError(f"x has {x.shape[-2]} positions, and max_seqlen is {self.max_seqlen}")
        if lengths is not None and not isinstance(lengths, Tensor):
            lengths = as_tensor(lengths)
        # What is exported may be loaded where a key is that of another module.
        kept = 0 if self._kept is None or torch.compiler.is_exporting() else self._kept.key
        parameters = self._named().values()
        y: Tensor = torch.ops.libaft.layer(x, *parameters, **self._options(), lengths=lengths, kept=kept)
        return y

    def pack(self) -> Self:
        """Packs the weights, and keeps that for the calls that follow.

        It is for weights that no longer change: it and the calls that follow refuse a parameter that requires grad or
        has a gradient. One that PyTorch has seen change since (by load_state_dict, to, an operation in place) is packed
        anew. Not seen is what is written through `.data`, through a NumPy or DLPack view, through untyped_storage, by a
        collective of torch.distributed, or by another process where the memory is shared: call `pack` again after that.

        The packed weights are no part of the state, nor of copies and pickles, which pack at their first call, nor of
        what torch.export makes.
        """
        kept = Kept()
        kept.layer(self._checked(), **self._options())
        self._kept = kept
        return self

    def unpack(self) -> Self:
        """Lets go of the packed weights; each call packs again."""
        self._kept = None
        return self

    @property
    def packed(self) -> Tensor:
        """The weights packed, for torch.ops.libaft.packed_layer."""
        layer = (self._kept.layer if self._kept else pack)(self._checked(), **self._options())
        return torch.from_numpy(layer._memory.view(np.uint8))

    def extra_repr(self) -> str:
        sizes = "" if self.max_seqlen is None else f"max_seqlen={self.max_seqlen}, "
        window = "" if self.s is None else f"s={self.s}, "
        return f"{sizes}dim={self.dim}, hidden_dim={self.hidden_dim}, {window}heads={self.heads}, causal={self.causal}"

    def _named(self) -> dict[str, Tensor | None]:
        """The parameters in the order in which the operator `layer` takes them."""
        named: dict[str, Tensor | None] = {}
        for name in LINEARS:
            linear = getattr(self, name)
            check_linear(name, linear)
            named[f"{name}.weight"], named[f"{name}.bias"] = linear.weight, linear.bias
        named["wbias"] = self.wbias
        return named

    def _options(self) -> dict[str, Any]:
        return {"window": self.s, "band": False, "heads": self.heads, "causal": self.causal}

    def _checked(self) -> Parameters:
        parameters = self._named()
        check(parameters)
        return tuple(parameters.values())


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
        self.s = count("s", s)
