# SPDX-License-Identifier: MIT
"""Who takes part: something that computes a case, or why it cannot."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

GIVEN, PREPARED = "bias given", "bias prepared"


@dataclass(frozen=True)
class Entrant:
    family: str  # libaft, PyTorch or sgemm
    name: str
    run: Callable[[], torch.Tensor]  # what is timed
    bias: str = GIVEN  # PREPARED: exp(w) is computed before the clock starts
    finish: Callable[[torch.Tensor], torch.Tensor] = lambda result: result  # from what run() returns to y, not timed

    def compute(self) -> torch.Tensor:
        return self.finish(self.run())


@dataclass(frozen=True)
class Skipped:
    family: str
    name: str
    reason: str
