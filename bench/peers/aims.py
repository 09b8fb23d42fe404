# SPDX-License-Identifier: MIT
"""How far ahead of the fastest of a family libaft means to be."""

from . import pytorch, sgemm
from .case import Case
from .entrant import GIVEN, PREPARED

# (bias of libaft, family, bias of its members). A product is most of what AFT-full has left to do with a prepared bias.
CONTESTS = (
    (GIVEN, pytorch.FAMILY, GIVEN),
    (PREPARED, pytorch.FAMILY, GIVEN),
    (PREPARED, pytorch.FAMILY, PREPARED),
    (PREPARED, sgemm.FAMILY, PREPARED),
)


def aim(case: Case, family: str, bias: str) -> float:
    if family == sgemm.FAMILY:
        return 0.95 if case.channels < 256 else 1.0
    if bias == PREPARED:
        return 1.0
    if case.kernel == "simple":
        return 3.0
    if case == Case("local", 4096, 256, window=32):
        return 20.0
    if case == Case("full", 4096, 512):
        return 1.3
    if case.kernel == "full" and case.channels == 64:
        return 2.0
    return 1.0
