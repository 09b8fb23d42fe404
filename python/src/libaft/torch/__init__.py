# SPDX-License-Identifier: MIT
"""AFT layers for PyTorch, on the CPU and without gradients.

`AFTFull`, `AFTSimple` and `AFTLocal` are modules with the arguments and parameters of aft-pytorch's, and `replace` puts
them in the place of aft-pytorch's in a model. They call an operator of `torch.ops.libaft`, where importing this puts
`simple`, `full` and `local`, with the arguments of libaft's functions but `out` and `threads`, and `layer` and
`packed_layer`, for whole layers. Lengths are tensors there.

What `libaft.full` says of errors and bits holds for all of them; so finite k and w beyond +-2**20 count as +-2**20.
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("libaft.torch needs PyTorch: pip install libaft[torch]", name=error.name) from error

from . import _operators as _operators  # makes torch.ops.libaft
from ._modules import AFTFull, AFTLocal, AFTSimple
from ._replace import replace

__all__ = ["AFTFull", "AFTLocal", "AFTSimple", "replace"]
