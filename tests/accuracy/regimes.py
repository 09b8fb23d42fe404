# SPDX-License-Identifier: MIT
"""The inputs: for each regime, the problems that a kernel is tried on.

A regime is a function of a kernel and a random generator. Sizes are odd
on purpose: vectors of up to 16 lanes, chains of 16 keys and tiles of rows all end in the middle.
"""

import pathlib

import numpy as np

from .problem import Kernel, Problem

DATA = pathlib.Path(__file__).parents[1] / "data"
TERMS = 2_000_000  # of the reference, a problem: about a third of a second
LANES = 16  # of the widest instruction set
WINDOW = 32
INF = np.float32(np.inf)


def sample(size, wanted, rng):
    """`wanted` of `size` indices, the first and the last among them."""
    if wanted >= size:
        return np.arange(size, dtype=np.int32)
    inner = rng.choice(np.arange(1, size - 1), max(wanted - 2, 0), replace=False)
    return np.sort(np.concatenate([[0, size - 1], inner])).astype(np.int32)


def make(
    kernel,
    rng,
    keys,
    channels,
    *,
    k=None,
    v=None,
    q=None,
    w=None,
    rows=None,
    batch=1,
    heads=1,
    window=WINDOW,
    kv_lengths=None,
):
    """A problem; what is not given is normal. Fewer rows than keys are the last ones, or under no mask the middle."""
    rows = rows or keys
    shape = (batch, heads, keys, channels)

    def tensor(values, shape):
        values = rng.standard_normal(shape, dtype=np.float32) if values is None else values
        return np.ascontiguousarray(np.broadcast_to(values, shape), dtype=np.float32)

    problem = Problem(
        kernel,
        tensor(q, (batch, heads, rows, channels)),
        tensor(k, shape),
        tensor(v, shape),
        q_offset=keys - rows if kernel.causal else (keys - rows) // 2,
        kv_lengths=None if kv_lengths is None else np.array(kv_lengths, np.int32),
    )
    if kernel.bias != "simple":
        problem.w = tensor(w, (rows, keys))
    if kernel.bias == "local":
        problem.window = window
    channels_tried = min(channels, max(8, TERMS // (rows * keys * batch * heads)))
    problem.channels = sample(channels, channels_tried, rng)
    problem.rows = sample(rows, max(8, TERMS // (keys * channels_tried * batch * heads)), rng)
    return problem


def uniform(rng, low, high, shape):
    return (low + (high - low) * rng.random(shape)).astype(np.float32)


def logits(kernel, rng, limit, w_limit=None):
    """k uniform within +-limit, and w too unless it has a limit of its own."""
    w_limit = limit if w_limit is None else w_limit
    return [
        make(
            kernel,
            rng,
            keys,
            channels,
            k=uniform(rng, -limit, limit, (keys, channels)),
            w=uniform(rng, -w_limit, w_limit, (keys, keys)),
        )
        for keys, channels in ((201, 37), (601, 21))
    ]


def trained(kernel, rng):
    """Tensors of trained models; a causal one and one that looks both ways."""
    folder = DATA / ("causal" if kernel.causal else "masked")
    q, k, v = (np.load(folder / f"{kernel.bias}_{name}.npy") for name in "qkv")
    w = None if kernel.bias == "simple" else np.load(folder / f"{kernel.bias}_w.npy")
    return [make(kernel, rng, k.shape[-2], k.shape[-1], q=q, k=k, v=v, w=w)]


def normal(kernel, rng):
    return [
        make(kernel, rng, 201, 37, batch=2, heads=2),
        make(kernel, rng, 1021, 35),
        make(kernel, rng, 4093, 19, rows=331),
        make(kernel, rng, 1021, 35, batch=16, heads=4, rows=5),  # more key panels than are made at a time
    ]


def uniform_20(kernel, rng):
    return logits(kernel, rng, 20, w_limit=1)


def few_terms(kernel, rng):
    """Two or three terms carry each output, and the many others each round it once more."""
    return logits(kernel, rng, 20)


def opposed_logits(kernel, rng):
    """Biases fall as the keys rise: terms weigh alike, though a row has its maximum far from where a channel has it."""
    keys, channels = 601, 21
    rise = np.linspace(-60, 60, keys, dtype=np.float32)
    k = rise[:, None] + rng.standard_normal((keys, channels), dtype=np.float32)
    w = rng.standard_normal((keys, keys), dtype=np.float32) - rise
    return [make(kernel, rng, keys, channels, k=k, w=w, window=keys)]


def logits_1e4(kernel, rng):
    return logits(kernel, rng, 1e4)


def logits_1e6(kernel, rng):
    return logits(kernel, rng, 1e6)


def slow_keys(kernel, rng):
    """Keys that rise, or fall, by little over 65536 keys: every maximum of a prefix moves late and often."""
    keys, channels = 65536, 8
    slopes = np.array([90, -90, 30, -30, 5, -5, 1, 0], np.float32)
    k = np.linspace(-0.5, 0.5, keys, dtype=np.float32)[:, None] * slopes
    return [make(kernel, rng, keys, channels, rows=70, k=k)]


def far_key(kernel, rng):
    """One far key at +60 (and at +95) beside window weights of +80; the same shape for the other biases."""
    problems = []
    for height in (60, 95):
        keys, channels = 301, 37
        k = rng.standard_normal((keys, channels), dtype=np.float32)
        k[3] = height
        near = abs(np.subtract.outer(np.arange(keys), np.arange(keys))) < WINDOW
        problems.append(make(kernel, rng, keys, channels, k=k, w=np.where(near, 80, 0)))
    return problems


def equal_keys(kernel, rng):
    """Equal keys, and values of 3e37 and either sign: sums of 11 terms can be above the largest float."""
    problems = []
    for keys in (64, 1000, 4096):
        v = np.where(rng.random((keys, 37)) < 0.7, np.float32(3e37), np.float32(-3e37))
        problems.append(
            make(kernel, rng, keys, 37, rows=min(keys, 130), k=rng.standard_normal((1, 37), dtype=np.float32), v=v)
        )
    return problems


def alike(kernel, rng):
    """Two kinds of keys: within each all terms are the same float, and round the same way."""
    problems = []
    for keys in (64, 512, 4096):
        kind = np.arange(keys) % 512 >= 256 if keys > 512 else np.arange(keys) >= keys // 2
        first, second = (rng.standard_normal((2, 1, 37), dtype=np.float32) for _ in range(2))
        k, v = np.where(kind[:, None], first, second)
        problems.append(
            make(kernel, rng, keys, 37, rows=min(keys, 200), k=k, v=v, w=uniform(rng, -3, 3, (min(keys, 200), 1)))
        )
    return problems


def monotone(kernel, rng, sign):
    """Keys from -60 to 60, or by a slower slope for each further channel, and a little noise."""
    problems = []
    for keys in (201, 601):
        slopes = np.geomspace(120, 0.5, 37, dtype=np.float32)
        k = sign * np.linspace(-0.5, 0.5, keys, dtype=np.float32)[:, None] * slopes
        k += rng.standard_normal((keys, 37), dtype=np.float32) * np.float32(0.01)
        problems.append(make(kernel, rng, keys, 37, k=k))
    return problems


def rising_keys(kernel, rng):
    return monotone(kernel, rng, 1)


def falling_keys(kernel, rng):
    return monotone(kernel, rng, -1)


def window_edges(kernel, rng):
    """Windows at and beside every boundary of the algorithm; the keys at the window's two ends weigh most."""
    keys, problems = 131, []
    distance = abs(np.subtract.outer(np.arange(keys), np.arange(keys)))
    for window in (0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, keys - 1, keys, keys + 5):
        w = rng.standard_normal((keys, keys), dtype=np.float32)
        w += np.where(distance == window - 1, 3, 0) + np.where(distance == window, 50, 0)  # the latter must not count
        problems.append(make(kernel, rng, keys, 21, window=window, w=w))
    return problems


def dominant_key(kernel, rng):
    """In each channel one key, anywhere, that outweighs all others together."""
    keys, channels = 301, 37
    k = rng.standard_normal((keys, channels), dtype=np.float32)
    k[rng.integers(0, keys, channels), np.arange(channels)] = np.linspace(12, 80, channels)
    k[-1, 0] = 12
    return [make(kernel, rng, keys, channels, k=k)]


def masked(kernel, rng):
    """Keys hidden by -inf and by lengths, and rows that see nothing."""
    keys, channels, batch = 133, 21, 4
    k = rng.standard_normal((batch, 1, keys, channels), dtype=np.float32)
    k[rng.random(k.shape) < 0.3] = -INF
    k[1, :, :, 3] = -INF
    w = rng.standard_normal((keys, keys), dtype=np.float32)
    w[rng.random(w.shape) < 0.3] = -INF
    w[::7] = -INF
    return [make(kernel, rng, keys, channels, batch=batch, k=k, w=w, kv_lengths=[keys, 70, 1, 0])]


def subnormal(kernel, rng):
    """Subnormal values, keys, biases and results."""
    keys, channels = 151, 37
    shape = (keys, channels)
    tiny = uniform(rng, -1, 1, shape) * np.float32(2**-126)
    small = uniform(rng, -1, 1, shape) * np.float32(2**-118)
    return [
        make(kernel, rng, keys, channels, v=tiny),
        make(kernel, rng, keys, channels, v=small, q=uniform(rng, -9, 0, shape)),
        make(kernel, rng, keys, channels, q=uniform(rng, -100, -60, shape)),
        make(kernel, rng, keys, channels, k=tiny, w=np.float32(2**-140) * rng.integers(-500, 500, (keys, keys))),
    ]


def huge_values(kernel, rng):
    """Values up to the largest float, all of that size or of every size, where the sum must not overflow."""
    keys, channels = 201, 37
    shape = (keys, channels)
    every_size = np.ldexp(uniform(rng, -1, 1, shape), rng.integers(-120, 128, shape)).astype(np.float32)
    return [
        make(kernel, rng, keys, channels, v=uniform(rng, -3.4e38, 3.4e38, shape)),
        make(kernel, rng, keys, channels, v=every_size, k=uniform(rng, -30, 30, shape)),
    ]


def sizes(kernel, rng):
    """T = 1 to 4 lanes + 1, each with another number of channels of the same range."""
    last = 4 * LANES + 1
    return [make(kernel, rng, keys, keys * 7 % last + 1, window=keys * 5 % WINDOW + 1) for keys in range(1, last + 1)]


def long(kernel, rng):
    return [make(kernel, rng, 16384, 17, rows=130)]


REGIMES = {
    "trained": trained,
    "normal": normal,
    "sizes": sizes,
    "T=16384": long,
    "uniform ±20": uniform_20,
    "few terms": few_terms,
    "opposed logits": opposed_logits,
    "logits ±1e4": logits_1e4,
    "logits ±1e6": logits_1e6,
    "slow keys T=65536": slow_keys,
    "far key": far_key,
    "equal keys, v=3e37": equal_keys,
    "alike terms": alike,
    "rising keys": rising_keys,
    "falling keys": falling_keys,
    "window edges": window_edges,
    "dominant key": dominant_key,
    "masked": masked,
    "subnormal": subnormal,
    "huge v": huge_values,
}


# Few, of every kind: for a quick run, and for what an emulator is slow at.
FEW = ("trained", "uniform ±20", "alike terms", "window edges", "masked", "subnormal")


def applies(kernel: Kernel, regime: str) -> bool:
    biases = {"window edges": ("local",), "opposed logits": ("full", "local")}
    return regime not in biases or kernel.bias in biases[regime]


def problems(kernel: Kernel, regime: str, seed: int) -> list[Problem]:
    rng = np.random.Generator(np.random.PCG64([seed, *f"{kernel} {regime}".encode()]))
    return REGIMES[regime](kernel, rng)
