# SPDX-License-Identifier: MIT
"""Layers: within the stated error of float64, the same bits however they are called, misuses named."""

import copy
import pickle

import libaft
import numpy as np
import pytest
from libaft import _abi
from reference import band_of, check, exact_layer, windowed

BATCH, ROWS, DIM, HIDDEN, WINDOW = 2, 33, 20, 24, 5
MAPS = ("to_q", "to_k", "to_v", "project")
KINDS = ("simple", "full", "local", "band")


def bias_of(kind, w):
    """Arguments of a Layer with a bias of this kind, and the same one as it counts."""
    if kind == "simple":
        return {}, None
    if kind == "full":
        return {"w": w}, w
    if kind == "local":
        return {"w": w, "window": WINDOW}, windowed(w, WINDOW)
    return {"w": band_of(w, WINDOW), "window": WINDOW, "band": True}, windowed(w, WINDOW)


@pytest.fixture
def maps(random):
    shapes = [(HIDDEN, DIM)] * 3 + [(DIM, HIDDEN)]
    return [(random(*shape) / 4, random(shape[0])) for shape in shapes]


@pytest.fixture
def x(random):
    return random(BATCH, ROWS, DIM)


@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("heads", (1, 3))
@pytest.mark.parametrize("kind", KINDS)
def test_values(kind, heads, causal, maps, x, random):
    w = random(*((heads,) if heads > 1 else ()), ROWS, ROWS)
    arguments, counts = bias_of(kind, w)
    layer = libaft.Layer(*maps, **arguments, heads=heads, causal=causal)
    check(layer(x), exact_layer(x, maps, counts, causal, heads=heads))
    lengths = [ROWS - 4, 1]
    check(layer(x, lengths), exact_layer(x, maps, counts, causal, lengths, heads))


def test_without_biases(maps, x):
    without = [(weight, None) for weight, _ in maps]
    check(libaft.Layer(*without)(x), exact_layer(x, without))


def test_bias_of_all_heads(maps, x, random):
    w = random(ROWS, ROWS)
    check(libaft.Layer(*maps, w, heads=4)(x), exact_layer(x, maps, w, heads=4))


@pytest.fixture(params=KINDS)
def layer(request, maps, random):
    return libaft.Layer(*maps, **bias_of(request.param, random(ROWS, ROWS))[0], causal=True)


def test_shorter_sequences(layer, x):
    short = layer(x[:, :7])
    assert short.shape == (BATCH, 7, DIM)
    assert np.array_equal(short, layer(x)[:, :7]), "causal"


def test_longest_sequence(maps, random):
    w = random(50, 60)
    assert libaft.Layer(*maps, w).max_length == 50
    assert libaft.Layer(*maps, w, max_length=30).max_length == 30
    x = random(30, DIM)
    assert np.array_equal(libaft.Layer(*maps, w, max_length=30)(x), libaft.Layer(*maps, w[:30, :30])(x))
    without = random(3, DIM)
    assert libaft.Layer(*maps, heads=24)(without).shape == without.shape


def test_instruction_sets_and_threads(layer, x, isas):
    libaft.use_isa("scalar")
    wanted = layer(x).tobytes()
    for isa in isas:
        libaft.use_isa(isa)
        for threads in (1, 2, 3, 256, None):
            assert layer(x, threads=threads).tobytes() == wanted, (isa, threads)


def test_layouts(layer, x):
    wanted = layer(x)
    wide = np.zeros((BATCH, 2 * ROWS, DIM + 5), np.float32)
    strided = wide[:, ::2, 3:-2]
    strided[...] = x
    assert np.array_equal(layer(strided), wanted)
    assert np.array_equal(layer(x[1]), wanted[1])
    assert np.array_equal(layer(np.broadcast_to(x[:1], x.shape))[1], wanted[0])
    time_first = np.ascontiguousarray(x.transpose(1, 0, 2)).transpose(1, 0, 2)
    assert np.array_equal(layer(time_first), wanted)
    assert layer(time_first).transpose(1, 0, 2).flags.c_contiguous, "the result has the layout of x"
    assert np.array_equal(layer(memoryview(x)), wanted)


