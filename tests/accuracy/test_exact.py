# SPDX-License-Identifier: MIT
"""The MPFR reference (exact.c) agrees with mpmath, which takes exp(k + w) and the quotient as aft.h writes them.

AFT_SEED draws other problems.
"""

import os

import mpmath
import numpy as np
import pytest

from accuracy import targets
from accuracy.problem import KERNELS, Problem
from accuracy.programs import Reference

SEED = int(os.environ.get("AFT_SEED", "20210528"), 0)
PROBLEMS = 100
PRECISION = 400  # bits; a sum of opposite signs may lose some
LOGIT_LIMIT = 2.0**20
DROPPED_EVERY = 100
LEAST_DOUBLE = 2.0**-1074
INF = float("inf")


def draw_floats(rng, shape, sizes):
    return (rng.uniform(-1, 1, shape) * rng.choice(sizes)).astype(np.float32)


def draw_logits(rng, shape):
    values = draw_floats(rng, shape, [1, 20, 1e4, 1e6, 3e38])
    values[rng.random(shape) < rng.choice([0, 0.1, 0.5, 0.95])] = -INF
    return values


def draw(number):
    """The problem of that number: small, but of any kind; one in seven has keys enough to drop several."""
    rng = np.random.default_rng([SEED, number])
    kernel = KERNELS[number % len(KERNELS)]
    batch, heads, channels = (int(n) for n in rng.integers(1, [3, 3, 5]))
    rows, keys = (2, 2 * DROPPED_EVERY + 50) if number % 7 == 0 else (int(n) for n in rng.integers(1, 13, 2))
    shape = (batch, heads, keys, channels)
    problem = Problem(
        kernel,
        q=draw_floats(rng, (batch, heads, rows, channels), [1, 30, 700, 1e5]),
        k=draw_logits(rng, shape),
        v=draw_floats(rng, shape, [2.0**-140, 2.0**-120, 1, 3.4e38]),
        q_offset=int(rng.integers(0, keys + 3)),
    )
    if kernel.bias != "simple":
        problem.w = draw_logits(rng, (rows, keys))
    if kernel.bias == "local":
        problem.window = int(rng.integers(0, rng.choice([3, keys + 3])))
    if rng.random() < 0.5:
        problem.kv_lengths = rng.integers(0, keys + 1, batch, dtype=np.int32)
    problem.rows = np.sort(rng.choice(rows, rng.integers(1, rows + 1), replace=False)).astype(np.int32)
    problem.channels = np.sort(rng.choice(channels, rng.integers(1, channels + 1), replace=False)).astype(np.int32)
    return problem


def logit(value):
    """Infinite ones stay; larger finite ones count as the limit."""
    return value if abs(value) == INF else min(max(value, -LOGIT_LIMIT), LOGIT_LIMIT)


def keys_in_reach(problem, batch, row):
    """By mask and length: (key, its bias)."""
    position = problem.q_offset + row
    for key in range(problem.kv_len):
        if problem.kv_lengths is not None and key >= problem.kv_lengths[batch]:
            continue
        if problem.kernel.causal and key > position:
            continue
        full, near = problem.kernel.bias == "full", abs(position - key) < problem.window
        yield key, float(problem.w[row, key]) if full or near else 0.0


def solve(problem, batch, head, row, channel):
    """The fields of exact.c's exact_element, in mpmath; y whole."""
    k, v = problem.k[batch, head, :, channel].tolist(), problem.v[batch, head, :, channel].tolist()
    reach = list(keys_in_reach(problem, batch, row))
    visible = [
        (key, mpmath.exp(mpmath.mpf(logit(k[key])) + mpmath.mpf(logit(w))))
        for key, w in reach
        if k[key] != -INF and w != -INF
    ]
    gate = 1 / (1 + mpmath.exp(-mpmath.mpf(float(problem.q[batch, head, row, channel]))))

    def quotient(terms, value):
        weight = mpmath.fsum(p for _, p in terms)
        return gate * mpmath.fsum(p * value(v[key]) for key, p in terms) / weight if terms else mpmath.mpf(0)

    counted = [v[key] for key, _ in visible or reach]  # a kernel that knows no masks sees what is in reach
    kept = [(key, p) for key, p in visible if (len(reach) - 1 - key) % DROPPED_EVERY]
    return {
        "y": quotient(visible, mpmath.mpf),
        "scale": quotient(visible, abs),
        "visible": len(visible),
        "mean_of_v": gate * mpmath.fsum(counted) / len(counted) if counted else mpmath.mpf(0),
        "dropped_keys": quotient(kept, mpmath.mpf),
        "largest": gate * max(map(abs, v)),
    }


@pytest.fixture(scope="module")
def reference():
    program = Reference([targets.program(targets.NATIVE, "aft_accuracy_exact")])
    yield program
    program.close()


def assert_near(found, exact, distance):
    assert abs(found - exact) <= distance + LEAST_DOUBLE


