# SPDX-License-Identifier: MIT
"""Every function against the formula in float64, within the error of aft.h."""

import libaft
import numpy as np
import pytest
from reference import band_of, check, exact, windowed

BATCH, HEADS, ROWS, CHANNELS = 2, 3, 37, 9


@pytest.fixture
def qkv(random):
    return [random(BATCH, HEADS, ROWS, CHANNELS) for _ in range(3)]


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("dimensions", (2, 3, 4))
def test_simple(qkv, dimensions, causal):
    first = (0,) * (4 - dimensions)
    q, k, v = (x[first] for x in qkv)
    y = libaft.simple(q, k, v, causal=causal)
    check(y, exact(*(x.reshape(-1, 1, ROWS, CHANNELS) for x in (q, k, v)), causal=causal))


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("shape", ((), (HEADS,), (1, HEADS), (BATCH, 1), (BATCH, HEADS)))
def test_full(qkv, random, shape, causal):
    w = random(*shape, ROWS, ROWS)
    check(libaft.full(*qkv, w, causal=causal), exact(*qkv, w, causal))


def test_full_of_three_dimensions_has_one_head(random):
    q, k, v = (random(BATCH, ROWS, CHANNELS) for _ in range(3))
    w = random(ROWS, ROWS)
    check(libaft.full(q, k, v, w), exact(q[:, None], k[:, None], v[:, None], w))


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("window", (0, 1, 5, ROWS))
def test_local(qkv, random, window, causal):
    w = random(HEADS, ROWS, ROWS)
    check(libaft.local(*qkv, w, window, causal=causal), exact(*qkv, windowed(w, window), causal))


@pytest.mark.parametrize("window", (1, 5, ROWS + 3))
def test_band(qkv, random, window):
    w = random(HEADS, ROWS, ROWS)
    y = libaft.local(*qkv, band_of(w, window), window, band=True)
    check(y, exact(*qkv, windowed(w, window)))


@pytest.mark.parametrize("lengths", ((5, 0), 11, np.array([37, 1], np.int32)))
def test_key_lengths(qkv, random, lengths):
    w = random(ROWS, ROWS)
    wanted = exact(*qkv, w, lengths=np.broadcast_to(lengths, BATCH))
    check(libaft.full(*qkv, w, kv_lengths=lengths), wanted)


def test_fewer_queries_than_keys_and_a_larger_bias(qkv, random):
    q, k, v = qkv
    w = random(ROWS + 9, ROWS + 4)
    check(libaft.full(q[..., :7, :], k, v, w), exact(q[..., :7, :], k, v, w[:7, :ROWS]))


def test_decoding_gives_the_rows_of_the_whole(qkv, random):
    q, k, v = qkv
    w = random(HEADS, ROWS, ROWS)
    whole = libaft.full(q, k, v, w, causal=True)
    for t in range(ROWS):
        seen = slice(t + 1)
        one = (q[..., t : t + 1, :], k[..., seen, :], v[..., seen, :])
        y = libaft.full(*one, w, causal=True, q_offset=t)
        assert np.array_equal(y, whole[..., t : t + 1, :])
        y = libaft.full(*one, w[:, t : t + 1], causal=True, q_offset=t, first_row=0)
        assert np.array_equal(y, whole[..., t : t + 1, :])


def test_decoding_of_a_band(qkv, random):
    q, k, v = qkv
    w = random(ROWS, ROWS)
    band = band_of(w, 4)
    whole = libaft.local(q, k, v, band, 4, band=True, causal=True)
    y = libaft.local(q[..., 30:33, :], k, v, band, 4, band=True, causal=True, q_offset=30)
    assert np.array_equal(y, whole[..., 30:33, :])


def test_keys_of_a_hundred_are_no_infinity(qkv, random):
    q, k, v = qkv
    w = random(ROWS, ROWS)
    check(libaft.full(q, k + 100, v, w), exact(q, k + np.float32(100), v, w))


def test_logits_beyond_the_range_count_as_its_end(qkv, random):
    """As help(libaft.full) says."""
    q, k, v = qkv
    w, limit = random(ROWS, ROWS), np.float32(2**20)
    for scale in (1e6, 1e30):
        wide, steep = k * np.float32(scale), w * np.float32(scale)
        assert np.array_equal(libaft.simple(q, wide, v), libaft.simple(q, wide.clip(-limit, limit), v))
        assert np.array_equal(libaft.full(q, k, v, steep), libaft.full(q, k, v, steep.clip(-limit, limit)))


@pytest.mark.parametrize("shape", ((0, 4), (3, 0), (0, 2, 5, 4), (2, 2, 0, 4)))
def test_empty(shape):
    x = np.empty(shape, np.float32)
    assert libaft.simple(x, x, x).shape == shape


def test_without_keys_all_is_zero(random):
    none = np.empty((0, 4), np.float32)
    assert np.array_equal(libaft.simple(random(3, 4), none, none), np.zeros((3, 4)))
