# SPDX-License-Identifier: MIT
"""The modules: aft-pytorch's arguments, parameters and initialisation; what else they take, and what they refuse."""

import copy
import pickle
import subprocess
import sys

import libaft
import libaft.torch
import numpy as np
import pytest
import torch
from reference import check, exact_layer, windowed
from torch import nn
from torch.nn.utils import prune

LENGTH, DIM, HIDDEN, S = 14, 10, 12, 4
MAPS = ("to_q", "to_k", "to_v", "project")


@pytest.fixture
def x():
    return torch.randn(3, LENGTH, DIM)


@pytest.fixture
def module(ours, name):
    return ours(LENGTH, DIM, HIDDEN, *((S,) if name == "AFTLocal" else ())).requires_grad_(False)


def exact_of(module, x, lengths=None):
    maps = [[each.detach().numpy() for each in getattr(module, name).parameters()] for name in MAPS]
    w = None if module.wbias is None else module.wbias.detach().numpy()[..., : x.shape[1], : x.shape[1]]
    if module.s is not None:
        w = windowed(w, module.s)
    return exact_layer(x.numpy(), maps, w, module.causal, lengths, module.heads)


@pytest.mark.parametrize(
    ("arguments", "options"),
    (((9, 6), {}), ((9, 6, 8), {}), ((), {"max_seqlen": 9, "dim": 6, "hidden_dim": 5})),
)
def test_the_same_seed_gives_the_same_parameters(ours, theirs, arguments, options):
    torch.manual_seed(11)
    wanted = theirs(*arguments, **options).state_dict()
    torch.manual_seed(11)
    state = ours(*arguments, **options).state_dict()
    assert list(state) == list(wanted)
    assert all(torch.equal(state[key], wanted[key]) for key in wanted)


def test_states_go_both_ways(ours, theirs):
    a, b = ours(9, 6, 8), theirs(9, 6, 8)
    assert not torch.equal(a.to_q.weight, b.to_q.weight)
    a.load_state_dict(b.state_dict(), strict=True)
    assert torch.equal(a.to_q.weight, b.to_q.weight)
    other = theirs(9, 6, 8)
    other.load_state_dict(ours(9, 6, 8).state_dict(), strict=True)
    with pytest.raises(RuntimeError, match="size mismatch"):
        ours(9, 6, 7).load_state_dict(b.state_dict())


def test_the_window_of_aft_local():
    assert libaft.torch.AFTLocal(9, 6).s == 256
    assert libaft.torch.AFTLocal(9, 6, 8, 3).s == libaft.torch.AFTLocal(9, 6, s=3).s == 3


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("heads", (1, 3))
def test_heads_masks_and_lengths(ours, heads, causal, x, inference):
    module = ours(LENGTH, DIM, HIDDEN, heads=heads, causal=causal).requires_grad_(False)
    check(module(x).numpy(), exact_of(module, x))
    lengths = [3, LENGTH, 1]
    wanted = exact_of(module, x, lengths)
    for given in (lengths, torch.tensor(lengths), torch.tensor(lengths, dtype=torch.int32)):
        check(module(x, given).numpy(), wanted)
        check(module.pack()(x, lengths=given).numpy(), wanted)
    assert torch.equal(module(x, 5), module(x, [5] * 3))


def test_heads_have_biases_of_their_own():
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN, heads=3)
    assert module.wbias.shape == (3, LENGTH, LENGTH)
    bound = (6 / (2 * LENGTH)) ** 0.5  # of xavier_uniform_, for one head
    assert bound * 0.95 < module.wbias.abs().max() <= bound
    assert not torch.equal(module.wbias[0], module.wbias[1])


def test_without_biases(module, x, inference):
    for name in MAPS:
        getattr(module, name).bias = None
    y = module(x)
    maps = [(getattr(module, name).weight.numpy(), None) for name in MAPS]
    w = None if module.wbias is None else module.wbias.numpy()
    check(y.numpy(), exact_layer(x.numpy(), maps, w if module.s is None else windowed(w, S)))
    assert torch.equal(module.pack()(x), y)


def test_layouts(module, x, inference):
    y = module(x)
    channels_first = x.transpose(1, 2).contiguous().transpose(1, 2)
    time_first = x.transpose(0, 1).contiguous().transpose(0, 1)
    for other in (channels_first, time_first, torch.cat([x, x], 2)[..., :DIM], torch.cat([x, x], 1)[:, :LENGTH]):
        assert torch.equal(module(other), y)
    assert torch.equal(module(x[1]), y[1])
    assert torch.equal(module(x[:1].expand(3, -1, -1))[2], y[0])
    assert module(x[:0]).shape == (0, LENGTH, DIM) and module(x[:, :0]).shape == (3, 0, DIM)


