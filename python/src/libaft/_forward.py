# SPDX-License-Identifier: MIT
"""One call of the library: its arguments checked and named, its structures filled."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import numpy as np

from . import _abi
from ._abi import MAX_THREADS, lib
from ._arrays import answer, count, truth
from ._bias import Weights
from ._operands import Operand, inputs, lengths_of, output
from ._prepared import Prepared

if TYPE_CHECKING:
    from ._types import Array, Lengths


class Options(NamedTuple):
    """What `simple`, `full` and `local` have in common."""

    causal: bool
    kv_lengths: Lengths | None
    q_offset: SupportsIndex
    first_row: SupportsIndex | None
    out: Array | None
    threads: SupportsIndex | None


def thread_count(threads: SupportsIndex | None) -> int:
    if threads is None:
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(usable, MAX_THREADS)
    number = count("threads", threads, 1)
    if number > MAX_THREADS:
        raise ValueError(f"threads is {number}: there may be {MAX_THREADS} at most")
    return number


def fill_bias(bias: Weights | Prepared | None, shape: _abi.Shape, options: Options) -> _abi.Bias:
    position = shape.q_offset
    if bias is None:
        return _abi.Bias(kind=_abi.BIAS_NONE)
    if options.first_row is not None:
        first = count("first_row", options.first_row)
    else:
        first = bias.row_of(position) if isinstance(bias, Prepared) else position
    if isinstance(bias, Weights):
        bias.check(shape, first)
    elif reasons := bias.why_stale(shape, first):
        raise ValueError(f"w was prepared for other calls: {reasons}")
    return bias.bias(first)


def overlapping(result: Operand, q: Operand, others: list[tuple[str, Any]]) -> str:
    """What an output lies on that it may not lie on."""
    named = [name for name, array in [("q", q.array), *others] if np.may_share_memory(result.array, array)]
    if named:
        return f"out overlaps {' and '.join(named)}: it may be exactly q, or memory of its own"
    return "out has elements that overlap, or dimensions that interleave: give it memory of its own"


def forward(q: Array, k: Array, v: Array, bias: Weights | Prepared | None, options: Options) -> Any:
    queries, keys, values = inputs(q, k, v)
    result = output(options.out, queries)
    lengths = lengths_of("kv_lengths", options.kv_lengths, keys)
    shape = _abi.Shape(
        queries.batch,
        queries.heads,
        queries.rows,
        keys.rows,
        queries.channels,
        count("q_offset", options.q_offset),
        truth("causal", options.causal),
        None if lengths is None else lengths.ctypes.data,
    )
    problem = _abi.Problem(
        shape,
        fill_bias(bias, shape, options),
        queries.tensor(),
        keys.tensor(),
        values.tensor(),
        result.tensor(),
    )
    threads = thread_count(options.threads)
    needed = ctypes.c_size_t()
    status = lib.aft_workspace_bytes(problem, _abi.Parallel(width=threads), needed)
    if status == _abi.OK:
        workspace = np.empty(needed.value, np.uint8)
        status = lib.aft_python_forward(problem, workspace.ctypes.data, needed, threads)
    if status == _abi.OVERLAP:
        others = [("k", keys.array), ("v", values.array)]
        if isinstance(bias, Weights):
            others.append(("w", bias.array))
        raise ValueError(overlapping(result, queries, others))
    if status != _abi.OK:
        raise ValueError(f"these arguments do not go together: {_abi.text(status)}")
    return answer(q, result.array, options.out)
