# SPDX-License-Identifier: MIT
"""The choice of the instruction set."""

import os
import subprocess
import sys

import libaft
import pytest

SAY = "import libaft; print(libaft.isa())"
CHOOSE = "import libaft, sys; libaft.use_isa(sys.argv[1]); print(libaft.isa())"


def python(code, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout.strip()


def test_highest_that_runs_is_the_first(isas):
    names = libaft.isas()
    assert names[0] == "scalar"
    assert set(isas) <= set(names)
    assert python(SAY, AFT_ISA="") == isas[-1]


def test_use(isas):
    for name in isas:
        libaft.use_isa(name)
        assert libaft.isa() == name


def test_environment_lowers(isas):
    for name in isas:
        assert python(SAY, AFT_ISA=name) == name
    assert python(SAY, AFT_ISA="another architecture's") == isas[-1]


def test_none_above_the_environment(isas):
    if len(isas) == 1:
        pytest.skip("this CPU runs scalar code alone")
    assert "AFT_ISA allows none above 'scalar'" in python(CHOOSE, isas[-1], AFT_ISA="scalar")
    assert python(CHOOSE, "scalar", AFT_ISA=isas[-1]) == "scalar"