def test_weights_in_any_layout(module, x, inference):
    y = module(x)
    for name in MAPS:
        linear = getattr(module, name)
        linear.weight = nn.Parameter(linear.weight.t().contiguous().t(), False)
    assert torch.equal(module(x), y)
    assert torch.equal(module.pack()(x), y)
    for name in MAPS:
        linear = getattr(module, name)
        linear.weight = nn.Parameter(torch.cat([linear.weight, linear.weight], 1)[:, : linear.in_features], False)
    assert torch.equal(module(x), y)
    assert torch.equal(module.pack()(x), y)


def test_threads(module, x, inference):
    before = torch.get_num_threads()
    y = module(x)
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            assert torch.equal(module(x), y)
    finally:
        torch.set_num_threads(before)


def test_as_many_threads_as_have_something_to_do(ours, inference, monkeypatch):
    asked = []
    monkeypatch.setattr(libaft.Layer, "__call__", lambda *call: asked.append(call[-1]))
    for allowed, length, dim, wanted in (
        (1000, 1024, 512, {256}),
        (3, 1024, 512, {3}),
        (1000, 128, 128, {2, 3}),
        (9, 1, 1, {1}),
    ):
        monkeypatch.setattr(torch, "get_num_threads", lambda allowed=allowed: allowed)
        ours(length, dim, dim)(torch.zeros(1, length, dim))
        assert asked.pop() in wanted, length


def test_inference_mode(module, x):
    with torch.inference_mode():
        y = module(x)
        assert torch.equal(module.pack()(x), y)
    with torch.no_grad():
        assert torch.equal(module(x.clone()), y)


def test_what_requires_grad(module, x):
    for each in (module, module.pack()):
        module.requires_grad_()
        with pytest.raises(RuntimeError, match="to_q_weight requires grad, and libaft has no backward.*no_grad"):
            each(x)
        module.unpack().requires_grad_(False)
    for each in (module, module.pack()):
        with pytest.raises(RuntimeError, match="x requires grad"):
            each(x.clone().requires_grad_())
        assert not each(x).requires_grad
        module.unpack()


def test_tangents_of_parameters(module, x):
    weight = module.to_v.weight
    for each in (module, module.pack()):
        with pytest.raises(RuntimeError, match="to_v_weight has a tangent"):
            torch.func.jvp(lambda w: torch.func.functional_call(module, {"to_v.weight": w}, x), (weight,), (weight,))


def test_autocast(module, x, inference):
    y = module(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert nn.functional.linear(x, module.to_q.weight).dtype == torch.bfloat16
        assert torch.equal(module(x), y), "float32 throughout"
        half = module(x.bfloat16())
        assert torch.equal(module.pack()(x.bfloat16()), half)
    assert torch.equal(half, module(x.bfloat16().float()))


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize("packed", (False, True))
@pytest.mark.parametrize(
    ("change", "x", "kind", "says"),
    (
        (None, torch.zeros(2, 3, 9), ValueError, r"x has shape \(2, 3, 9\): it must be \[batch, length, 10\]"),
        (
            None,
            torch.nested.nested_tensor([torch.zeros(3, 10), torch.zeros(2, 10)], layout=torch.jagged),
            TypeError,
            "x is a nested tensor: pad it, and pass lengths",
        ),
        (None, np.zeros((2, 3, 10), np.float32), TypeError, "x is a numpy.ndarray: it must be a torch.Tensor"),
        (None, torch.zeros(10), ValueError, r"x has shape \(10,\)"),
        (None, torch.zeros(1, 2, 3, 10), ValueError, r"x has shape \(1, 2, 3, 10\)"),
        (None, torch.zeros(2, 3, 10).double(), TypeError, r"x is torch.float64, and.*pass x.float\(\)"),
        (None, torch.zeros(2, 3, 10, dtype=torch.int64), TypeError, "x is torch.int64"),
        (None, torch.zeros(2, 3, 10).to_sparse(), TypeError, "x has the layout torch.sparse_coo: pass x.to_dense()"),
        (
            nn.Module.half,
            torch.zeros(2, 3, 10),
            TypeError,
            r"to_q_weight is torch.float16, and libaft computes in float32:.* or call float\(\) on its module",
        ),
        (lambda m: m.to("meta"), torch.zeros(2, 3, 10), TypeError, "to_q_weight is on meta"),
        (lambda m: setattr(m, "to_k", nn.Sequential(m.to_k)), torch.zeros(2, 3, 10), TypeError, "to_k is a Sequential"),
        (
            lambda m: setattr(m, "to_k", nn.Linear(9, 12).requires_grad_(False)),
            torch.zeros(2, 3, 10),
            ValueError,
            r"to_k\[0\] has shape \(12, 9\)",
        ),
        (
            lambda m: m.to_v.register_forward_hook(print),
            torch.zeros(2, 3, 10),
            TypeError,
            "to_v has hooks, which libaft would not call",
        ),
        (
            lambda m: m.to_v.register_forward_pre_hook(print),
            torch.zeros(2, 3, 10),
            TypeError,
            "to_v has hooks, which libaft would not call",
        ),
        (
            lambda m: setattr(m.to_q, "forward", lambda x: x),
            torch.zeros(2, 3, 10),
            TypeError,
            "to_q has a forward of its own, which libaft would not call",
        ),
        (
            lambda m: setattr(m, "project", Doubled(12, 10)),
            torch.zeros(2, 3, 10),
            TypeError,
            "project is a Doubled: libaft computes it from its weight and bias",
        ),
        (
            lambda m: prune.identity(m.to_k, "weight"),
            torch.zeros(2, 3, 10),
            TypeError,
            "to_k has hooks, which libaft would not call",
        ),
    ),
)
def test_misuses(change, x, kind, says, packed, inference):
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False)
    if packed:
        module.pack()
    if change:
        change(module)
    with pytest.raises(kind, match=says):
        module(x)


