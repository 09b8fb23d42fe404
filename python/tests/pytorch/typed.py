# SPDX-License-Identifier: MIT
"""How libaft.torch is used, for a type checker to read: test_types.py."""

from typing import assert_type

import libaft.torch
import torch


def modules(x: torch.Tensor) -> None:
    module = libaft.torch.AFTLocal(9, 6, 8, s=3, heads=2, causal=True)
    assert_type(module.forward(x, lengths=[1, 2]), torch.Tensor)
    assert_type(module.pack(), libaft.torch.AFTLocal)
    assert_type(module.packed, torch.Tensor)
    libaft.torch.AFTFull(9)  # type: ignore[call-arg]


def models(model: torch.nn.Sequential) -> None:
    assert_type(libaft.torch.replace(model, pack=True), torch.nn.Module)
    libaft.torch.replace(model, {torch.nn.ReLU: lambda old: libaft.torch.AFTSimple(9, 6)})
    libaft.torch.replace(torch.zeros(1))  # type: ignore[type-var]
