# SPDX-License-Identifier: MIT
"""Tensors of other libraries, by DLPack."""

import types

import libaft
import numpy as np
import pytest

CPU, CUDA = 1, 2


class Tensor:
    """A tensor that has DLPack and nothing else."""

    def __init__(self, array, device=CPU):
        self.array, self.device, self.exports = array, device, 0

    def __dlpack__(self, **options):
        self.exports += 1
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device, 0


class OldTensor(Tensor):
    """One from before DLPack 1.0, which says of no memory that it may be written."""

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()


class FailingTensor(Tensor):
    def __dlpack__(self, **options):
        raise RuntimeError("it requires grad")


class ArrayApiTensor(Tensor):
    """One whose library takes DLPack in."""

    def __array_namespace__(self):
        return types.SimpleNamespace(from_dlpack=lambda source: ArrayApiTensor(np.from_dlpack(source)))


@pytest.fixture
def arrays(random):
    return [random(2, 30, 8) for _ in range(3)]


@pytest.mark.parametrize("kind", (Tensor, OldTensor))
def test_inputs(kind, arrays):
    y = libaft.simple(*(kind(x) for x in arrays))
    assert isinstance(y, np.ndarray)
    assert np.array_equal(y, libaft.simple(*arrays))


def test_strides(arrays):
    q, k, v = arrays
    wide = np.zeros((2, 60, 11), np.float32)
    view = wide[:, ::2, 1:9]
    view[...] = k
    assert np.array_equal(libaft.simple(q, Tensor(view), v), libaft.simple(q, k, v))


def test_bias(arrays, random):
    w = random(30, 30)
    assert np.array_equal(libaft.full(*arrays, Tensor(w)), libaft.full(*arrays, w))
    assert np.array_equal(libaft.full(*arrays, libaft.prepare(Tensor(w))), libaft.full(*arrays, w))


def test_output(arrays):
    out = Tensor(np.zeros_like(arrays[0]))
    assert libaft.simple(*arrays, out=out) is out
    assert np.array_equal(out.array, libaft.simple(*arrays))
    assert out.exports == 1


def test_result_of_the_kind_of_q(arrays):
    q, k, v = arrays
    y = libaft.simple(ArrayApiTensor(q), k, v)
    assert isinstance(y, ArrayApiTensor)
    assert np.array_equal(y.array, libaft.simple(q, k, v))
    assert isinstance(libaft.simple(q, ArrayApiTensor(k), v), np.ndarray)


def test_output_that_does_not_say_that_it_may_be_written(arrays):
    out = OldTensor(np.zeros_like(arrays[0]))
    with pytest.raises(ValueError, match="out, a test_dlpack.OldTensor, is read-only, or does not say by DLPack 1.0"):
        libaft.simple(*arrays, out=out)
    assert not out.array.any()


def test_another_device(arrays):
    q, k, v = arrays
    with pytest.raises(TypeError, match="k, a test_dlpack.Tensor, is on a device of DLPack's type 2.*CPU first"):
        libaft.simple(q, Tensor(k, CUDA), v)


def test_export_that_fails(arrays):
    q, k, v = arrays
    with pytest.raises(TypeError, match="v, a test_dlpack.FailingTensor, does not export.*it requires grad"):
        libaft.simple(q, k, FailingTensor(v))


def test_wrong_dtype(arrays):
    q, k, v = arrays
    with pytest.raises(TypeError, match="v is float64"):
        libaft.simple(q, k, Tensor(v.astype(np.float64)))


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_torch(arrays, torch):
    q, k, v = (torch.from_numpy(x) for x in arrays)
    y = libaft.simple(q, k, v)
    assert isinstance(y, torch.Tensor)
    assert np.array_equal(y.numpy(), libaft.simple(*arrays))
    out = torch.zeros_like(q)
    assert libaft.simple(q, k, v, out=out) is out
    assert torch.equal(out, y)


