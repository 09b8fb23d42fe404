# SPDX-License-Identifier: MIT
"""What the READMEs show runs."""

import pathlib
import re
import subprocess
import sys

import libaft

PROJECT = pathlib.Path(__file__).parents[1]


def test_quickstart():
    command = [sys.executable, PROJECT / "examples/quickstart.py"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    errors = dict(re.findall(r"^(NumPy|libaft|libaft, prepared) .* ms .* (\S+)$", said, re.MULTILINE))
    assert errors["NumPy"] == "nan"
    assert float(errors["libaft"]) == float(errors["libaft, prepared"]) < 24 * 5


def test_readme():
    code, _ = re.findall("```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)  # the other: PyTorch's
    assert code.count("assert ") == 2
    exec(code, {})


def test_quick_start_of_the_repository():
    page = (PROJECT.parent / "README.md").read_text()
    code, shown = re.search("```python\n(.*?)```\n.*?\n((?:    [^\n]*\n)+)", page, re.DOTALL).groups()
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=PROJECT.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert said.split() == shown.replace("avx512", libaft.isa()).split()
