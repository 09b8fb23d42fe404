# SPDX-License-Identifier: MIT
"""Threads of the interpreter beside the library, and the library's own."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import threading

import libaft
import numpy as np
import pytest

COUNTER = pathlib.Path(__file__).with_name("count_threads.c")
COUNT = """
import ctypes, sys, libaft, numpy as np
counter = ctypes.CDLL(None)
started, allowed = (ctypes.c_int.in_dll(counter, f"threads_{name}") for name in ("started", "allowed"))
q, k, v, w = np.random.default_rng(0).standard_normal((4, 400, 400), np.float32)
wanted = libaft.full(q, k, v, w)
before = started.value
allowed.value = before + int(sys.argv[2])
assert np.array_equal(libaft.full(q, k, v, w, threads=int(sys.argv[1])), wanted)
print(started.value - before)
"""


@pytest.fixture
def cooperative():
    """A thread keeps the interpreter until it lets go of it by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(10_000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("threads", (1, 2))
def test_other_python_threads_run_meanwhile(random, cooperative, threads):
    q, k, v, w = (random(200, 200) for _ in range(4))
    out, most = np.empty_like(q), 20_000
    running, told = threading.Event(), threading.Event()

    def compute():
        running.set()
        for calls in range(most):
            libaft.full(q, k, v, w, out=out, threads=threads)
            if told.is_set():
                return calls
        return most

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ended = pool.submit(compute)
        running.wait()
        told.set()  # which this thread reaches only where the library lets go of the interpreter
        assert ended.result() < most


def test_calls_at_once(random):
    arrays = [[random(70, 16) for _ in range(3)] for _ in range(8)]
    prepared = libaft.prepare(random(70, 70))
    wanted = [libaft.full(*x, prepared) for x in arrays]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            results = pool.map(lambda x: libaft.full(*x, prepared, threads=3), arrays)
            assert all(np.array_equal(a, b) for a, b in zip(results, wanted, strict=True))


def test_after_a_fork(random):
    """A child that was forked after a call with threads can make one, too."""
    q, k, v, w = random(300, 64), random(300, 64), random(300, 64), random(300, 300)
    wanted = libaft.full(q, k, v, w, threads=3)
    child = os.fork()
    if child == 0:
        same = False
        try:
            same = np.array_equal(libaft.full(q, k, v, w, threads=3), wanted)
        finally:
            os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("threads", "allowed", "started"),
    ((1, 100, 0), (4, 100, 3), (4, 1, 1), (4, 0, 0)),
    ids=("one", "four", "four, of which the system refuses two", "four, of which it refuses all"),
)
def test_threads_that_are_started(tmp_path, threads, allowed, started):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    counter = tmp_path / "count_threads.so"
    subprocess.run([compiler, "-shared", "-fPIC", COUNTER, "-o", counter, "-ldl"], check=True)
    command = [sys.executable, "-c", COUNT, str(threads), str(allowed)]
    environment = os.environ | {"LD_PRELOAD": str(counter)}
    said = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
    assert int(said) == started
