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


def test_torch(arrays):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    q, k, v = (torch.from_numpy(x) for x in arrays)
    y = libaft.simple(q, k, v)
    assert isinstance(y, torch.Tensor)
    assert np.array_equal(y.numpy(), libaft.simple(*arrays))
    out = torch.zeros_like(q)
    assert libaft.simple(q, k, v, out=out) is out
    assert torch.equal(out, y)
    with pytest.raises(TypeError, match="q, a torch.Tensor, does not export.*grad"):
        libaft.simple(q.requires_grad_(), k, v)
