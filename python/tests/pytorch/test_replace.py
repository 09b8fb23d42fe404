# SPDX-License-Identifier: MIT
"""replace: what takes whose place, and what goes over."""

import subprocess
import sys

import aft_pytorch
import libaft.torch
import pytest
import torch
from torch import nn

LENGTH, DIM, HIDDEN = 9, 6, 6


@pytest.fixture
def old(theirs, name):
    return theirs(LENGTH, DIM, HIDDEN, *((3,) if name == "AFTLocal" else ()))


@pytest.fixture
def x():
    return torch.randn(2, 7, DIM)


class Block(nn.Module):
    def __init__(self, mixer):
        super().__init__()
        self.norm, self.mixer, self.again = nn.LayerNorm(DIM), mixer, mixer
        self.rest = nn.ModuleDict({"list": nn.ModuleList([mixer, nn.Linear(DIM, DIM)])})

    def forward(self, x):
        return self.again(x + self.mixer(self.norm(x))) + self.rest["list"][0](x)


def test_every_place(old, ours, x, inference):
    model = Block(old)
    wanted = model(x)
    assert libaft.torch.replace(model) is model
    new = model.mixer
    assert type(new) is ours and new is model.again is model.rest["list"][0]
    assert type(model.rest["list"][1]) is nn.Linear
    assert not any(type(module).__module__.startswith("aft_pytorch") for module in model.modules())
    torch.testing.assert_close(model(x), wanted, rtol=1e-5, atol=1e-6)


def test_the_model_itself(old, ours, x, inference):
    wanted = old(x)
    new = libaft.torch.replace(old)
    assert type(new) is ours
    torch.testing.assert_close(new(x), wanted, rtol=1e-5, atol=1e-6)
    assert new.s == getattr(old, "s", None)


def test_parameters_are_taken_over(old):
    old.to_k.requires_grad_(False)
    old.project.bias = old.to_k.bias = nn.Parameter(torch.zeros(DIM), requires_grad=False)
    parameters, before = dict(old.named_parameters(remove_duplicate=False)), torch.get_rng_state()
    new = libaft.torch.replace(nn.Sequential(old))[0]
    assert {key: id(each) for key, each in new.named_parameters(remove_duplicate=False)} == {
        key: id(each) for key, each in parameters.items()
    }
    assert new.to_q.weight.requires_grad and not new.to_k.weight.requires_grad
    assert new.project.bias is new.to_k.bias and not new.to_k.bias.requires_grad
    assert torch.equal(torch.get_rng_state(), before), "no random number is drawn"


def test_frozen_tensors_of_inference_mode(theirs):
    with torch.inference_mode():
        old = theirs(LENGTH, DIM, HIDDEN).requires_grad_(False)
    weight = old.to_q.weight
    assert libaft.torch.replace(old).to_q.weight is weight


