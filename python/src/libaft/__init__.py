# SPDX-License-Identifier: MIT
"""Attention Free Transformer layers on CPUs: the aggregations of AFT-simple, AFT-full and AFT-local.

`simple`, `full` and `local` compute in float32 on NumPy arrays, on tensors that export DLPack and on buffers, without a
copy, and give the same bits on every instruction set and with any number of threads. `prepare` packs a bias ahead of
time. `Layer` is a whole layer, linear maps included. `isa`, `isas` and `use_isa` tell and choose the instruction set.
`libaft.torch`, which has to be imported by itself, has modules and operators for PyTorch.
"""

from importlib.metadata import version as _version

from ._full import full, simple
from ._isa import isa, isas, use_isa
from ._layer import Layer
from ._local import local
from ._prepared import Prepared, prepare

__version__ = _version("libaft")
__all__ = ["Layer", "Prepared", "full", "isa", "isas", "local", "prepare", "simple", "use_isa"]
