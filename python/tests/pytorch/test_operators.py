# SPDX-License-Identifier: MIT
"""torch.ops.libaft: opcheck, gradients refused, compiled and exported models, and the same bits as NumPy gets."""

import shutil

import libaft
import libaft.torch
import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

ops = torch.ops.libaft


def tensors(count, *shape):
    return [torch.randn(shape) for _ in range(count)]


def linear_maps(dim, hidden, bias=True):
    maps = [nn.Linear(dim, hidden, bias) for _ in range(3)] + [nn.Linear(hidden, dim, bias)]
    return [
        part
        for linear in maps
        for part in (linear.weight.detach(), None if linear.bias is None else linear.bias.detach())
    ]


def side_by_side(batch, heads, rows, channels):
    return torch.randn(batch, rows, heads * channels).view(batch, rows, heads, channels).transpose(1, 2)


MAPS = linear_maps(6, 8)
W = torch.randn(9, 9)
PACKED = libaft.torch.AFTFull(9, 6, 8, causal=True)
CALLS = {
    "simple, 2-D": (ops.simple, tensors(3, 5, 4), {}),
    "simple, 3-D": (ops.simple, tensors(3, 2, 5, 4), {"causal": True}),
    "simple, 4-D": (ops.simple, tensors(3, 2, 3, 5, 4), {"kv_lengths": torch.tensor([2, 5])}),
    "simple, views": (ops.simple, [side_by_side(2, 3, 5, 4) for _ in range(3)], {}),
    "simple, other layout": (ops.simple, [x.transpose(0, 1) for x in tensors(3, 5, 4)], {}),
    "simple, empty": (ops.simple, tensors(3, 0, 5, 4), {}),
    "simple, one channel": (ops.simple, tensors(3, 2, 5, 1), {}),
    "full": (ops.full, [*tensors(3, 2, 5, 4), W], {"causal": True}),
    "full, heads": (ops.full, [*tensors(3, 2, 3, 5, 4), torch.randn(3, 5, 5)], {"kv_lengths": torch.tensor([1, 5])}),
    "full, one row": (ops.full, [torch.randn(1, 4), *tensors(2, 5, 4), W], {"q_offset": 3, "causal": True}),
    "full, first_row": (ops.full, [torch.randn(1, 4), *tensors(2, 5, 4), W], {"q_offset": 7, "first_row": 2}),
    "local": (ops.local, [*tensors(3, 2, 5, 4), W, 2], {}),
    "local, band": (ops.local, [*tensors(3, 2, 5, 4), torch.randn(5, 3), 2], {"band": True, "causal": True}),
    "layer": (ops.layer, [torch.randn(2, 5, 6), *MAPS], {"lengths": torch.tensor([2, 5])}),
    "layer, full": (ops.layer, [torch.randn(2, 9, 6), *MAPS, W], {"heads": 4, "causal": True}),
    "layer, local": (ops.layer, [torch.randn(9, 6), *MAPS, W, 3], {}),
    "layer, band": (ops.layer, [torch.randn(9, 6), *MAPS, torch.randn(9, 5), 3], {"band": True}),
    "layer, no biases": (ops.layer, [torch.randn(1, 4, 6), *linear_maps(6, 8, bias=False), W], {}),
    "packed layer": (ops.packed_layer, [torch.randn(2, 7, 6), PACKED.packed], {"lengths": torch.tensor([2, 5])}),
    "packed layer, 2-D": (ops.packed_layer, [torch.randn(7, 6), PACKED.packed], {}),
}


@pytest.fixture(params=CALLS.values(), ids=CALLS)
def call(request):
    return request.param


def test_opcheck(call):
    operator, arguments, options = call
    torch.library.opcheck(operator.default, arguments, options)