def test_tensors_of_inference_mode_that_require_grad(old, x):
    with torch.inference_mode():
        wanted = old(x)  # aft-pytorch's AFTLocal makes its bias anew
    bias = getattr(old, "wbias", None)
    new = libaft.torch.replace(nn.Sequential(old))[0]
    assert new.wbias is bias
    with torch.no_grad():
        torch.testing.assert_close(new(x), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", (False, True))
def test_training_flag_and_dtype(old, training):
    new = libaft.torch.replace(old.double().train(training))
    assert new.training is training and new.to_q.training is training
    assert new.to_q.weight.dtype == torch.float64


def test_another_device(old):
    new = libaft.torch.replace(old.to("meta"))
    assert new.to_q.weight.device.type == "meta"


def test_hooks_go_over(old, x, inference):
    calls = []
    first = old.register_forward_pre_hook(lambda module, inputs: calls.append("before"))
    second = old.register_forward_hook(
        lambda module, inputs, options, y: calls.append(sorted(options)) or 2 * y, with_kwargs=True
    )
    new = libaft.torch.replace(old)
    twice = new(x, lengths=7)
    assert calls == ["before", ["lengths"]]
    first.remove()
    second.remove()
    assert torch.equal(2 * new(x), twice)
    assert len(calls) == 2


def test_pack(old, x, inference):
    model = nn.Sequential(old)
    with pytest.raises(RuntimeError, match=r"to_q.weight requires grad"):
        libaft.torch.replace(model, pack=True)
    assert model[0] is old
    libaft.torch.replace(model.requires_grad_(False), pack=True)
    assert model[0]._kept._packed is not None
    assert torch.equal(model(x), libaft.torch.replace(old)(x))
    assert libaft.torch.replace(nn.Sequential(old))[0]._kept is None


def test_what_cannot_be_packed(old):
    model = nn.Sequential(old.double())
    with pytest.raises(TypeError, match="to_q.weight is torch.float64"):
        libaft.torch.replace(model, pack=True)
    assert model[0] is old


def test_a_window_below_zero(x, inference):
    old = aft_pytorch.AFTLocal(LENGTH, DIM, HIDDEN, -3)
    torch.testing.assert_close(libaft.torch.replace(old)(x), old(x))


def test_a_window_that_is_no_integer(x, inference):
    old = aft_pytorch.AFTLocal(LENGTH, DIM, HIDDEN, LENGTH / 4)
    torch.testing.assert_close(libaft.torch.replace(old)(x), old(x))


def test_replaced_twice(old):
    model = libaft.torch.replace(nn.Sequential(old))
    new = model[0]
    assert libaft.torch.replace(model)[0] is new


class Own(aft_pytorch.AFTFull):
    """A class of the user's own."""


def make(old):
    return libaft.torch.AFTFull(LENGTH, old.dim, old.hidden_dim, causal=True)


def test_classes(x, inference):
    model = nn.Sequential(Own(LENGTH, DIM, HIDDEN), aft_pytorch.AFTFull(LENGTH, DIM, HIDDEN))
    untouched = [type(each) for each in libaft.torch.replace(nn.Sequential(*model), {})]
    assert untouched == [Own, aft_pytorch.AFTFull]
    libaft.torch.replace(model)
    assert type(model[0]) is Own, "a subclass may compute something else"
    weight = model[0].to_q.weight
    libaft.torch.replace(model, {Own: make})
    assert model[0].causal and model[0].to_q.weight is weight
    assert not torch.equal(model[0](x)[:, 1], model[0](x.flip(1))[:, 1])


def test_what_does_not_fit(x):
    model = nn.Sequential(aft_pytorch.AFTSimple(LENGTH, DIM, HIDDEN), Own(LENGTH, DIM, HIDDEN))
    wrong = {aft_pytorch.AFTSimple: lambda old: libaft.torch.AFTSimple(LENGTH, DIM, HIDDEN)}
    for maker in (libaft.torch.AFTSimple, lambda *sizes: libaft.torch.AFTFull(LENGTH + 1, *sizes[1:])):
        with pytest.raises(ValueError, match="(?s)1, a Own, does not fit a AFT.*wbias"):
            libaft.torch.replace(model, wrong | {Own: lambda old, maker=maker: maker(LENGTH, DIM, HIDDEN)})
    assert [type(each) for each in model] == [aft_pytorch.AFTSimple, Own], "all or none"


@pytest.mark.parametrize("register", ("register_forward_hook", "register_forward_pre_hook"))
@pytest.mark.parametrize("inner", ("to_k", "another"))
def test_hooks_within_are_refused(old, register, inner):
    old.another = nn.Dropout()
    model = nn.Sequential(old)
    handle = getattr(old.get_submodule(inner), register)(lambda *arguments: None)
    with pytest.raises(TypeError, match=f"0.{inner} has hooks, which libaft would not call"):
        libaft.torch.replace(model)
    assert model[0] is old
    handle.remove()
    assert libaft.torch.replace(model)[0] is not old


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Renamed(nn.Linear):
    """Computes what its class does."""


class Own1x1(nn.Module):
    """The parameters of a Linear, and no Linear."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(HIDDEN, DIM)), nn.Parameter(torch.zeros(HIDDEN))


@pytest.mark.parametrize(("kind", "sizes"), ((Doubled, (DIM, HIDDEN)), (Own1x1, ())))
def test_maps_that_compute_something_else_are_refused(old, kind, sizes):
    model = nn.Sequential(old)
    old.to_v = kind(*sizes)
    with pytest.raises(TypeError, match=rf"0.to_v is a {kind.__name__}: libaft computes it from its weight and bias"):
        libaft.torch.replace(model)
    old.to_v = Renamed(DIM, HIDDEN)
    assert libaft.torch.replace(model)[0] is not old


@pytest.mark.parametrize("place", ("0", "0.to_v"))
def test_forwards_that_were_replaced_are_refused(old, place):
    model = nn.Sequential(old)
    changed = model.get_submodule(place)
    changed.forward = lambda x: 2 * x
    with pytest.raises(TypeError, match=f"{place} has a forward of its own, which libaft would not call"):
        libaft.torch.replace(model)
    assert model[0] is old
    del changed.forward
    assert libaft.torch.replace(model)[0] is not old


def test_a_forward_put_in_the_place_of_the_class_s_is_refused(old, theirs, ours, monkeypatch):
    forward = theirs.forward
    monkeypatch.setattr(theirs, "forward", lambda self, x: 2 * forward(self, x))
    model = nn.Sequential(nn.Sequential(old))
    with pytest.raises(TypeError, match=rf"0\.0, a {theirs.__name__}, .*forward that is not aft-pytorch's"):
        libaft.torch.replace(model)
    assert model[0][0] is old
    said = {theirs: lambda old: ours(LENGTH, DIM, HIDDEN)}
    assert type(libaft.torch.replace(model, said)[0][0]) is ours


def test_parametrized_maps_are_refused(old):
    nn.utils.parametrize.register_parametrization(old.to_q, "weight", nn.Identity())
    with pytest.raises(ValueError, match="(?s)does not fit.*parametrizations"):
        libaft.torch.replace(old)


def test_aft_pytorch_is_not_imported():
    code = (
        "import sys, torch, libaft.torch; libaft.torch.replace(torch.nn.ReLU()); sys.exit('aft_pytorch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
