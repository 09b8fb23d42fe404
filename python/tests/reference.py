# SPDX-License-Identifier: MIT
"""The formula in float64, with the error that aft.h allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

U = 2.0**-24


class Exact(NamedTuple):
    y: np.ndarray
    bound: np.ndarray


def exact(q, k, v, bias=None, causal=False, lengths=None, q_offset=0) -> Exact:
    """q, k, v: [batch, heads, rows, channels]; bias: what is added for each row and key, [..., rows, keys]."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    rows, keys = q.shape[-2], k.shape[-2]
    bias = np.zeros((rows, keys)) if bias is None else np.asarray(bias, np.float64)
    seen = np.ones((q.shape[0], 1, rows, keys), bool)
    if causal:
        seen &= np.arange(keys) <= q_offset + np.arange(rows)[:, None]
    if lengths is not None:
        seen &= np.arange(keys) < np.asarray(lengths)[:, None, None, None]
    logits = np.where(seen[..., None], k[..., None, :, :] + bias[..., None], -np.inf)
    top = logits.max(axis=-2, keepdims=True, initial=-np.inf)
    p = np.exp(logits - np.where(np.isfinite(top), top, 0))
    total = p.sum(axis=-2, keepdims=True)
    p = np.divide(p, total, out=np.zeros_like(p), where=total > 0)
    gate = 1 / (1 + np.exp(-q))
    sums = [(p * x[..., None, :, :]).sum(axis=-2) for x in (v, np.abs(v))]
    return Exact(gate * sums[0], 24 * U * gate * sums[1] + keys * 2.0**-136)


# Factors of u in the bounds of a linear map and of the aggregation. For any input aft.h states 140 + inputs / 128 and
# 24; these are for random ones, with up to 64 inputs, whose errors reach a third of what they add up to.
LINEAR, AGGREGATION = 2, 8


def exact_linear(weight, bias, x, error=0.0) -> Exact:
    """bias + weight x in float64, and a bound of the error where x is random and off by up to `error`."""
    weight = np.asarray(weight, np.float64)
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, np.float64)
    magnitude = np.abs(bias) + (np.abs(x) + error) @ np.abs(weight).T
    return Exact(x @ weight.T + bias, LINEAR * U * magnitude + np.broadcast_to(error, x.shape) @ np.abs(weight).T)


def exact_layer(x, maps, bias=None, causal=False, lengths=None, heads=1) -> Exact:
    """A layer in float64, and what the errors of its parts add up to.

    x is [batch, rows, dim], maps are (weight, bias) of to_q, to_k, to_v and project. k that is off by d changes p by a
    factor of at most exp(2 * max d), and q off by d changes the sigmoid by one of at most exp(d).
    """
    batch, rows, _ = x.shape
    x = np.asarray(x, np.float64)

    def split(a):
        return a.reshape(batch, rows, heads, -1).transpose(0, 2, 1, 3)

    q, k, v = (Exact(*map(split, exact_linear(*linear, x))) for linear in maps[:3])
    y, weighted, v_error = (exact(q.y, k.y, a, bias, causal, lengths) for a in (v.y, np.abs(v.y), v.bound))
    growth = np.exp(q.bound + 2 * k.bound.max(axis=-2, keepdims=True))
    error = (growth - 1) * weighted.y + growth * v_error.y  # of exact arithmetic on q, k and v as they are
    error += AGGREGATION * U * growth * (weighted.y + v_error.y) + rows * 2.0**-136
    joined = [a.transpose(0, 2, 1, 3).reshape(batch, rows, -1) for a in (y.y, error)]
    return exact_linear(*maps[3], *joined)


def windowed(w, window, q_offset=0):
    """A dense w, 0 outside of its window."""
    rows, keys = w.shape[-2:]
    near = np.abs(q_offset + np.arange(rows)[:, None] - np.arange(keys)) < window
    return np.where(near, w, 0).astype(np.float32)


def band_of(w, window, q_offset=0):
    """The band that holds what a window leaves of w, with NaN where there is no key."""
    rows, keys = w.shape[-2:]
    band = np.full((*w.shape[:-1], 2 * window - 1), np.nan, np.float32)
    for t in range(rows):
        for i in range(2 * window - 1):
            j = q_offset + t - (window - 1) + i
            if 0 <= j < keys:
                band[..., t, i] = w[..., t, j]
    return band


def check(y, wanted: Exact) -> None:
    wanted_y = wanted.y.reshape(y.shape)
    assert y.dtype == np.float32
    worst = np.max(np.abs(y - wanted_y) - wanted.bound.reshape(y.shape), initial=-1)
    assert worst <= 0, f"an error is {worst} above its bound"
