# SPDX-License-Identifier: MIT
"""The same bits on every instruction set, with any number of threads, of a prepared bias, in any layout."""

import copy
import functools
import pickle

import libaft
import numpy as np
import pytest

ROWS = 150
BATCH, HEADS, CHANNELS = 2, 2, 24


def calls(w):
    """Each kind of call, as a function of q, k, v and options."""
    window, wide = 20, np.ascontiguousarray(w[..., :39])
    return {
        "simple": libaft.simple,
        "full": lambda q, k, v, **options: libaft.full(q, k, v, w, **options),
        "local": lambda q, k, v, **options: libaft.local(q, k, v, w, window, **options),
        "band": lambda q, k, v, **options: libaft.local(q, k, v, wide, window, band=True, **options),
    }


@pytest.fixture(params=("simple", "full", "local", "band"))
def call(request, random):
    return calls(random(HEADS, ROWS, ROWS))[request.param]


@pytest.fixture
def qkv(random):
    return [random(BATCH, HEADS, ROWS, CHANNELS) for _ in range(3)]


@pytest.mark.parametrize("causal", (False, True))
def test_instruction_sets_and_threads(call, qkv, causal, isas):
    libaft.use_isa("scalar")
    wanted = call(*qkv, causal=causal).tobytes()
    for isa in isas:
        libaft.use_isa(isa)
        for threads in (1, 2, 3, 8, 256, None):
            assert call(*qkv, causal=causal, threads=threads).tobytes() == wanted, (isa, threads)


def test_heads_that_lie_side_by_side(call, random):
    x = [random(BATCH, ROWS, HEADS * CHANNELS) for _ in range(3)]
    views = [a.reshape(BATCH, ROWS, HEADS, CHANNELS).transpose(0, 2, 1, 3) for a in x]
    y = call(*views)
    assert y.tobytes() == call(*(np.ascontiguousarray(a) for a in views)).tobytes()
    side_by_side = y.transpose(0, 2, 1, 3)
    assert side_by_side.flags.c_contiguous, "the result has the layout of q"


def test_views(call, qkv):
    q, k, v = qkv
    wide = np.zeros((BATCH, HEADS, 2 * ROWS, CHANNELS + 5), np.float32)
    strided = wide[:, :, ::2, 3:-2]
    strided[...] = k
    assert call(q, strided, v).tobytes() == call(*qkv).tobytes()


def test_repeated_batches(call, qkv):
    first = [x[:1] for x in qkv]
    repeated = [np.broadcast_to(x, (3, *x.shape[1:])) for x in first]
    y, once = call(*repeated), call(*first)
    assert all(np.array_equal(y[b], once[0]) for b in range(3))
    assert y.flags.c_contiguous


def test_in_place(call, qkv):
    q, k, v = qkv
    wanted = call(q, k, v)
    assert call(q, k, v, out=q) is q
    assert np.array_equal(q, wanted)


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("kind", ("full", "local", "band"))
def test_prepared(kind, causal, qkv, random):
    w = random(HEADS, ROWS, ROWS)
    wanted = calls(w)[kind](*qkv, causal=causal)
    window = None if kind == "full" else 20
    wide = w[..., :39] if kind == "band" else w
    prepared = libaft.prepare(wide, window, band=kind == "band", causal=causal)
    call = functools.partial(libaft.full if kind == "full" else libaft.local, causal=causal)
    w[...] = np.nan  # it is not read again
    assert np.array_equal(call(*qkv, prepared), wanted)
    assert np.array_equal(call(*qkv, prepared, threads=2), wanted)


def test_prepared_row_by_row(qkv, random):
    q, k, v = qkv
    w = random(ROWS, ROWS)
    prepared = libaft.prepare(w, causal=True)
    whole = libaft.full(q, k, v, w, causal=True)
    for t in (0, 1, 64, ROWS - 1):
        y = libaft.full(q[..., t : t + 1, :], k, v, prepared, causal=True, q_offset=t)
        assert np.array_equal(y, whole[..., t : t + 1, :])


def test_prepared_rows_at_other_positions(qkv, random):
    """A bias of the last rows alone: its row 0 is position 100."""
    q, k, v = qkv
    w = random(50, ROWS)
    prepared = libaft.prepare(w, causal=True, q_offset=100, first_row=0)
    last = (q[..., 100:, :], k, v)
    wanted = libaft.full(*last, w, causal=True, q_offset=100, first_row=0)
    assert np.array_equal(libaft.full(*last, prepared, causal=True, q_offset=100), wanted)


def test_prepared_band_at_other_positions(qkv, random):
    q, k, v = qkv
    band = random(50, 7)
    prepared = libaft.prepare(band, 4, band=True, q_offset=100, first_row=0)
    assert prepared.keys == ROWS
    last = (q[..., 100:, :], k, v)
    wanted = libaft.local(*last, band, 4, band=True, q_offset=100, first_row=0)
    assert np.array_equal(libaft.local(*last, prepared, q_offset=100), wanted)


def test_prepared_copies_and_pickles(qkv, random):
    prepared = libaft.prepare(random(ROWS, ROWS))
    wanted = libaft.full(*qkv, prepared)
    for another in (copy.deepcopy(prepared), pickle.loads(pickle.dumps(prepared))):
        prepared._memory[...] = np.nan
        assert np.array_equal(libaft.full(*qkv, another), wanted)
        prepared = another
