# SPDX-License-Identifier: MIT
"""libaft, with the bias as given and prepared."""

import ctypes
import pathlib
import subprocess
import sys

import torch

from .case import Problem
from .entrant import GIVEN, PREPARED, Entrant, Skipped

OK, UNSUPPORTED = 0, 6  # aft_status


class LibraryError(Exception):
    pass


def expect_loadable(path: pathlib.Path) -> None:
    """In a process of its own, which a file that was cut off ends."""
    command = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", path]
    if subprocess.run(command, capture_output=True).returncode != 0:
        raise LibraryError(f"{path} cannot be loaded: remove build/peers and run this again")


class Library:
    def __init__(self, path: pathlib.Path, isa: str | None):
        expect_loadable(path)
        self.functions = functions = ctypes.CDLL(str(path))
        functions.aft_isa_name.restype = functions.aft_status_string.restype = ctypes.c_char_p
        functions.aft_peers_open.argtypes = (
            [ctypes.c_size_t] * 4 + [ctypes.c_void_p] * 5 + [ctypes.c_bool, ctypes.c_size_t, ctypes.c_void_p]
        )
        functions.aft_peers_forward.argtypes = functions.aft_peers_close.argtypes = [ctypes.c_void_p]
        if isa and functions.aft_use_isa(isa.encode()) != OK:
            raise LibraryError(f"--isa {isa}: this CPU or build has no such instruction set, or AFT_ISA forbids it")

    @property
    def isa(self) -> str:
        return self.functions.aft_isa_name().decode()

    def entrants(self, problem: Problem, threads: int) -> list[Entrant | Skipped]:
        biases = (GIVEN,) if problem.w is None else (GIVEN, PREPARED)
        return [self.entrant(problem, bias, threads) for bias in biases]

    def entrant(self, problem: Problem, bias: str, threads: int) -> Entrant | Skipped:
        try:
            return Entrant("libaft", "libaft", Session(self, problem, bias == PREPARED, threads).forward, bias)
        except Unsupported:
            return Skipped("libaft", f"libaft, {bias}", "this build has no prepared biases")

    def check(self, status: int, what: str) -> None:
        if status == UNSUPPORTED:
            raise Unsupported
        if status != OK:
            raise LibraryError(f"{what}: {self.functions.aft_status_string(status).decode()}")


class Unsupported(Exception):
    pass


class Session:
    """See session.cpp."""

    handle = None

    def __init__(self, library: Library, problem: Problem, prepared: bool, threads: int):
        case = problem.case
        self.library, self.problem = library, problem
        self.y = torch.full_like(problem.q, torch.nan)  # what is not written shows
        tensors = (problem.q, problem.k, problem.v, problem.w, self.y)
        window = {"simple": 0, "full": case.time, "local": case.window}[case.kernel]
        handle = ctypes.c_void_p()
        status = library.functions.aft_peers_open(
            case.batch,
            case.time,
            case.channels,
            window,
            *(None if tensor is None else tensor.data_ptr() for tensor in tensors),
            prepared,
            threads,
            ctypes.byref(handle),
        )
        library.check(status, f"aft_peers_open({case.name})")
        self.handle = handle

    def forward(self) -> torch.Tensor:
        status = self.library.functions.aft_peers_forward(self.handle)
        self.library.check(status, f"aft_forward({self.problem.case.name})")
        return self.y

    def __del__(self):
        if self.handle:
            self.library.functions.aft_peers_close(self.handle)
