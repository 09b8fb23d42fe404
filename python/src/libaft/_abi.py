# SPDX-License-Identifier: MIT
"""The library as ctypes sees it: the structures and functions of aft.h, which is where they are described."""

from __future__ import annotations

import ctypes
import pathlib
import sys
from ctypes import POINTER, Structure, c_bool, c_char_p, c_int, c_size_t, c_uint64, c_void_p

MAX_THREADS = 256  # as in threads.c

OK, NULL, SIZE, OVERLAP, WORKSPACE, STALE, UNSUPPORTED = range(7)  # aft_status
LAYER_MAGIC = 0x31307279614C7461  # of dispatch/layer_memory.c
BIAS_NONE, BIAS_FULL, BIAS_LOCAL, BIAS_BAND, BIAS_PREPARED = range(5)  # aft_bias_kind


class Shape(Structure):
    _fields_ = [
        ("batch", c_size_t),
        ("heads", c_size_t),
        ("q_len", c_size_t),
        ("kv_len", c_size_t),
        ("channels", c_size_t),
        ("q_offset", c_size_t),
        ("causal", c_bool),
        ("kv_lengths", c_void_p),
    ]


class Tensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("batch_stride", c_size_t),
        ("head_stride", c_size_t),
        ("time_stride", c_size_t),
    ]


class Bias(Structure):
    _fields_ = [
        ("kind", c_int),
        ("data", c_void_p),
        ("batch_stride", c_size_t),
        ("head_stride", c_size_t),
        ("row_stride", c_size_t),
        ("first_row", c_size_t),
        ("window", c_size_t),
    ]


class Problem(Structure):
    _fields_ = [("shape", Shape), ("bias", Bias), ("q", Tensor), ("k", Tensor), ("v", Tensor), ("y", Tensor)]


class Linear(Structure):
    _fields_ = [("weight", c_void_p), ("bias", c_void_p)]


class Layer(Structure):
    _fields_ = [
        ("dim", c_size_t),
        ("heads", c_size_t),
        ("channels", c_size_t),
        ("max_length", c_size_t),
        ("causal", c_bool),
        ("bias", Bias),
        ("to_q", Linear),
        ("to_k", Linear),
        ("to_v", Linear),
        ("project", Linear),
    ]


class LayerHeader(Structure):
    """How the memory of a packed layer begins: aft_layer_header of dispatch/layer.h."""

    _fields_ = [
        ("magic", c_uint64),
        ("dim", c_uint64),
        ("heads", c_uint64),
        ("channels", c_uint64),
        ("max_length", c_uint64),
        ("causal", c_uint64),
        ("has_bias", c_uint64),
        ("bytes", c_uint64),
        ("reserved", c_uint64 * 7),
        ("seal", c_uint64),
    ]


class Sequences(Structure):
    _fields_ = [
        ("batch", c_size_t),
        ("length", c_size_t),
        ("lengths", c_void_p),
        ("x", c_void_p),
        ("x_batch_stride", c_size_t),
        ("x_time_stride", c_size_t),
        ("y", c_void_p),
        ("y_batch_stride", c_size_t),
        ("y_time_stride", c_size_t),
    ]


class Parallel(Structure):
    _fields_ = [("run", c_void_p), ("context", c_void_p), ("width", c_size_t)]


FUNCTIONS = {
    "aft_workspace_bytes": (c_int, [POINTER(Problem), POINTER(Parallel), POINTER(c_size_t)]),
    "aft_python_forward": (c_int, [POINTER(Problem), c_void_p, c_size_t, c_size_t]),
    "aft_prepared_bytes": (c_int, [POINTER(Shape), POINTER(Bias), POINTER(c_size_t)]),
    "aft_prepare": (c_int, [POINTER(Shape), POINTER(Bias), c_void_p, c_size_t, POINTER(Bias)]),
    "aft_layer_bytes": (c_int, [POINTER(Layer), POINTER(c_size_t)]),
    "aft_layer_prepare": (c_int, [POINTER(Layer), c_void_p, c_size_t]),
    "aft_layer_workspace_bytes": (c_int, [c_void_p, POINTER(Sequences), POINTER(Parallel), POINTER(c_size_t)]),
    "aft_python_layer_forward": (c_int, [c_void_p, POINTER(Sequences), c_void_p, c_size_t, c_size_t]),
    "aft_status_string": (c_char_p, [c_int]),
    "aft_isa_name": (c_char_p, []),
    "aft_isa_at": (c_char_p, [c_size_t]),
    "aft_use_isa": (c_int, [c_char_p]),
}


def load() -> ctypes.CDLL:
    """The library of this package. ctypes.CDLL lets go of the interpreter's lock while a function runs."""
    folders = sys.modules["libaft"].__path__  # two where the package is installed to be edited
    paths = [path for folder in folders if (path := pathlib.Path(folder, "libaft.so")).is_file()]
    if not paths:
        raise ImportError(f"libaft.so is not in {' or '.join(folders)}: install the package, with pip install ./python")
    library = ctypes.CDLL(str(paths[0]))
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def text(status: int) -> str:
    """What the library says of a status."""
    said: bytes = lib.aft_status_string(status)
    return said.decode()


lib = load()
