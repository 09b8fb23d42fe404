# SPDX-License-Identifier: MIT
"""Each misuse names the argument, what is wrong with it and what to do; and nothing is written."""

import array

import libaft
import numpy as np
import pytest

X = np.linspace(-1, 1, 2 * 3 * 5 * 4, dtype=np.float32).reshape(2, 3, 5, 4)
W = np.zeros((3, 5, 5), np.float32)
OUT = np.full_like(X, 9)
WIDE = np.zeros((2, 3, 5, 5), np.float32)


def unaligned():
    return np.frombuffer(bytearray(X.nbytes + 1), np.uint8)[1:].view(np.float32).reshape(X.shape)


def full(w=W, **options):
    return libaft.full(X, X, X, w, out=OUT, **options)


def local(w=W, window=2, **options):
    return libaft.local(X, X, X, w, window, out=OUT, **options)


def simple(q=X, k=X, v=X, **options):
    return libaft.simple(q, k, v, **({"out": OUT} | options))


def read_only():
    out = X.copy()
    out.flags.writeable = False
    return out


MISUSES = [
    (lambda: simple(q=X.astype(np.float64)), TypeError, r"q is float64.*q.astype\(numpy.float32\)"),
    (lambda: simple(k=X.astype(np.float16)), TypeError, "k is float16"),
    (lambda: simple(v=X.astype(">f4")), TypeError, "v is >f4.*byte order"),
    (lambda: simple(q=X.tolist()), TypeError, "q is a list: pass a NumPy array"),
    (lambda: simple(q=3.0), TypeError, "q is a float"),
    (lambda: simple(q=None), TypeError, "q is a NoneType"),
    (lambda: simple(q=array.array("f", [1, 2])), ValueError, r"q has shape \(2,\): it must be \[rows, channels\]"),
    (lambda: simple(q=b"12345678"), TypeError, "q is uint8"),
    (lambda: simple(q=np.ma.masked_array(X)), TypeError, r"q is a masked array.*q.filled"),
    (lambda: simple(q=X[None]), ValueError, r"q has shape \(1, 2, 3, 5, 4\)"),
    (lambda: simple(k=X[..., :3]), ValueError, r"k has shape \(2, 3, 5, 3\) and q \(2, 3, 5, 4\)"),
    (lambda: simple(k=X[:1]), ValueError, "k has shape .* number of rows alone"),
    (lambda: simple(k=X[0]), ValueError, r"k has shape \(3, 5, 4\)"),
    (lambda: simple(v=X[..., :4, :]), ValueError, r"v has shape \(2, 3, 4, 4\) and k"),
    (lambda: simple(v=np.asfortranarray(X)), ValueError, r"v has a last dimension.*ascontiguousarray\(v\)"),
    (lambda: simple(k=X[..., ::-1, :]), ValueError, r"k has negative strides.*ascontiguousarray\(k\)"),
    (lambda: simple(k=X[..., ::-1]), ValueError, "k has a last dimension"),
    (lambda: simple(k=unaligned()), ValueError, r"k has floats that are not aligned.*numpy.array\(k\)"),
    (lambda: simple(out=read_only()), ValueError, "out, a numpy.ndarray, is read-only"),
    (lambda: simple(out=memoryview(X).toreadonly()), ValueError, "out, a memoryview, is read-only"),
    (lambda: simple(out=OUT[..., :4, :]), ValueError, r"out has shape \(2, 3, 4, 4\) and q"),
    (lambda: simple(out=OUT.astype(np.float64)), TypeError, "out is float64"),
    (lambda: simple(k=OUT, v=OUT), ValueError, "out overlaps k and v"),
    (lambda: simple(q=WIDE[..., 1:], out=WIDE[..., :-1]), ValueError, "out overlaps q: it may be exactly q"),
    (lambda: simple(q=OUT[..., ::-1, :].copy()[..., :4, :], out=OUT[..., 1:, :], k=OUT), ValueError, "out overlaps k"),
    (lambda: full(OUT[0, :, :5, :].repeat(2, -1)[..., :3]), ValueError, r"w has 3 columns .*5 keys"),
    (
        lambda: simple(out=np.lib.stride_tricks.as_strided(OUT, strides=(0, 0, 16, 4))),
        ValueError,
        "out has elements that overlap",
    ),
    (lambda: full(W[:2]), ValueError, r"w has shape \(2, 5, 5\), so heads 2; q has heads 3"),
    (lambda: full(np.zeros((4, 3, 5, 5), np.float32)), ValueError, "so batch 4; q has batch 2"),
    (lambda: full(W[:, :4]), ValueError, "w has 4 rows .*use its rows 0 .. 4"),
    (lambda: full(q_offset=1), ValueError, "w has 5 rows .*use its rows 1 .. 5 .*q_offset"),
    (lambda: full(first_row=1), ValueError, "use its rows 1 .. 5"),
    (lambda: full(W[..., ::2]), ValueError, "w has a last dimension"),
    (lambda: full(W.astype(int)), TypeError, "w is int64"),
    (lambda: full(W[0, 0]), ValueError, r"w has shape \(5,\): it must be \[rows, columns\]"),
    (lambda: local(window=None), TypeError, "window is missing"),
    (lambda: local(window=-1), ValueError, "window is -1: it must be at least 0"),
    (lambda: local(window=2.5), TypeError, "window is a float: it must be an integer"),
    (lambda: local(window=0, band=True), ValueError, "window is 0: it must be at least 1"),
    (lambda: local(band=True), ValueError, r"a band of window 2 has 2 \* 2 - 1 = 3 columns"),
    (lambda: local(band=1), TypeError, "band is a int: it must be True or False"),
    (lambda: simple(causal=np.ones((5, 5), bool)), TypeError, "causal is a numpy.ndarray"),
    (lambda: simple(q_offset=-1), ValueError, "q_offset is -1"),
    (lambda: simple(q_offset=2**70), ValueError, "q_offset is 1180591620717411303424"),
    (lambda: simple(q_offset=2**64), ValueError, f"q_offset is {2**64}: it must be at most {2**63 - 1}"),
    (lambda: simple(kv_lengths=[[1], [2, 3]]), TypeError, "kv_lengths is no array of integers, one for each batch"),
    (lambda: simple(q_offset=2**63 - 1), ValueError, "do not go together: a size"),
    (lambda: simple(kv_lengths=6), ValueError, r"kv_lengths has 6: k has 5 rows"),
    (lambda: simple(kv_lengths=[5, -1]), ValueError, r"kv_lengths has -1"),
    (lambda: simple(kv_lengths=[5]), ValueError, r"kv_lengths has shape \(1,\).*2 batches"),
    (lambda: simple(kv_lengths=[1.0, 2.0]), TypeError, "kv_lengths holds float64"),
    (lambda: simple(threads=0), ValueError, "threads is 0"),
    (lambda: simple(threads=257), ValueError, "threads is 257: there may be 256"),
    (lambda: simple(threads="2"), TypeError, "threads is a str"),
    (lambda: libaft.prepare(W, first_row=6), ValueError, "first_row is 6: w has 5 rows"),
    (lambda: libaft.prepare(W, kv_len=6), ValueError, "w has 5 columns .* 6 keys"),
    (lambda: libaft.prepare(W, band=True), TypeError, "window is missing"),
    (lambda: full(libaft.prepare(W, causal=True)), ValueError, "for other calls: causal is False, not True"),
    (lambda: full(libaft.prepare(W[:2])), ValueError, "heads is 3, not 2"),
    (lambda: full(libaft.prepare(np.zeros((4, 3, 5, 5), np.float32))), ValueError, "batch is 2, not 4"),
    (lambda: full(libaft.prepare(W[:, :4])), ValueError, "rows 0 .. 4 are not all among 0 .. 3"),
    (lambda: full(libaft.prepare(W, kv_len=3)), ValueError, "there are 5 keys, more than 3"),
    (
        lambda: full(libaft.prepare(W, causal=True), causal=True, q_offset=1, first_row=0),
        ValueError,
        "q_offset - first_row is 1, not 0",
    ),
    (
        lambda: full(libaft.prepare(W, causal=True, q_offset=9, first_row=0), causal=True, q_offset=8),
        ValueError,
        "q_offset is 8: w's row 0, as it was prepared, is position 9",
    ),
    (lambda: full(libaft.prepare(W, 2)), ValueError, "prepared with a window of 2: call libaft.local"),
    (lambda: local(libaft.prepare(W), None), ValueError, "prepared without a window: call libaft.full"),
    (lambda: local(libaft.prepare(W, 3)), ValueError, "prepared with a window of 3"),
    (lambda: libaft.use_isa("mmx"), ValueError, "name is 'mmx': this build of libaft has scalar"),
]


@pytest.mark.parametrize(("call", "kind", "says"), MISUSES, ids=[says[:40] for _, _, says in MISUSES])
def test_misuse(call, kind, says):
    OUT[...] = 9
    with pytest.raises(kind, match=says) as caught:
        call()
    assert caught.type is kind
    assert (OUT == 9).all()


def test_the_arguments_that_these_change_are_right():
    assert np.array_equal(full(), libaft.full(X, X, X, W))
    assert np.array_equal(local(), libaft.local(X, X, X, W, 2))
    assert np.array_equal(simple(), libaft.simple(X, X, X))
    prepared = libaft.prepare(W, causal=True)
    assert np.array_equal(full(prepared, causal=True), libaft.full(X, X, X, W, causal=True))


def test_a_bias_on_another_row_may_be_any_where_it_is_full_and_without_mask():
    prepared = libaft.prepare(W)
    one = libaft.full(X[..., 2:3, :], X, X, prepared, q_offset=7, first_row=2)
    assert np.array_equal(one, libaft.full(X, X, X, W)[..., 2:3, :])
