# SPDX-License-Identifier: MIT
"""How the package is used, for a type checker to read: test_package.py."""

from typing import Any, assert_type

import libaft
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Tensor:
    def __dlpack__(self, *, stream: int | None = None, max_version: tuple[int, int] | None = None) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def arrays(q: Floats, k: Floats, v: Floats, w: Floats) -> None:
    assert_type(libaft.simple(q, k, v, causal=True, kv_lengths=[1, 2]), Floats)
    assert_type(libaft.full(q, k, v, w, threads=None, out=q), Floats)
    assert_type(libaft.local(q, k, v, w, 3, kv_lengths=np.array([1, 2])), Floats)
    prepared = libaft.prepare(w, 3, causal=True)
    assert_type(prepared, libaft.Prepared)
    assert_type(libaft.local(q, k, v, prepared, causal=True), Floats)
    layer = libaft.Layer((w, None), (w, q[0]), (w, None), (w, None), w, 3, causal=True)
    assert_type(layer(q, lengths=[1, 2], out=q), Floats)


def tensors(q: Tensor, k: Tensor, v: Tensor, w: Floats) -> None:
    assert_type(libaft.simple(q, k, v), Tensor)
    assert_type(libaft.full(q, k, v, w), Tensor)
    assert_type(libaft.Layer((w, None), (q, k), (w, v), (w, None))(q), Tensor)
    assert_type(libaft.local(q, k, v, w, 3), Tensor)


def buffers(q: memoryview, k: memoryview, v: memoryview, w: Floats) -> None:
    assert_type(libaft.simple(q, k, v), Floats)
    assert_type(libaft.full(q, k, v, w), Floats)
    assert_type(libaft.local(q, k, v, w, 3), Floats)


def others(q: Floats) -> None:
    libaft.simple(1, q, q)  # type: ignore[call-overload]
    libaft.full(q, q, q)  # type: ignore[call-overload]
    libaft.Layer(q, q, q, q)  # type: ignore[arg-type]
    libaft.prepare([1.0])  # type: ignore[arg-type]
    assert_type(libaft.isa(), str)
    assert_type(libaft.isas(), tuple[str, ...])