def is_float(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def as_numpy(value):
    return value.numpy() if isinstance(value, torch.Tensor) else value


def test_bits(call, inference):
    operator, arguments, options = call
    name = operator._qualified_op_name.removeprefix("libaft::")
    y = operator(*arguments, **options)
    arrays = [as_numpy(each) for each in arguments]
    others = {key: as_numpy(each) for key, each in options.items()}
    lengths = others.pop("lengths", None)
    if name == "layer":
        maps = zip(arrays[1:9:2], arrays[2:9:2])
        wanted = libaft.Layer(*maps, *arrays[9:], **others)(arrays[0], lengths)
    elif name == "packed_layer":
        wanted = PACKED(arguments[0], options.get("lengths")).numpy()
    else:
        contiguous = [np.ascontiguousarray(each) for each in arrays[:3]]
        wanted = getattr(libaft, name)(*contiguous, *arrays[3:], **others)
    assert np.array_equal(y.numpy(), wanted)


def test_layout_of_the_result():
    q, k, v = (side_by_side(2, 3, 5, 4) for _ in range(3))
    assert ops.simple(q, k, v).transpose(1, 2).is_contiguous()
    assert ops.simple(*(x.transpose(0, 1) for x in tensors(3, 5, 4))).is_contiguous()
    assert ops.simple(*(torch.randn(1, 4).expand(5, 4) for _ in range(3))).is_contiguous()


def test_what_requires_grad(call):
    operator, arguments, options = call
    for i, each in enumerate(arguments):
        if not is_float(each):
            continue
        changed = list(arguments)
        changed[i] = each.clone().requires_grad_()
        with pytest.raises(RuntimeError, match="requires grad, and libaft has no backward"):
            operator(*changed, **options)
        with torch.no_grad():
            assert torch.equal(operator(*changed, **options), operator(*arguments, **options))


def test_derivatives_that_functions_ask_for():
    q, k, v = tensors(3, 2, 5, 4)
    with pytest.raises(RuntimeError, match="k requires grad"):
        torch.func.grad(lambda k: ops.simple(q, k, v).sum())(k)
    with pytest.raises(RuntimeError, match="v has a tangent, and libaft has no forward-mode derivative"):
        torch.func.jvp(lambda v: ops.simple(q, k, v), (v,), (v,))
    with torch.autograd.forward_ad.dual_level():
        with pytest.raises(RuntimeError, match="q has a tangent"):
            ops.simple(torch.autograd.forward_ad.make_dual(q, q), k, v)
        assert torch.equal(ops.simple(q, k, v), ops.simple(q, k, v))
    with pytest.raises(RuntimeError, match="requires grad"):
        torch.func.vmap(torch.func.grad(lambda k: ops.simple(k, k, k).sum()))(k)


def test_autocast(call, inference):
    operator, arguments, options = call
    halves = [each.bfloat16() if is_float(each) else each for each in arguments]
    wanted = operator(*(each.float() if is_float(each) else each for each in halves), **options)
    with torch.autocast("cpu", torch.bfloat16):
        y = operator(*halves, **options)
    assert y.dtype == torch.float32
    assert torch.equal(y, wanted)


def on_another_device(x):
    with FakeTensorMode(allow_non_fake_inputs=True):
        ops.simple(x, torch.empty(5, 4, device="cuda"), x)


MISUSES = (
    (lambda x: ops.simple(x, x.double(), x), TypeError, r"k is torch.float64, and.*pass k.float\(\)"),
    (lambda x: on_another_device(x), TypeError, r"k is on cuda:0, and libaft computes on the CPU: pass k.cpu\(\)"),
    (lambda x: ops.simple(x, x, x.to("meta")), TypeError, "v is on meta and q on cpu: they must be on one device"),
    (lambda x: ops.full(x, x, x, x.to_sparse()), TypeError, r"w has the layout torch.sparse_coo: pass w.to_dense\(\)"),
    (lambda x: ops.simple(x, x[:, :3], x), ValueError, "k has shape"),
    (lambda x: ops.simple(x[0], x[0], x[0]), ValueError, r"q has shape \(4,\)"),
    (lambda x: ops.full(x, x, x, x[:3, :3]), ValueError, "w has 3 rows"),
    (lambda x: ops.simple(x, x, x, kv_lengths=torch.tensor(6)), ValueError, "kv_lengths has 6"),
    (lambda x: ops.layer(x, *MAPS), ValueError, r"x has shape \(5, 4\): it must be \[length, 6\]"),
    (lambda x: ops.layer(x[0, 0], *MAPS), ValueError, r"x has shape \(\)"),
    (lambda x: ops.packed_layer(x, x), TypeError, "packed is torch.float32 of shape"),
    (lambda x: ops.packed_layer(x, PACKED.packed), ValueError, r"x has shape \(5, 4\): it must be \[length, 6\]"),
    (lambda x: ops.packed_layer(torch.ones(10, 6), PACKED.packed), ValueError, "x has 10 positions: this layer has 9"),
    (lambda x: ops.packed_layer(x, PACKED.packed[:-64]), ValueError, "no packed layer, or not the whole of one"),
    (lambda x: ops.packed_layer(x, PACKED.packed[2:]), ValueError, "no packed layer, or is not aligned"),
    (lambda x: ops.packed_layer(x, PACKED.packed[:-1]), ValueError, "no packed layer"),
    (lambda x: ops.packed_layer(x, torch.zeros(9, dtype=torch.uint8)), ValueError, "no packed layer"),
)


@pytest.mark.parametrize(("misuse", "kind", "says"), MISUSES, ids=[says[:40] for _, _, says in MISUSES])
def test_misuses(misuse, kind, says):
    with pytest.raises(kind, match=says):
        misuse(torch.randn(5, 4))


class Model(nn.Module):
    def __init__(self, pack=False):
        super().__init__()
        kinds = libaft.torch.AFTFull, libaft.torch.AFTSimple, libaft.torch.AFTLocal
        self.mixers = nn.ModuleList(kind(12, 6, 8, heads=2, causal=True) for kind in kinds)
        self.requires_grad_(not pack)
        if pack:
            for mixer in self.mixers:
                mixer.pack()

    def forward(self, x, lengths=None):
        for mixer in self.mixers:
            x = x + mixer(nn.functional.gelu(x), lengths)
        return x


def agrees(compiled, model):
    """One model, compiled and not: PyTorch's own parts may round otherwise."""
    with torch.no_grad():
        for length in (12, 7, 5):
            x = torch.randn(2, length, 6)
            torch.testing.assert_close(compiled(x), model(x))
        torch.testing.assert_close(compiled(x, torch.tensor([2, 5])), model(x, torch.tensor([2, 5])))


@pytest.fixture
def compiler():
    """Knows nothing of other tests' models, whose number it would count."""
    torch._dynamo.reset()


@pytest.mark.parametrize("pack", (False, True))
@pytest.mark.parametrize("backend", ("aot_eager", "inductor"))
def test_compile(backend, pack, compiler):
    if backend == "inductor" and shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler")
    model = Model(pack)
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    agrees(compiled, model)
    with torch.no_grad():
        for mixer in model.mixers:
            mixer.to_v.weight.mul_(2)
    agrees(compiled, model)


def test_compiled_modules_keep_what_is_packed(compiler, inference, packs):
    model, x = Model(pack=True), torch.randn(2, 5, 6)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    wanted = compiled(x)
    assert torch.equal(compiled(x), wanted) and packs() == 3
    model.mixers[1].to_v.weight.mul_(2)
    assert not torch.equal(compiled(x), wanted) and packs() == 4
    compiled(x)
    assert packs() == 4


def test_a_compiled_packed_module_that_is_to_be_trained(compiler, inference):
    model, x = Model(pack=True), torch.randn(2, 5, 6)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    compiled(x)
    model.mixers[1].to_k.requires_grad_()
    with pytest.raises(RuntimeError, match="to_k.weight requires grad, and pack is"):
        compiled(x)


def test_compile_with_gradients(compiler):
    compiled = torch.compile(Model(), fullgraph=True, backend="aot_eager")
    with pytest.raises(RuntimeError, match="requires grad, and libaft has no backward"):
        compiled(torch.randn(2, 5, 6))


@pytest.mark.parametrize("fullgraph", (False, True))
def test_functions_that_are_no_operators_in_what_is_compiled(fullgraph, compiler):
    def function(q, k, v):
        return 2 * libaft.simple(q + 1, k, v)

    compiled, arguments = torch.compile(function, fullgraph=fullgraph, backend="eager"), tensors(3, 2, 9, 8)
    if fullgraph:
        with pytest.raises(torch._dynamo.exc.Unsupported, match="torch.ops.libaft has operators that it can"):
            compiled(*arguments)
    else:
        assert torch.equal(compiled(*arguments), function(*arguments))


@pytest.mark.parametrize("pack", (False, True))
def test_export(pack, inference, packs):
    model = Model(pack)
    length = torch.export.Dim("length", max=12)
    exported = torch.export.export(model, (torch.randn(2, 6, 6),), dynamic_shapes=({1: length},))
    assert ops.layer.default in {node.target for node in exported.graph.nodes}
    for length in (12, 5):
        x = torch.randn(2, length, 6)
        torch.testing.assert_close(exported.module()(x), model(x))
    before = packs()
    exported.module()(x)
    assert packs() == before + 3, "it keeps nothing"
