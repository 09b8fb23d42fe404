# SPDX-License-Identifier: MIT
"""Pieces of work that run programs, several at once."""

import concurrent.futures
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

from . import watcher


@contextlib.contextmanager
def pool(workers: int) -> Iterator[Callable[..., concurrent.futures.Future]]:
    """Gives a function that begins a piece of work, as `submit` of an executor. Where something fails, or a signal ends
    the script, no other begins, and the programs that run are ended: also one that begins meanwhile."""
    pieces, name = [], f"AFT_WORK_OF_{os.getpid()}"
    mark = watcher.mark(name)
    # Python heeds a signal that comes just as the main thread begins to wait only when another comes.
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as threads:
        try:
            yield lambda *work: pieces.append(threads.submit(*work)) or pieces[-1]
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            while not all(piece.done() for piece in pieces):
                watcher.end_all_with(mark)
                time.sleep(0.01)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            del os.environ[name]