def test_misuses_of_lengths_and_sizes(module, x, inference):
    for lengths, says in (([1, 2], "lengths has shape"), ([1, 2, 15], "lengths has 15: x has 14 rows")):
        with pytest.raises(ValueError, match=says):
            module(x, lengths)
    with pytest.raises(TypeError, match="lengths is no array of integers"):
        module(x, [[1], [2, 3]])
    with pytest.raises(TypeError, match="lengths holds float32"):
        module(x, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="heads is 5: it must divide hidden_dim, which is 12"):
        libaft.torch.AFTSimple(LENGTH, DIM, HIDDEN, heads=5)
    for window, kind in ((-1, ValueError), (1.5, TypeError)):
        with pytest.raises(kind, match="^s is "):
            libaft.torch.AFTLocal(LENGTH, DIM, HIDDEN, window)
    for name in ("max_seqlen", "dim", "hidden_dim", "heads"):
        for wrong, kind, says in (
            (-1, ValueError, f"{name} is -1: it must be at least "),
            (4.0, TypeError, f"{name} is a float"),
        ):
            with pytest.raises(kind, match=says):
                libaft.torch.AFTFull(**({"max_seqlen": LENGTH, "dim": DIM} | {name: wrong}))
    with pytest.raises(ValueError, match="max_seqlen is 0: it must be at least 1"):
        libaft.torch.AFTFull(0, DIM)
    assert libaft.torch.AFTSimple(0, DIM).max_seqlen is None


def test_sequences_that_are_too_long(inference):
    module = libaft.torch.AFTFull(LENGTH, DIM, HIDDEN).requires_grad_(False)
    for each in (module, module.pack()):
        with pytest.raises(ValueError, match="x has 15 positions, and max_seqlen is 14"):
            each(torch.zeros(1, 15, DIM))
    simple = libaft.torch.AFTSimple(LENGTH, DIM, HIDDEN).requires_grad_(False)
    assert simple(torch.zeros(1, 15, DIM)).shape == simple.pack()(torch.zeros(1, 15, DIM)).shape == (1, 15, DIM)


def test_parametrized_weights(module, x, inference):
    """Whatever gives the weight gives it at each call, packed or not."""
    same = copy.deepcopy(module)
    nn.utils.parametrizations.weight_norm(module.to_v)
    length = module.to_v.parametrizations.weight.original0
    for each in (module, module.pack()):
        length.mul_(2)
        same.to_v.weight.copy_(module.to_v.weight)
        assert torch.equal(each(x), same(x))


def test_copies_and_pickles(module, x, inference):
    y = module.pack()(x)
    for another in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert another._kept._packed is None, "which are packed at the next call"
        assert torch.equal(another(x), y)
        another.to_v.weight.mul_(2)
        assert not torch.equal(another(x), y)
    assert torch.equal(module(x), y)
    assert set(module.state_dict()) == set(libaft.torch.AFTFull(1, 1).state_dict()) - (
        {"wbias"} if module.wbias is None else set()
    )


def test_it_says_what_it_is():
    module = libaft.torch.AFTLocal(9, 6, 8, 3, heads=2, causal=True)
    assert "max_seqlen=9, dim=6, hidden_dim=8, s=3, heads=2, causal=True" in repr(module)
    assert "max_seqlen" not in repr(libaft.torch.AFTSimple(9, 6))


def test_it_is_what_numpy_gets(module, x, inference):
    maps = [[each.numpy() for each in getattr(module, name).parameters()] for name in MAPS]
    w = None if module.wbias is None else module.wbias.numpy()
    y = libaft.Layer(*maps_as_tuples(maps), w, module.s)(x.numpy())
    assert np.array_equal(module(x).numpy(), y)


def maps_as_tuples(maps):
    return [tuple(each) for each in maps]


def test_libaft_does_not_import_torch():
    code = "import sys, libaft; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_is_said_where_there_is_no_torch():
    code = "import sys; sys.modules['torch'] = None; import libaft.torch"
    said = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True).stderr
    assert said.rstrip().endswith("libaft.torch needs PyTorch: pip install libaft[torch]")
