# SPDX-License-Identifier: MIT
"""What `pack` keeps, and which changes make a module pack anew."""

import libaft.torch
import numpy as np
import pytest
import torch
from torch import nn

LENGTH, DIM, HIDDEN = 9, 6, 8


@pytest.fixture
def module(ours):
    return ours(LENGTH, DIM, HIDDEN).requires_grad_(False)


@pytest.fixture
def x():
    return torch.randn(2, LENGTH, DIM)


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
    "load_state_dict": lambda module: module.load_state_dict({k: v * 2 for k, v in module.state_dict().items()}),
    "load_state_dict, assigned": lambda module: module.load_state_dict(
        {k: v * 2 for k, v in module.state_dict().items()}, assign=True
    ),
    "another parameter": lambda module: setattr(module.to_v, "weight", nn.Parameter(module.to_v.weight * 2, False)),
    "another map": lambda module: setattr(module, "to_v", nn.Linear(DIM, HIDDEN).requires_grad_(False)),
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
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False).pack()
    before = module(x)
    module.wbias[3, 4] += 1
    assert not torch.equal(module(x), before)


def test_square_weights_transposed_in_place(inference, x):
    module = libaft.torch.AFTFull(LENGTH, DIM, DIM).requires_grad_(False).pack()
    before = module(x)
    module.to_v.weight.data = module.to_v.weight.data.t()  # the same memory, as often written
    assert not torch.equal(module(x), before)


def test_a_bias_that_is_cut(x, inference):
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False).pack()
    module.wbias.data = module.wbias.data[:5]  # the same memory and strides
    with pytest.raises(ValueError, match="x has 9 positions: this layer has 5"):
        module(x)


def test_nothing_is_kept_unless_asked_for(module, x, inference, packs):
    before = module(x)
    module.to_v.weight.data.mul_(2)
    assert not torch.equal(module(x), before)
    assert packs() == 2


def test_packed_once(module, x, inference, packs):
    wanted = {length: module(x[:, :length]) for length in (LENGTH, 3)}
    module.pack()
    before = packs()
    for length in (LENGTH, 3, LENGTH):
        assert torch.equal(module(x[:, :length]), wanted[length])
    assert packs() == before


def test_how_much_of_the_bias_is_packed(x, inference, monkeypatch):
    packed = []
    forward = libaft.Layer.__call__
    monkeypatch.setattr(libaft.Layer, "__call__", lambda *call: packed.append(call[0].max_length) or forward(*call))
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False)
    module(x[:, :3])
    module.pack()(x[:, :3])
    assert packed == [3, LENGTH], "what a call needs, and what all may need"


FUSED = (torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD, torch.optim.Adagrad)


@pytest.mark.parametrize("optimizer", FUSED)
def test_what_an_optimizer_may_change_is_not_packed(optimizer, module, x, inference, packs):
    """PyTorch counts no write of a fused optimizer."""
    module.requires_grad_()
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    module.to_q.requires_grad_(False)
    with pytest.raises(RuntimeError, match=r"to_q.weight has a gradient.*no longer change: set its grad to None"):
        module.pack()
    module.to_q.zero_grad()
    with pytest.raises(RuntimeError, match=r"to_k.weight requires grad.*call requires_grad_\(False\) first, or leave"):
        module.pack()
    assert packs() == 0
    before = module(x)
    optimizer(module.parameters(), lr=0.1, fused=True).step()
    assert not torch.equal(module(x), before), "it is not packed"
    module.zero_grad()
    assert torch.equal(module.requires_grad_(False).pack()(x), module.unpack()(x))


def test_a_packed_module_that_is_to_be_trained(module, x, inference):
    traced = torch.jit.trace(module.pack(), (x,))
    module.to_v.requires_grad_()
    for call in (module, traced):
        with pytest.raises(RuntimeError, match="to_v.weight requires grad, and pack is for weights"):
            call(x)
    assert torch.equal(module.unpack()(x), traced(x)), "where nothing is kept, each packs at each call"


