# SPDX-License-Identifier: MIT
"""The problems that are measured: their tensors, and what float64 says of them."""

import functools
from dataclasses import dataclass

import torch

SEED = 20210528  # the paper's date
UNIT = 2.0**-24


@dataclass(frozen=True)
class Case:
    kernel: str  # simple, full or local
    time: int
    channels: int
    window: int = 0  # of local
    batch: int = 1

    @property
    def name(self) -> str:
        batch = f"B={self.batch} " if self.batch > 1 else ""
        window = f" s={self.window}" if self.window else ""
        return f"{self.kernel} {batch}T={self.time} d={self.channels}{window}"


class Problem:
    """The tensors of a case, drawn at random."""

    def __init__(self, case: Case):
        self.case = case
        generator = torch.Generator().manual_seed(SEED)
        shape = (case.batch, case.time, case.channels)
        self.q, self.k, self.v = (torch.randn(shape, generator=generator) for _ in range(3))
        self.w = None if case.kernel == "simple" else torch.randn(case.time, case.time, generator=generator)
        if case.kernel == "local":
            position = torch.arange(case.time)
            self.w = self.w.where((position[:, None] - position).abs() < case.window, 0)

    @functools.cached_property
    def reference(self) -> "Reference":
        """The textbook formula, which double precision takes as it stands."""
        q, k, v = self.q.double(), self.k.double(), self.v.double()
        keys = k.exp()
        parts = torch.cat([keys * v, keys * v.abs(), keys], dim=2)
        sums = parts.sum(1, keepdim=True) if self.w is None else self.w.double().exp() @ parts
        weighted, absolute, total = sums.chunk(3, dim=2)
        return Reference(q.sigmoid() * weighted / total, q.sigmoid() * absolute / total)


@dataclass(frozen=True)
class Reference:
    y: torch.Tensor
    scale: torch.Tensor  # sigmoid(q) * sum_j p_j |v_j|

    def error(self, y: torch.Tensor) -> float:
        """The largest error, in units of 2^-24 of the scale; infinite where y is not finite."""
        if y.shape != self.y.shape or not y.isfinite().all():
            return float("inf")
        return float(((y - self.y).abs() / (self.scale * UNIT)).max())


CASES = (
    Case("full", 1024, 64),
    Case("full", 1024, 512),
    Case("full", 4096, 512),
    Case("full", 197, 384),
    Case("full", 197, 384, batch=8),
    Case("local", 4096, 256, window=32),
    Case("local", 4096, 256, window=256),
    Case("simple", 4096, 256),
    Case("simple", 1024, 256, batch=8),
)

QUICK_CASES = (
    Case("full", 1024, 64),
    Case("full", 197, 384),
    Case("local", 1024, 256, window=32),
    Case("simple", 4096, 256),
)
