# SPDX-License-Identifier: MIT
"""The tutorial's code runs, and its pictures are what their script draws."""

import pathlib
import re
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).parents[1]
PAGE = (PROJECT / "TUTORIAL.md").read_text()


def test_code(monkeypatch):
    monkeypatch.chdir(PROJECT.parent)
    blocks = re.findall("```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    for block in blocks:
        assert "assert " in block, block
        exec(block, names)
    assert "layer" in names


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    subprocess.run([sys.executable, PROJECT / "pictures/draw.py", tmp_path], check=True)
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(drawn) == set(re.findall(r"\(pictures/(.*?)\)", PAGE))
    for name, picture in drawn.items():
        assert picture == (PROJECT / "pictures" / name).read_bytes(), f"run python python/pictures/draw.py for {name}"
