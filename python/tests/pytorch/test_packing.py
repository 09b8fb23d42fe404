# SPDX-License-Identifier: MIT
"""What `pack` keeps, and which changes make a module pack anew."""

import libaft.torch
import pytest
import torch
from torch import nn

LENGTH, DIM, HIDDEN = 9, 6, 8


@pytest.fixture
def module(ours):
    return ours(LENGTH, DIM, HIDDEN)


@pytest.fixture
def x():
    return torch.randn(2, LENGTH, DIM)


@pytest.fixture
def packs(monkeypatch):
    """How often anything has been packed, so far."""
    packed = []
    pack = libaft.torch._operators.pack
    monkeypatch.setattr(libaft.torch._operators, "pack", lambda *a, **b: packed.append(1) or pack(*a, **b))
    return lambda: len(packed)


def step(module):
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()


def in_inference_mode(module):
    with torch.inference_mode():
        module.to_v.weight.mul_(2)


def other_memory_at_the_same_address(module):
    """If nothing held what was packed, the allocator would give the second copy its place."""
    for factor in (2, 3):
        module.to_v.weight.data = module.to_v.weight.data * factor


def transposed(module):
    module.to_v.weight.data = module.to_v.weight.data.t().contiguous().t() * 1  # other strides, other values
    module.to_v.weight.mul_(2)


CHANGES = {
    "in place": lambda module: module.to_v.weight.mul_(2),
    "the last bias": lambda module: module.project.bias.add_(1),
    "an optimizer": step,
    "load_state_dict": lambda module: module.load_state_dict({k: v * 2 for k, v in module.state_dict().items()}),
    "load_state_dict, assigned": lambda module: module.load_state_dict(
        {k: v * 2 for k, v in module.state_dict().items()}, assign=True
    ),
    "another parameter": lambda module: setattr(module.to_v, "weight", nn.Parameter(module.to_v.weight * 2)),
    "another map": lambda module: setattr(module, "to_v", nn.Linear(DIM, HIDDEN)),
    "no bias": lambda module: setattr(module.to_v, "bias", None),
    "data, assigned": lambda module: setattr(module.to_v.weight, "data", module.to_v.weight.data * 2),
    "data, assigned twice": other_memory_at_the_same_address,
    "inference mode": in_inference_mode,
    "strides": transposed,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_that_are_seen(change, module, x, inference, packs):
    before = module.pack()(x)
    change(module)
    after = module(x)
    assert not torch.equal(after, before)
    assert packs() == 2
    assert torch.equal(module(x), after)
    assert packs() == 2, "kept again"
    assert torch.equal(module.unpack()(x), after)


def test_a_bias_that_changes(x, inference):
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).pack()
    before = module(x)
    module.wbias[3, 4] += 1
    assert not torch.equal(module(x), before)


def test_square_weights_transposed_in_place(inference, x):
    module = libaft.torch.AFTFull(LENGTH, DIM, DIM).pack()
    before = module(x)
    module.to_v.weight.data = module.to_v.weight.data.t()  # the same memory, as often written
    assert not torch.equal(module(x), before)


def test_nothing_is_kept_unless_asked_for(module, x, inference, packs):
    before = module(x)
    module.to_v.weight.data.mul_(2)
    assert not torch.equal(module(x), before)
    assert packs() == 2


def test_packed_once(module, x, inference, packs):
    y = module(x)
    module.pack()
    for length in (LENGTH, 3, LENGTH):
        assert torch.equal(module(x[:, :length]), module.unpack()(x[:, :length]) if length < LENGTH else y)
        module.pack()
    before = packs()
    for _ in range(3):
        module(x)
    assert packs() == before


def test_writes_through_data_are_not_seen_until_packed_again(module, x, inference):
    """As the documentation says: PyTorch does not count them."""
    before = module.pack()(x)
    module.to_v.weight.data.mul_(2)
    assert torch.equal(module(x), before)
    after = module.pack()(x)
    assert not torch.equal(after, before)
    assert torch.equal(after, module.unpack()(x))


def test_tensors_of_inference_mode(ours, x, packs):
    """Their writes are not counted, so nothing is kept of them."""
    with torch.inference_mode():
        module = ours(LENGTH, DIM, HIDDEN).pack()
        before = module(x)
        module.to_v.weight.mul_(2)
        assert not torch.equal(module(x), before)
        assert torch.equal(module(x), module.unpack()(x))


def test_unpack(module, x, inference, packs):
    module.pack().unpack()
    assert module._packed is None
    module(x)
    assert packs() == 2


def test_another_dtype_and_back(module, x, inference):
    y = module.pack()(x)
    module.double()
    with pytest.raises(TypeError, match="to_q.weight is torch.float64"):
        module(x)
    assert torch.equal(module.float()(x), y)


def test_packed_is_what_the_operator_takes(module, x, inference):
    y = module(x)
    assert torch.equal(torch.ops.libaft.packed_layer(x, module.packed), y)
    assert module._packed is None
    assert torch.equal(torch.ops.libaft.packed_layer(x, module.pack().packed), y)
    assert module.packed is module.packed
