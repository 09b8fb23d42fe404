# SPDX-License-Identifier: MIT
"""Random tensors, and every instruction set that this CPU runs."""

import libaft
import numpy as np
import pytest


@pytest.fixture
def random():
    """float32 of a shape."""
    generator = np.random.default_rng(7)
    return lambda *shape: generator.standard_normal(shape, np.float32) * 2


@pytest.fixture
def isas():
    """Yields the names that this CPU runs, ascending; the one that was active is so again afterwards."""
    before = libaft.isa()

    def runnable():
        for name in libaft.isas():
            try:
                libaft.use_isa(name)
            except ValueError:
                continue
            yield name

    yield list(runnable())
    libaft.use_isa(before)