def test_views_of_what_is_trained(module, x, inference):
    """A parametrization may give them, and vmap does."""

    class View(nn.Module):
        def forward(self, weight):
            return weight.view(weight.shape)

    nn.utils.parametrize.register_parametrization(module.to_v, "weight", View())
    module.pack()(x)
    module.to_v.requires_grad_()
    with pytest.raises(RuntimeError, match="to_v.weight requires grad"):
        module(x)


WRITES = {
    "data": lambda weight: weight.data.mul_(2),
    "NumPy": lambda weight: np.multiply(weight.numpy(), 2, out=weight.numpy()),
    "DLPack": lambda weight: torch.from_dlpack(weight).mul_(2),
    "storage": lambda weight: weight.untyped_storage().copy_((2 * weight).untyped_storage()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_writes_that_are_not_seen_until_packed_again(write, module, x, inference):
    """As the documentation says: PyTorch does not count them."""
    before = module.pack()(x)
    write(module.to_v.weight)
    assert torch.equal(module(x), before)
    after = module.pack()(x)
    assert not torch.equal(after, before)
    assert torch.equal(after, module.unpack()(x))


def test_tensors_of_inference_mode(ours, x, packs):
    """Their writes are not counted, so nothing is kept of them."""
    with torch.inference_mode():
        module = ours(LENGTH, DIM, HIDDEN).requires_grad_(False).pack()
        before = module(x)
        module.to_v.weight.mul_(2)
        assert not torch.equal(module(x), before)
        assert torch.equal(module(x), module.unpack()(x))


def test_options_that_change(x, inference):
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False).pack()
    before = module(x)
    module.causal = True
    assert not torch.equal(module(x), before)
    assert torch.equal(module(x), module.unpack()(x))


def test_a_key_of_another_module(module, ours, x, inference):
    """As a graph that was saved in another process may hold."""
    other = ours(LENGTH, DIM, HIDDEN).requires_grad_(False).pack()
    wanted, others = module(x), other(x)
    module._kept = other._kept
    assert torch.equal(module(x), wanted) and torch.equal(other(x), others)
    assert torch.equal(torch.ops.libaft.layer(x, *module._named().values(), window=module.s, kept=12345678), wanted)


def test_what_is_kept_goes_with_its_module(module):
    key = module.pack()._kept.key
    assert libaft.torch._packing.Kept.find(key)
    module.unpack()
    assert libaft.torch._packing.Kept.find(key) is None


def test_vmap_over_modules(ours, x, inference):
    modules = [ours(LENGTH, DIM, HIDDEN).requires_grad_(False) for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(modules)
    wanted = torch.stack([module(x) for module in modules])
    for module in (modules[0], modules[0].pack()):
        together = torch.vmap(lambda *state, module=module: torch.func.functional_call(module, state, (x,)))
        assert torch.equal(together(parameters, buffers), wanted)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_traced(module, x, inference):
    traced = torch.jit.trace(module.pack(), (x,))
    assert torch.equal(traced(2 * x), module(2 * x))
    module.to_v.weight.mul_(2)
    assert torch.equal(traced(x), module(x))


def test_unpack(module, x, inference, packs):
    module.pack().unpack()
    assert not module._kept
    module(x)
    assert packs() == 2


def test_another_dtype_and_back(module, x, inference):
    y = module.pack()(x)
    module.double()
    with pytest.raises(TypeError, match="to_q_weight is torch.float64"):
        module(x)
    assert torch.equal(module.float()(x), y)


def test_packed_is_what_the_operator_takes(module, x, inference):
    y = module(x)
    assert torch.equal(torch.ops.libaft.packed_layer(x, module.packed), y)
    assert torch.equal(torch.ops.libaft.packed_layer(x, module.pack().packed), y)
    assert module.packed.data_ptr() == module.packed.data_ptr(), "no copy of what is kept"
