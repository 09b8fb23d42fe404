# SPDX-License-Identifier: MIT
"""Beside aft-pytorch and float64: equal where aft-pytorch is right, and right where it is not.

Both are held to the bound of the error against float64 that exact_layer makes of the roundings of a layer's parts; so
they differ by at most two of it.
"""

import copy
import pathlib

import aft_pytorch
import libaft.torch
import numpy as np
import pytest
import torch
from reference import Exact, check, exact_layer, windowed

DATA = pathlib.Path(__file__).parents[3] / "tests/data"
MAPS = ("to_q", "to_k", "to_v", "project")
SHAPES = (
    (1, 1, 1, 4, 3),
    (2, 7, 12, 8, 5),
    (3, 12, 12, 16, 64),
    (1, 24, 24, 33, 17),
    (2, 1, 24, 64, 64),
    (2, 50, 64, 24, 16),
)
S = 4


def modules(ours, theirs, name, max_seqlen, dim, hidden, change):
    arguments = (max_seqlen, dim, hidden, *((S,) if name == "AFTLocal" else ()))
    old = theirs(*arguments)
    change(old)
    new = ours(*arguments).requires_grad_(False)
    new.load_state_dict(copy.deepcopy(old.state_dict()), strict=True)  # theirs writes to its own in forward
    return new, old


def exact_of(module, x):
    state = {key: each.numpy() for key, each in module.state_dict().items()}
    maps = [(state[f"{name}.weight"], state[f"{name}.bias"]) for name in MAPS]
    w = state.get("wbias")
    if w is not None:
        w = w[: x.shape[1], : x.shape[1]]
        w = w if module.s is None else windowed(w, module.s)
    return exact_layer(x.numpy(), maps, w, module.causal)


def as_initialised(module):
    pass


def as_trained(module):
    """Sharper keys, and a bias that prefers neighbours."""
    module.to_k.weight.mul_(3)
    if hasattr(module, "wbias"):
        t = torch.arange(len(module.wbias))
        module.wbias.normal_().sub_((t[:, None] - t).abs() / 4)


def shifted(by):
    def change(module):
        module.to_k.bias.add_(by)

    return change


@pytest.mark.parametrize("change", (as_initialised, as_trained))
@pytest.mark.parametrize(("batch", "length", "max_seqlen", "dim", "hidden"), SHAPES)
def test_equal_where_it_is_right(ours, theirs, name, batch, length, max_seqlen, dim, hidden, change, inference):
    new, old = modules(ours, theirs, name, max_seqlen, dim, hidden, change)
    x = torch.randn(batch, length, dim)
    wanted = exact_of(new, x)
    check(new(x).numpy(), wanted)
    check(new.pack()(x).numpy(), wanted)
    theirs_in_float32 = old(x).numpy()
    assert np.isfinite(theirs_in_float32).all()
    check(theirs_in_float32, wanted)


@pytest.mark.parametrize("by", (100, -110))
@pytest.mark.parametrize(("batch", "length", "max_seqlen", "dim", "hidden"), SHAPES)
def test_right_where_it_is_not_finite(ours, theirs, name, batch, length, max_seqlen, dim, hidden, by, inference):
    new, old = modules(ours, theirs, name, max_seqlen, dim, hidden, shifted(by))
    x = torch.randn(batch, length, dim)
    finite = np.isfinite(old(x).numpy())
    assert finite.all() if name == "AFTSimple" else not finite.any()
    check(new(x).numpy(), exact_of(new, x))
    check(new.pack()(x).numpy(), exact_of(new, x))


def test_keys_beyond_the_range(ours, theirs, name, inference):
    """As FROM_AFT_PYTORCH.md says: theirs is NaN, but of AFTSimple, and ours is finite and not the formula's."""
    new, old = modules(ours, theirs, name, 6, 4, 5, lambda module: module.to_k.bias.add_(torch.tensor(2.0**21)))
    x = 1000 * torch.randn(1, 6, 4)
    wanted = torch.from_numpy(exact_of(new, x).y)
    y, theirs_in_float32 = new(x), old(x)
    assert y.isfinite().all() and (y - wanted).abs().max() > 0.01 * wanted.abs().max()
    if name == "AFTSimple":
        assert (theirs_in_float32 - wanted).abs().max() < 1e-5 * wanted.abs().max()
    else:
        assert theirs_in_float32.isnan().all()


@pytest.mark.parametrize("model", ("masked", "causal"))
def test_trained(ours, theirs, name, model, inference):
    """On slices of trained layers. aft-pytorch has no causal ones."""
    kind = name.removeprefix("AFT").lower()
    state = {
        f"{map}.{part}": np.load(DATA / model / f"{kind}_layer/{map}_{part}.npy")
        for map in MAPS
        for part in ("weight", "bias")
    }
    if kind != "simple":
        state["wbias"] = np.load(DATA / model / f"{kind}_w.npy")
    x, out = (np.load(DATA / model / f"{kind}_layer/{each}.npy")[None] for each in ("x", "out"))
    length, dim, hidden = x.shape[1], x.shape[2], len(state["to_q.bias"])
    arguments = (length, dim, hidden, *((32,) if kind == "local" else ()))
    new = ours(*arguments, causal=model == "causal")
    new.load_state_dict({key: torch.from_numpy(each) for key, each in state.items()}, strict=True)
    x = torch.from_numpy(x)
    wanted = Exact(out, exact_of(new, x).bound)
    check(new(x).numpy(), wanted)
    if model == "masked":
        old = theirs(*arguments)
        old.load_state_dict(new.state_dict(), strict=True)
        check(old(x).numpy(), wanted)


def test_aft_pytorchs_local_writes_to_its_bias(inference):
    """As FROM_AFT_PYTORCH.md says: what is outside of the window is gone after a call, and it takes float32 alone."""
    old = aft_pytorch.AFTLocal(8, 4, 6, 2)
    new = libaft.torch.replace(copy.deepcopy(old))
    before, x = old.wbias, torch.randn(1, 8, 4)
    state = copy.deepcopy(new.state_dict())
    old(x)
    assert old.wbias is not before and old.wbias[0, 5] == 0 != before[0, 5]
    with pytest.raises(RuntimeError, match="Float but found Double"):
        old.double()(x.double())
    new(x)
    assert all(torch.equal(each, state[key]) for key, each in new.state_dict().items())
