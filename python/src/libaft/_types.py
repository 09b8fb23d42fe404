# SPDX-License-Identifier: MIT
"""What may be passed as a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray


class SupportsDLPack(Protocol):
    """A tensor of any library that exports DLPack: NumPy's, PyTorch's, JAX's."""

    def __dlpack__(self, *args: Any, **options: Any) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


if TYPE_CHECKING:
    from typing_extensions import Buffer

    Array: TypeAlias = SupportsDLPack | Buffer
    Lengths: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
    Linear: TypeAlias = tuple[Array, Array | None]

Floats: TypeAlias = NDArray[np.float32]
Tensor = TypeVar("Tensor", bound=SupportsDLPack)
