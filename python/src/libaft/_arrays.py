# SPDX-License-Identifier: MIT
"""The caller's memory as NumPy sees it, never a copy, and what the library needs of it."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from ._pytorch import exportable, is_tensor, note_written, refuse_tracing
from ._types import Floats

if TYPE_CHECKING:
    from ._types import Array

ITEM = np.dtype(np.float32).itemsize
# DLPack's numbers of devices whose memory a CPU reads: its own, pinned for CUDA or ROCm, managed by CUDA.
HOST_DEVICES = (1, 3, 11, 13)


def kind_of(source: object) -> str:
    return f"{type(source).__module__}.{type(source).__qualname__}".removeprefix("builtins.")


def _unexported(name: str, source: object, error: Exception) -> TypeError:
    return TypeError(f"{name}, a {kind_of(source)}, does not export its memory by DLPack: {error}")


def _from_dlpack(name: str, source: Any) -> np.ndarray[Any, Any]:
    if is_tensor(source):
        refuse_tracing(name)
    try:
        device = int(source.__dlpack_device__()[0])
    except Exception as error:  # each library has its own for "not that tensor"
        raise _unexported(name, source, error) from error
    if device not in HOST_DEVICES:
        raise TypeError(
            f"{name}, a {kind_of(source)}, is on a device of DLPack's type {device}, and libaft computes on the CPU: "
            f"copy {name} to the CPU first"
        )
    exported = exportable(name, source) if is_tensor(source) else source
    try:
        try:
            return np.from_dlpack(exported, copy=False)
        except TypeError:  # from before DLPack 1.0, which knew no copies
            return np.from_dlpack(exported)
    except Exception as error:
        raise _unexported(name, source, error) from error


def _as_numpy(name: str, source: object) -> np.ndarray[Any, Any]:
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, and libaft has no masks: pass {name}.filled(...)")
    if isinstance(source, np.ndarray):
        return source
    if hasattr(source, "__dlpack__") and hasattr(source, "__dlpack_device__"):
        return _from_dlpack(name, source)
    try:
        memory = memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"{name} is a {kind_of(source)}: pass a NumPy array, or an object with DLPack or the buffer protocol"
        ) from None
    try:
        return np.asarray(memory)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(f"{name}, a {kind_of(source)}, has a buffer that NumPy does not read: {error}") from error


def view(name: str, source: Array, dimensions: str, numbers: tuple[int, ...] = (2, 3, 4)) -> Floats:
    """The memory of an argument, refused unless it is float32 and the last of its dimensions is contiguous.

    dimensions says what they are, numbers how many there may be.
    """
    array = _as_numpy(name, source)
    if array.dtype != np.float32:
        raise TypeError(
            f"{name} is {array.dtype}, and libaft computes in float32 of this machine's byte order: "
            f"pass it as that, for example {name}.astype(numpy.float32)"
        )
    if array.ndim not in numbers:
        raise ValueError(f"{name} has shape {array.shape}: it must be {dimensions}")
    if array.size == 0:  # its strides mean nothing
        return array
    strides = array.strides
    if array.shape[-1] > 1 and strides[-1] != ITEM:
        raise ValueError(
            f"{name} has a last dimension that is not contiguous (stride {strides[-1]} bytes, not {ITEM}): "
            f"pass a copy, numpy.ascontiguousarray({name})"
        )
    used = [stride for size, stride in zip(array.shape, strides, strict=True) if size > 1]
    if min(used, default=0) < 0:
        raise ValueError(
            f"{name} has negative strides {strides}, which libaft does not follow: "
            f"pass a copy, numpy.ascontiguousarray({name})"
        )
    if not array.flags.aligned or any(stride % ITEM for stride in used):
        raise ValueError(
            f"{name} has floats that are not aligned to {ITEM} bytes (strides {strides}): "
            f"pass a copy, numpy.array({name})"
        )
    return array


def strides_of(array: Floats) -> list[int]:
    """In elements; 0 where there is nothing to step to."""
    if array.size == 0:
        return [0] * array.ndim
    return [stride // ITEM if size > 1 else 0 for size, stride in zip(array.shape, array.strides, strict=True)]


def empty_like(array: Floats) -> Floats:
    """New memory in the layout of an array: its leading dimensions lie in the same order, without gaps."""
    if array.flags.c_contiguous:
        return np.empty(array.shape, np.float32)
    *sizes, channels = array.shape
    strides = strides_of(array)
    outermost_first = sorted(range(len(sizes)), key=lambda i: (strides[i] > 0, -strides[i]))
    memory = np.empty([*(sizes[i] for i in outermost_first), channels], np.float32)
    return memory.transpose(*np.argsort(outermost_first), len(sizes))


def in_the_kind_of(source: object, result: Floats) -> Any:
    """The result as the library of `source` has its tensors, if that takes DLPack; the NumPy array otherwise."""
    if isinstance(source, np.ndarray) or not hasattr(source, "__dlpack__"):
        return result
    if hasattr(source, "__array_namespace__"):
        libraries = [source.__array_namespace__()]
    else:  # a subclass has its base's
        libraries = [sys.modules.get(each.__module__.partition(".")[0]) for each in type(source).__mro__]
    takers = (library.from_dlpack for library in libraries if hasattr(library, "from_dlpack"))
    take = next(takers, None)
    return take(result) if take else result


def answer(source: object, result: Floats, out: object) -> Any:
    """What a call returns once the result is written: out, where the caller gave one."""
    if out is None:
        return in_the_kind_of(source, result)
    if is_tensor(out):
        note_written(out)
    return out


def count(name: str, value: SupportsIndex, least: int = 0) -> int:
    """An argument that counts something."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is a {kind_of(value)}: it must be an integer") from None
    if number < least:
        raise ValueError(f"{name} is {number}: it must be at least {least}")
    if number > sys.maxsize:
        raise ValueError(f"{name} is {number}: it must be at most {sys.maxsize}")
    return number


def truth(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is a {kind_of(value)}: it must be True or False")
    return bool(value)
