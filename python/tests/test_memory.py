# SPDX-License-Identifier: MIT
"""Nothing is copied, and nothing is written but the output."""

import tracemalloc

import libaft
import numpy as np
import pytest


def traced(call) -> int:
    """The most memory that NumPy and Python had at once for a call, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrap", (np.asarray, memoryview), ids=("array", "buffer"))
def test_no_copy(wrap, random):
    q, k, v = (random(4096, 64) for _ in range(3))
    out = np.empty_like(q)
    arguments = [wrap(x) for x in (q, k, v)]
    assert traced(lambda: libaft.simple(*arguments, out=out)) < q.nbytes / 4
    assert traced(lambda: libaft.simple(q, k, v)) >= q.nbytes, "what this test reads is what NumPy allocates"


def test_no_copy_of_a_bias(random):
    q, k, v = (random(512, 4) for _ in range(3))
    w = random(1024, 2048)
    assert traced(lambda: libaft.local(q, k, v, w[::2, ::1], 3)) < w.nbytes / 4


def test_out_in_a_larger_array(random):
    q, k, v = (random(2, 20, 8) for _ in range(3))
    around = np.full((2, 41, 12), -7, np.float32)
    out = around[:, 1::2, 2:-2]
    assert libaft.simple(q, k, v, out=out) is out
    assert np.array_equal(out, libaft.simple(q, k, v))
    out[...] = -7
    assert (around == -7).all()


def test_read_only_inputs(random):
    arrays = [random(6, 4) for _ in range(3)]
    wanted = libaft.simple(*arrays)
    for array in arrays:
        array.flags.writeable = False
    assert np.array_equal(libaft.simple(*arrays), wanted)


def test_buffers(random):
    arrays = [random(6, 4) for _ in range(3)]
    wanted = libaft.simple(*arrays)
    out = bytearray(6 * 4 * 4)
    target = memoryview(out).cast("f", (6, 4))
    y = libaft.simple(*(memoryview(x) for x in arrays), out=target)
    assert y is target
    assert bytes(out) == wanted.tobytes()
    assert isinstance(libaft.simple(*(memoryview(x) for x in arrays)), np.ndarray)


def test_no_copy_of_a_sequence(random):
    weight = random(8, 8)
    layer = libaft.Layer(*[(weight, None)] * 4)
    x = random(1 << 16, 8)
    workspace = traced(lambda: layer(x, out=x))
    assert traced(lambda: layer(x)) >= workspace + 0.9 * x.nbytes, "what this test reads is what NumPy allocates"
    wide = random(1 << 16, 32)
    assert traced(lambda: layer(wide[:, 8:16], out=x)) < workspace + x.nbytes / 4
