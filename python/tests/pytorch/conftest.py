# SPDX-License-Identifier: MIT
"""Models of aft-pytorch and of libaft, without gradients unless a test asks for them."""

import aft_pytorch
import libaft.torch
import pytest
import torch

NAMES = ("AFTFull", "AFTSimple", "AFTLocal")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(7)


@pytest.fixture
def inference():
    with torch.no_grad():
        yield


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def ours(name):
    return getattr(libaft.torch, name)


@pytest.fixture
def theirs(name):
    return getattr(aft_pytorch, name)


@pytest.fixture
def packs(monkeypatch):
    """How often anything has been packed, so far."""
    packed = []
    pack = libaft.Layer.__init__
    monkeypatch.setattr(libaft.Layer, "__init__", lambda *a, **b: packed.append(1) or pack(*a, **b))
    return lambda: len(packed)
