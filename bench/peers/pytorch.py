# SPDX-License-Identifier: MIT
"""PyTorch: the package aft-pytorch as shipped, a stable vectorised form of its modules, and that form compiled."""

from collections.abc import Callable, Iterator

import aft_pytorch
import torch
from torch import nn

from .case import Problem
from .entrant import GIVEN, PREPARED, Entrant, Skipped

FAMILY = "PyTorch"


def entrants(problem: Problem) -> Iterator[Entrant | Skipped]:
    yield from shipped(problem)
    q, k, v, w = problem.q, problem.k, problem.v, problem.w
    if w is None:
        yield from eager_and_compiled(stable_simple, (q, k, v), GIVEN)
    else:
        yield from eager_and_compiled(stable, (q, k, v, w), GIVEN)
        yield from eager_and_compiled(stable_prepared, (q, k, v, exp_below_max(w, dim=1)), PREPARED)


class Projected(nn.Module):
    """A projection whose result is known."""

    def __init__(self, result: torch.Tensor):
        super().__init__()
        self.result = result

    def forward(self, x):
        return self.result


def shipped_forward(layer_type: type[nn.Module], problem: Problem, *options: int) -> Callable[[], torch.Tensor]:
    """The package's own forward(), the aggregation alone: projections give back what they are given."""
    case = problem.case
    layer = layer_type(case.time, 1, case.channels, *options)
    layer.to_q, layer.to_k, layer.to_v = (Projected(x) for x in (problem.q, problem.k, problem.v))
    layer.project = nn.Identity()
    if problem.w is not None:
        layer.wbias = nn.Parameter(problem.w, requires_grad=False)
    x = torch.empty(case.batch, case.time, 0)  # only its shape is read
    return lambda: layer(x)


def shipped(problem: Problem) -> Iterator[Entrant]:
    if problem.case.kernel == "simple":
        yield Entrant(FAMILY, "aft-pytorch", shipped_forward(aft_pytorch.AFTSimple, problem))
    else:
        # AFTLocal's aggregation is AFTFull's, line for line, on a bias that is zero outside the window. AFTLocal builds
        # that bias anew in every forward, by a loop over T * T Python objects: that is nearly all of its time.
        name = "aft-pytorch" if problem.case.kernel == "full" else "aft-pytorch, window cut before"
        yield Entrant(FAMILY, name, shipped_forward(aft_pytorch.AFTFull, problem))
    if problem.case.kernel == "local":
        yield Entrant(FAMILY, "aft-pytorch", shipped_forward(aft_pytorch.AFTLocal, problem, problem.case.window))


def exp_below_max(logits: torch.Tensor, dim: int) -> torch.Tensor:
    return (logits - logits.amax(dim, keepdim=True)).exp()


def stable_simple(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    keys = exp_below_max(k, dim=1)
    return q.sigmoid() * ((keys * v).sum(1, keepdim=True) / keys.sum(1, keepdim=True))


def stable(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return stable_prepared(q, k, v, exp_below_max(w, dim=1))


def stable_prepared(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    weighted, total = (weights @ weighted_keys(k, v)).chunk(2, dim=2)
    return q.sigmoid() * weighted / total


def weighted_keys(k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """[batch][time][2 * channels], numerators and denominators side by side: one product instead of two."""
    keys = exp_below_max(k, dim=1)
    return torch.cat([keys * v, keys], dim=2)


def eager_and_compiled(function: Callable, arguments: tuple, bias: str) -> Iterator[Entrant | Skipped]:
    yield Entrant(FAMILY, "stable", lambda: function(*arguments), bias)
    # Unless it is reset, PyTorch returns to eager code after the eighth shape; fullgraph makes a return an error.
    torch.compiler.reset()
    compiled = torch.compile(function, fullgraph=True, dynamic=False)
    try:
        compiled(*arguments)
    except Exception as error:  # whatever a compiler that PyTorch drives may raise
        reason = str(error).strip().partition("\n")[0]
        yield Skipped(FAMILY, f"stable, compiled, {bias}", f"torch.compile failed: {type(error).__name__}: {reason}")
    else:
        yield Entrant(FAMILY, "stable, compiled", lambda: compiled(*arguments), bias)
