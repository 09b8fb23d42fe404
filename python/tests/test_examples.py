# SPDX-License-Identifier: MIT
"""What the README shows runs."""

import pathlib
import re
import subprocess
import sys

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
