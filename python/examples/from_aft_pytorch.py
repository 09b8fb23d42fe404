# SPDX-License-Identifier: MIT
"""The modules of aft-pytorch beside libaft's with the same parameters: the best time of a call, the median of its
ratios to aft-pytorch's, and the error against float64.

usage: from_aft_pytorch.py [LENGTH DIM HIDDEN_DIM]
"""

import copy
import itertools
import statistics
import sys
import time
from operator import truediv

import aft_pytorch
import libaft
import libaft.torch
import torch
from torch.nn.functional import linear

REPEATS = 100
WINDOW = 32


def formula(module, x):
    """The layer in float64, which holds exp(100)."""
    state = {name: parameter.double() for name, parameter in module.named_parameters()}
    q, k, v = (linear(x.double(), state[f"{name}.weight"], state[f"{name}.bias"]) for name in ("to_q", "to_k", "to_v"))
    w = state.get("wbias", torch.zeros(x.shape[1], x.shape[1]).double())
    if isinstance(module, aft_pytorch.AFTLocal):
        w = w.tril(module.s - 1).triu(1 - module.s)
    y = torch.sigmoid(q) * (w.exp() @ (k.exp() * v)) / (w.exp() @ k.exp())
    return linear(y, state["project.weight"], state["project.bias"])


def error(y, exact):
    """The largest one, of the largest output, in units of 2**-24."""
    return ((y - exact).abs().max() / exact.abs().max()).item() * 2**24


def call(module, x):
    """The answer and the milliseconds that it took."""
    start = time.perf_counter()
    return module(x), (time.perf_counter() - start) * 1000


def compare(theirs, x):
    ours = libaft.torch.replace(copy.deepcopy(theirs))
    packed = libaft.torch.replace(copy.deepcopy(theirs).requires_grad_(False), pack=True)
    shifted = copy.deepcopy(theirs)
    shifted.to_k.bias += 100
    exact, exact_shifted = formula(theirs, x), formula(shifted, x)
    milliseconds = {"aft-pytorch": [], "libaft": [], "libaft, packed": []}
    errors = {}
    loops = isinstance(theirs, aft_pytorch.AFTLocal)  # over its bias, in Python: seconds
    for repeat in range(REPEATS):  # in turn, so that what else the machine does falls on all alike
        for name, module in zip(milliseconds, (theirs, ours, packed), strict=True):
            if repeat == 0 or not (loops and module is theirs):
                y, took = call(module, x)
                milliseconds[name].append(took)
                errors[name] = error(y, exact)
    for name, took in milliseconds.items():
        module = shifted if name == "aft-pytorch" else libaft.torch.replace(copy.deepcopy(shifted))
        last = error(module(x), exact_shifted)
        ratios = map(truediv, took, itertools.cycle(milliseconds["aft-pytorch"]))  # of calls that followed one another
        times = f"{min(took):8.2f} ms {statistics.median(ratios):7.3f}"
        print(f"{type(theirs).__name__:9} {name:15} {times} {errors[name]:7.1f} {last:7.1f}")


torch.manual_seed(0)
torch.set_grad_enabled(False)
sizes = [tuple(map(int, sys.argv[1:4]))] if len(sys.argv) > 1 else [(512, 128, 128), (1024, 512, 512)]
for length, dim, hidden in sizes:
    place = f"{libaft.isa()}, threads: {torch.get_num_threads()}"
    print(f"T={length} dim={dim} hidden_dim={hidden}, {place}; time, its ratio, error, error with keys around 100")
    x = torch.randn(1, length, dim)
    compare(aft_pytorch.AFTFull(length, dim, hidden), x)
    compare(aft_pytorch.AFTSimple(length, dim, hidden), x)
    compare(aft_pytorch.AFTLocal(length, dim, hidden, WINDOW), x)