@pytest.mark.parametrize("number", range(PROBLEMS))
def test_agrees_with_mpmath(reference, tmp_path, number):
    problem = draw(number)
    print(f"AFT_SEED={SEED} draws {problem.kernel} {problem}")
    folder = tmp_path / "problem"
    problem.write(folder)
    found = reference.solve(problem, folder)
    with mpmath.workprec(PRECISION):
        for at in np.ndindex(found["y"].shape):
            batch, head, i, j = at
            exact = solve(problem, batch, head, int(problem.rows[i]), int(problem.channels[j]))
            y = mpmath.mpf(found["y"][at].item()) + mpmath.mpf(found["y_rest"][at].item())
            assert_near(y, exact["y"], exact["scale"] * 2.0**-100)
            assert found["visible"][at] == exact["visible"]
            for name in ("scale", "dropped_keys"):
                assert_near(found[name][at].item(), exact[name], abs(exact[name]) * 2.0**-52)
            assert_near(found["mean_of_v"][at].item(), exact["mean_of_v"], exact["largest"] * 2.0**-45)  # doubles added


def test_problems_are_of_every_kind():
    problems = [draw(number) for number in range(PROBLEMS)]
    finite_k = [np.abs(p.k[np.isfinite(p.k)]) for p in problems]
    assert {p.kernel for p in problems} == set(KERNELS)
    assert any((k > LOGIT_LIMIT).any() for k in finite_k) and any((k < 5).all() for k in finite_k)
    assert any(p.w is not None and np.isneginf(p.w).any() for p in problems)
    assert any(np.isneginf(p.k).all(axis=2).any() for p in problems)  # no key at all
    assert any(p.kv_lengths is not None and 0 in p.kv_lengths for p in problems)
    assert {0, 1} <= {p.window for p in problems if p.kernel.bias == "local"}
    assert any(p.q_offset for p in problems) and any(p.kv_len > 2 * DROPPED_EVERY for p in problems)
    tiny = np.finfo(np.float32).tiny
    assert any((np.abs(p.v) < tiny).all() for p in problems) and any((np.abs(p.v) > 1e38).any() for p in problems)


def by_hand(kernel, q, k, v, **more):
    """One batch, head and channel; all rows."""

    def column(values):
        return np.array(values, np.float32).reshape(1, 1, -1, 1)

    problem = Problem(kernel, column(q), column(k), column(v), **more)
    problem.rows, problem.channels = np.arange(len(q), dtype=np.int32), np.zeros(1, np.int32)
    return problem


SIMPLE, SIMPLE_CAUSAL, FULL, FULL_CAUSAL, LOCAL, LOCAL_CAUSAL = KERNELS
HIDDEN = np.full((1, 3), -INF, np.float32)
SIGMOID_OF_1 = 0.7310585786300048792511592418218362743651446401650565192763659079  # of every textbook


@pytest.mark.parametrize(
    ("problem", "fields"),
    [  # sigmoid(0) = 1/2
        (
            by_hand(SIMPLE, [0], [5, 5], [1, 3]),
            {"y": [1], "scale": [1], "visible": [2], "mean_of_v": [1], "dropped_keys": [0.5]},
        ),
        (by_hand(SIMPLE, [0], [5, 5], [-1, 3]), {"y": [0.5], "scale": [1]}),
        (by_hand(SIMPLE, [0], [1, 0], [1, 0]), {"y": [SIGMOID_OF_1 / 2]}),
        (by_hand(SIMPLE, [1], [-INF, 0], [7, 1]), {"y": [SIGMOID_OF_1], "visible": [1], "dropped_keys": [0]}),
        (by_hand(SIMPLE, [0], [-INF, -INF], [7, 1]), {"y": [0], "scale": [0], "visible": [0], "mean_of_v": [2]}),
        (by_hand(SIMPLE, [0], [3e6, 2e6], [2, 4]), {"y": [1.5]}),  # both count as 2^20
        (by_hand(SIMPLE, [0], [0, 0], [2, 4], kv_lengths=np.int32([1])), {"y": [1], "mean_of_v": [1]}),
        (by_hand(SIMPLE_CAUSAL, [0, 0], [5, 5], [2, 4]), {"y": [1, 1.5], "visible": [1, 2]}),
        (by_hand(FULL, [0], [1, 0], [1, 0], w=np.float32([[-1, 1]])), {"y": [(1 - SIGMOID_OF_1) / 2]}),
        (by_hand(FULL_CAUSAL, [0], [0, 0, 0], [2, 4, 8], w=np.zeros((1, 3), np.float32), q_offset=1), {"y": [1.5]}),
        (by_hand(LOCAL, [0], [0, 0, 0], [2, 4, 60], w=HIDDEN, q_offset=2, window=1), {"y": [1.5], "visible": [2]}),
        (by_hand(LOCAL_CAUSAL, [0], [0, 0, 0], [2, 4, 60], w=HIDDEN, q_offset=1, window=2), {"y": [0], "visible": [0]}),
    ],
)
def test_solved_by_hand(reference, tmp_path, problem, fields):
    folder = tmp_path / "problem"
    problem.write(folder)
    found = reference.solve(problem, folder)
    assert {name: found[name].ravel().tolist() for name in fields} == {
        name: pytest.approx(values, rel=2.0**-52, abs=0) for name, values in fields.items()
    }