@pytest.mark.parametrize("dtype", ("bfloat16", "float8_e4m3fn", "float16", "float64"))
def test_torch_wrong_dtype(arrays, torch, dtype):
    q, k, v = map(torch.from_numpy, arrays)
    with pytest.raises(TypeError, match=rf"k is torch.{dtype}, and libaft computes in float32: pass k.float\(\)"):
        libaft.simple(q, k.to(getattr(torch, dtype)), v)


def test_torch_with_gradients(arrays, torch):
    q, k, v = (torch.from_numpy(x).requires_grad_() for x in arrays)
    out = torch.zeros_like(q, requires_grad=True)
    with pytest.raises(TypeError, match=r"q requires grad, and libaft has no backward: .*no_grad.*q.detach\(\)"):
        libaft.simple(q, k, v)
    with torch.no_grad():
        y = libaft.simple(q, k, v, out=out)
    assert np.array_equal(y.detach().numpy(), libaft.simple(*arrays))
    forward_ad = torch.autograd.forward_ad
    with forward_ad.dual_level(), torch.no_grad():
        dual = forward_ad.make_dual(k.detach(), v.detach())
        with pytest.raises(TypeError, match=r"k has a tangent, and libaft has no forward-mode derivative"):
            libaft.simple(q, dual, v)


def test_torch_freed(arrays, torch):
    """PyTorch itself reads where the storage was."""
    import libaft.torch

    q, k, v = map(torch.from_numpy, arrays)
    freed = torch.randn(q.shape)
    freed.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="k reaches .* elements into a storage that holds 0: it was freed"):
        libaft.simple(q, freed, v)
    with pytest.raises(ValueError, match="elements into a storage that holds 0"):
        torch.ops.libaft.simple(q, freed, v)


def test_torch_where_the_memory_is_not_the_tensor(arrays, torch):
    """DLPack exports the memory all the same."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    q, k, v = (torch.from_numpy(x) for x in arrays)
    negative = torch._neg_view(q)
    assert negative.data_ptr() == q.data_ptr()
    one_channel = torch.complex(q, k)[..., :1].conj().imag
    for call in (
        lambda: libaft.simple(negative, k, v),
        lambda: libaft.simple(one_channel, one_channel, one_channel),
        lambda: libaft.simple(q, k, v, out=negative),
    ):
        with pytest.raises(TypeError, match=r"(q|out) has the negative bit, .*: pass (q|out).resolve_neg\(\)"):
            call()
    with FakeTensorMode():
        fake = torch.empty(2, 30, 8)
    with pytest.raises(TypeError, match="v, a FakeTensor, has a dispatch of its own"):
        libaft.simple(q, k, fake)
    with pytest.raises(TypeError, match="q, a torch.Tensor, does not export its memory by DLPack: .*meta"):
        libaft.simple(q.to("meta"), k, v)
    assert torch.equal(libaft.simple(negative.resolve_neg(), k, v), libaft.simple(-q, k, v))


def test_autograd_notices_what_is_written(arrays, torch):
    q, k, v = (torch.from_numpy(x) for x in arrays)
    map = (torch.eye(8), None)
    layer = libaft.Layer(map, map, map, map)
    for write in (lambda: libaft.simple(q, k, v, out=q), lambda: layer(q, out=q)):
        factor = torch.ones(8, requires_grad=True)
        product = (factor * q).sum()  # whose derivative is q
        write()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.backward()
    with torch.inference_mode():
        out = torch.empty_like(q)
        assert torch.equal(libaft.simple(q, k, v, out=out), libaft.simple(q, k, v))


def test_torch_subclasses(arrays, torch):
    class Own(torch.Tensor):
        pass

    q, k, v = (torch.from_numpy(x) for x in arrays)
    y = libaft.simple(q.as_subclass(Own), torch.nn.Parameter(k, requires_grad=False), v)
    assert type(y) is torch.Tensor
    assert torch.equal(y, libaft.simple(q, k, v))
