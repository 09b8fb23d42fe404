# SPDX-License-Identifier: MIT
"""What FROM_AFT_PYTORCH.md and README.md show runs, and what it says of others holds."""

import copy
import pathlib
import re
import subprocess
import sys

import aft_pytorch
import libaft.torch
import pytest
import torch
from torch import nn

PROJECT = pathlib.Path(__file__).parents[2]
LENGTH, DIM = 40, 6


@pytest.fixture
def blocks():
    return re.findall("```python\n(.*?)```", (PROJECT / "FROM_AFT_PYTORCH.md").read_text(), re.DOTALL)


class Labml(nn.Module):
    """The parameters and the formula of labml's AFTLocal. axis: of the bias, along which its maximum is taken."""

    def __init__(self, d_model, seq_len, local_window_size, bias=True, axis=1):
        super().__init__()
        self.axis = axis
        self.query, self.key, self.value = (nn.Linear(d_model, d_model, bias=bias) for _ in range(3))
        self.output = nn.Linear(d_model, d_model)
        self.pos_bias = nn.Parameter(torch.randn(seq_len, seq_len))
        t = torch.arange(seq_len)
        self.local_mask = nn.Parameter((t[:, None] - t).abs() < local_window_size, requires_grad=False)

    def forward(self, *, query, key, value, mask):
        q, k, v = self.query(query), self.key(key), self.value(value)
        w = (self.pos_bias * self.local_mask)[..., None].masked_fill(~mask, -torch.inf)
        weight = torch.exp(w - w.amax(self.axis, keepdim=True))
        exponential = torch.exp(k - k.amax(0, keepdim=True))
        num, den = (torch.einsum("ijb,jbd->ibd", weight, x) for x in (exponential * v, exponential))
        return self.output(torch.sigmoid(q) * num / den)


def converted(blocks, old, x):
    names = {"libaft": libaft, "torch": torch, "old": old, "x": x}
    exec(blocks[2], names)
    return names["y"]


def causal_mask():
    return torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()[..., None]


def test_replace(blocks, inference):
    model = nn.Sequential(*(getattr(aft_pytorch, name)(LENGTH, DIM) for name in ("AFTFull", "AFTSimple", "AFTLocal")))
    names = {"model": copy.deepcopy(model), "x": torch.randn(2, 9, DIM)}
    exec(blocks[0], names)
    torch.testing.assert_close(names["y"], model(names["x"]))


def test_readme():
    _, code = re.findall("```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    names = {}
    exec(code, names)
    assert names["y"].shape == (2, 700, 512)


def test_classes(blocks):
    class Mixer(aft_pytorch.AFTFull):
        pass

    model = nn.Sequential(Mixer(512, DIM))
    exec(blocks[1], {"libaft": libaft, "model": model, "Mixer": Mixer})
    assert model[0].causal


@pytest.mark.parametrize("window", (1, 5, 100))
@pytest.mark.parametrize("bias", (True, False))
def test_from_labml(blocks, bias, window, inference):
    old, x = Labml(DIM, LENGTH, window, bias), torch.randn(LENGTH, 2, DIM)
    torch.testing.assert_close(converted(blocks, old, x), old(query=x, key=x, value=x, mask=causal_mask()))


def test_labml_where_keys_rise(blocks, inference):
    old, x = Labml(DIM, LENGTH, 3), torch.randn(LENGTH, 2, DIM)
    old.key.weight.zero_()
    old.key.weight[:, 0], x[..., 0] = 110, torch.linspace(0, 1, LENGTH)[:, None]
    assert old(query=x, key=x, value=x, mask=causal_mask())[0].isnan().all()
    y = converted(blocks, old, x)
    wide = old.double()(query=x.double(), key=x.double(), value=x.double(), mask=causal_mask())
    torch.testing.assert_close(y.double(), wide, rtol=1e-4, atol=1e-4)


def test_labml_with_the_maximum_along_the_queries(blocks, inference):
    old, x = Labml(DIM, LENGTH, 5, axis=0), torch.randn(LENGTH, 2, DIM)
    everything = torch.ones(LENGTH, LENGTH, 1, dtype=torch.bool)
    other = old(query=x, key=x, value=x, mask=everything)
    old.axis = 1
    assert (other - old(query=x, key=x, value=x, mask=everything)).abs().max() > 0.01


def test_figures_can_be_repeated():
    command = [sys.executable, PROJECT / "examples/from_aft_pytorch.py", "48", "16", "16"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = re.findall(r"^(AFT\w+) +(\S.*?) +\S+ ms +\S+ +(\S+) +(\S+)$", said, re.MULTILINE)
    assert len(rows) == 9
    for kind, name, usual, shifted in rows:
        overflows = name == "aft-pytorch" and kind != "AFTSimple"
        assert float(usual) < 20
        assert shifted == "nan" if overflows else float(shifted) < 200, (kind, name)
