# SPDX-License-Identifier: MIT
"""AFT-full, causal, by libaft and by the formula in NumPy: time, and error against float64."""

import timeit

import libaft
import numpy as np

T, D = 1024, 512
rng = np.random.default_rng(0)
q, k, v = rng.standard_normal((3, T, D), np.float32)
w = rng.standard_normal((T, T), np.float32)


def formula(q, k, v, w):
    key, weight = np.exp(k), np.tril(np.exp(w))
    return (weight @ (key * v)) / (weight @ key) / (1 + np.exp(-q))


def error(y, k):
    """The largest one, in units of 2^-24."""
    shifted = k.astype(float) - k.max()  # which changes nothing but that float64 is wide enough
    return np.abs(y - formula(q.astype(float), shifted, v.astype(float), w.astype(float))).max() * 2**24


def milliseconds(call):
    return min(timeit.repeat(call, number=1, repeat=20)) * 1000


def aft(q, k, v, w):
    return libaft.full(q, k, v, w, causal=True)


prepared = libaft.prepare(w, causal=True)
np.seterr(over="ignore", invalid="ignore")
print(f"AFT-full, causal, T={T} d={D}, {libaft.isa()}          time   error   error with keys around 100")
for name, function, bias in (("NumPy", formula, w), ("libaft", aft, w), ("libaft, prepared", aft, prepared)):
    ms = milliseconds(lambda: function(q, k, v, bias))
    errors = [error(function(q, x, v, bias), x) for x in (k, k + 100)]
    print(f"{name:36} {ms:9.1f} ms {errors[0]:7.1f} {errors[1]:7.1f}")
assert np.array_equal(aft(q, k, v, prepared), aft(q, k, v, w))
