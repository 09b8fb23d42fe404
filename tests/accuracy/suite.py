# SPDX-License-Identifier: MIT
"""All cases, on all cores."""

import contextlib
import pathlib
import queue
import tempfile
from collections.abc import Callable, Iterator

from common import workers

from . import regimes
from .case import Target, Tools, evaluate
from .problem import KERNELS, Kernel


def choose(wanted: Callable[[str], bool]) -> list[tuple[Kernel, str]]:
    """The cases whose regime is wanted, and has a meaning for the kernel."""
    return [
        (kernel, regime)
        for regime in regimes.REGIMES
        if wanted(regime)
        for kernel in KERNELS
        if regimes.applies(kernel, regime)
    ]


@contextlib.contextmanager
def pool_of_tools(exact: list[str] | None, targets: list[Target], workers: int) -> Iterator[queue.SimpleQueue]:
    with tempfile.TemporaryDirectory(prefix="aft-accuracy-") as folder:
        free, all_tools = queue.SimpleQueue(), []
        for number in range(workers):
            own = pathlib.Path(folder) / str(number)
            own.mkdir()
            all_tools.append(Tools(exact, targets, own))
            free.put(all_tools[-1])
        try:
            yield free
        finally:
            for tools in all_tools:
                tools.close()


def run(
    chosen: list[tuple[Kernel, str]],
    seed: int,
    exact: list[str] | None,
    targets: list[Target],
    at_once: int,
    done_one: Callable[[], None] = lambda: None,
) -> list[dict]:
    """The results, in the order of `chosen`; without `exact` of the bits alone."""
    with pool_of_tools(exact, targets, at_once) as free, workers.pool(at_once) as begin:

        def work(kernel, regime):
            tools = free.get()
            try:
                return evaluate(kernel, regime, seed, tools)
            finally:
                free.put(tools)
                done_one()

        return [case.result() for case in [begin(work, *one) for one in chosen]]