def test_out(layer, x):
    wanted = layer(x)
    around = np.full((BATCH, 2 * ROWS, DIM + 4), -7, np.float32)
    out = around[:, 1::2, 2:-2]
    assert layer(x, out=out) is out
    assert np.array_equal(out, wanted)
    out[...] = -7
    assert (around == -7).all()
    assert layer(x, out=x) is x
    assert np.array_equal(x, wanted)


def test_weights_may_go(maps, x, random):
    w = random(ROWS, ROWS)
    layer = libaft.Layer(*maps, w)
    wanted = layer(x)
    for array in (w, *(array for linear in maps for array in linear)):
        array[...] = np.nan
    assert np.array_equal(layer(x), wanted)


def test_copies_and_pickles(layer, x):
    wanted = layer(x)
    for another in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        layer._memory[...] = np.nan
        assert np.array_equal(another(x), wanted)
        layer = another


def test_empty(layer, x):
    assert layer(x[:0]).shape == (0, ROWS, DIM)
    assert layer(x[:, :0]).shape == (BATCH, 0, DIM)


def test_it_says_what_it_is(maps, random):
    layer = libaft.Layer(*maps, random(ROWS, ROWS), heads=2, causal=True)
    sizes = f"dim {DIM}, hidden {HIDDEN}, heads 2, max_length {ROWS}, causal"
    assert repr(layer) == f"<libaft.Layer: {sizes}, {layer.nbytes} bytes>"
    assert "max_length" not in repr(libaft.Layer(*maps))


X = np.linspace(-1, 1, 2 * 5 * 4, dtype=np.float32).reshape(2, 5, 4)
OUT = np.full_like(X, 9)
GOOD = {
    name: (np.full(shape, 0.1, np.float32), np.zeros(shape[0], np.float32))
    for name, shape in zip(MAPS, [(6, 4)] * 3 + [(4, 6)])
}
W = np.zeros((5, 5), np.float32)


def built(**changes):
    return lambda: libaft.Layer(**(GOOD | changes))


def called(x=X, **options):
    return lambda: libaft.Layer(**GOOD, w=W)(x, **({"out": OUT} | options))


