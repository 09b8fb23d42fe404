# SPDX-License-Identifier: MIT
"""Types of the package, libaft.torch included, and of its use."""

import pathlib
import subprocess
import sys

import libaft
import pytest

PROJECT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("what", (pathlib.Path(libaft.__file__).parent, PROJECT / "tests/pytorch/typed.py"))
def test_types(what, tmp_path):
    settings = ["--config-file", PROJECT / "pyproject.toml", "--cache-dir", tmp_path]
    command = [sys.executable, "-m", "mypy", *settings, what]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
