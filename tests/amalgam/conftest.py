# SPDX-License-Identifier: MIT
"""The two files, made once."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "scripts/amalgamate", "--output", folder], check=True)
    return folder