WEIGHT, BIAS = GOOD["to_k"]
MISUSES = [
    (built(to_q=WEIGHT), TypeError, r"to_q is a numpy.ndarray: it must be a tuple \(weight, bias\)"),
    (built(to_k=(WEIGHT,)), TypeError, "to_k is a tuple"),
    (built(to_k=(WEIGHT.astype(np.float64), BIAS)), TypeError, r"to_k\[0\] is float64"),
    (built(to_v=(WEIGHT, BIAS.astype(np.float16))), TypeError, r"to_v\[1\] is float16"),
    (built(to_v=(WEIGHT, WEIGHT)), ValueError, r"to_v\[1\] has shape \(6, 4\): it must be \[outputs\]"),
    (built(to_v=(BIAS, None)), ValueError, r"to_v\[0\] has shape \(6,\): it must be \[outputs, inputs\]"),
    (built(to_v=(WEIGHT, BIAS[:5])), ValueError, r"to_v\[1\] has shape \(5,\): its weight, \(6, 4\), has 6 outputs"),
    (built(to_k=(WEIGHT[:5], None)), ValueError, r"to_k\[0\] has shape \(5, 4\): beside a to_q of \(6, 4\)"),
    (built(project=(WEIGHT, None)), ValueError, r"project\[0\] has shape \(6, 4\).*must have \(4, 6\)"),
    (
        built(to_q=(np.zeros((6, 8), np.float32)[:, :4], None)),
        ValueError,
        r"to_q\[0\] has rows that do not follow one another: pass a copy, numpy.ascontiguousarray\(to_q\[0\]\)",
    ),
    (built(heads=4), ValueError, "heads is 4: it must divide the 6 hidden units"),
    (built(heads=0), ValueError, "heads is 0"),
    (built(window=3), TypeError, "w is missing: window and band"),
    (built(band=True), TypeError, "w is missing: window and band"),
    (built(w=W, max_length=6), ValueError, r"w has shape \(5, 5\): max_length is 6"),
    (built(w=W[:, :4]), ValueError, r"w has shape \(5, 4\): max_length is 5"),
    (built(w=W, window=2, band=True), ValueError, r"a band of window 2 has 2 \* 2 - 1 = 3 columns"),
    (built(w=np.zeros((2, 5, 5), np.float32), heads=3), ValueError, "w has shape.*3 heads"),
    (built(w=np.zeros((2, 1, 5, 5), np.float32)), ValueError, "w has shape"),
    (built(causal=1), TypeError, "causal is a int"),
    (built(max_length=-1), ValueError, "max_length is -1"),
    (called(X.astype(np.float64)), TypeError, "x is float64"),
    (called(X[..., :3]), ValueError, r"x has shape \(2, 5, 3\): it must be \[length, 4\] or \[batch, length, 4\]"),
    (called(X[None]), ValueError, r"x has shape \(1, 2, 5, 4\)"),
    (called(np.zeros((6, 4), np.float32)), ValueError, "x has 6 positions: this layer has 5, its max_length"),
    (called(out=OUT[:, :4]), ValueError, r"out has shape \(2, 4, 4\) and x \(2, 5, 4\)"),
    (called(out=np.broadcast_to(OUT[:1], OUT.shape)), ValueError, "out.*read-only"),
    (
        called(out=np.lib.stride_tricks.as_strided(OUT, OUT.shape, (16, 16, 4))),
        ValueError,
        "out has elements that overlap",
    ),
    (called(lengths=6), ValueError, "lengths has 6: x has 5 rows"),
    (called(lengths=[1]), ValueError, "lengths has shape"),
    (called(lengths=1.0), TypeError, "lengths holds float64"),
    (called(threads=0), ValueError, "threads is 0"),
    (called(threads=257), ValueError, "threads is 257"),
]


@pytest.mark.parametrize(("call", "kind", "says"), MISUSES, ids=[says[:40] for _, _, says in MISUSES])
def test_misuse(call, kind, says):
    OUT[...] = 9
    with pytest.raises(kind, match=says) as caught:
        call()
    assert caught.type is kind
    assert (OUT == 9).all()


def test_the_arguments_that_these_change_are_right():
    assert np.array_equal(called()(), libaft.Layer(**GOOD, w=W)(X))


def test_memory_that_is_no_layer():
    memory = built(w=W)()._memory
    for wrong in (memory[:-16], memory[:8], np.zeros_like(memory)):
        with pytest.raises(ValueError, match="no packed layer, or not the whole of one"):
            libaft.Layer._packed(wrong)


@pytest.mark.parametrize("w", (W, None))
@pytest.mark.parametrize(
    ("field", "value"), (("dim", 10**6), ("dim", 2**63), ("heads", 2**40), ("channels", 10**6), ("bytes", 64))
)
def test_memory_whose_sizes_do_not_account_for_its_bytes(w, field, value):
    memory = built(w=w)()._memory.copy()
    assert libaft.Layer._packed(memory)(X).shape == X.shape
    header = _abi.LayerHeader.from_buffer(memory)
    setattr(header, field, value)
    with pytest.raises(ValueError, match="no packed layer, or not the whole of one"):
        libaft.Layer._packed(memory)


def test_a_bias_that_is_said_to_be_there_or_not():
    for w in (W, None):
        memory = built(w=w)()._memory.copy()
        header = _abi.LayerHeader.from_buffer(memory)
        header.has_bias = not header.has_bias
        with pytest.raises(ValueError, match="no packed layer, or not the whole of one"):
            libaft.Layer._packed(memory)


def test_memory_that_was_written_since():
    layer = built(w=W)()
    layer._memory[...] = 0
    with pytest.raises(ValueError, match="this layer's memory has been written to since it was packed: pack it anew"):
        layer(X)
