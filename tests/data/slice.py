#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts tests/data out of the full tensors: slice.py SOURCE [DESTINATION]. Needs NumPy alone.

SOURCE holds the folders causal/ and masked/ with J_KIND_{q,k,v,w,y}.npy for (J, KIND) = (0, full), (1, local),
(2, simple). The aggregation below is first held against every y of SOURCE; only then are the slices written, with y
computed anew: a query of the masked model sees fewer keys in a slice.
"""

import argparse
import os
import pathlib

import numpy as np

MODELS = ("causal", "masked")
LAYERS = {"full": 0, "local": 1, "simple": 2}
WINDOW = 32
ROWS = 200  # not a multiple of 16 or 64: the kernels' last blocks are short
CHANNELS = 64
AGREEMENT = 1e-12  # relative to sigmoid(q) * sum p|v|; both sides are float64


def aggregate(q, k, v, w, causal):
    """y and its condition scale sigmoid(q) * sum p|v|, in float64, by the maximum of k + w of each row and channel."""
    q, k, v, w = (np.asarray(a, dtype=np.float64) for a in (q, k, v, w))
    gate = 1 / (1 + np.exp(-q))
    y, scale = np.empty_like(q), np.empty_like(q)
    for t in range(len(q)):
        seen = slice(0, t + 1 if causal else len(k))
        logits = k[seen] + w[t, seen, None]
        weights = np.exp(logits - logits.max(axis=0))
        weights /= weights.sum(axis=0)
        y[t] = gate[t] * (weights * v[seen]).sum(axis=0)
        scale[t] = gate[t] * (weights * abs(v[seen])).sum(axis=0)
    return y, scale


def effective_bias(kind, stored):
    """What enters the formula: a local bias counts as 0 outside its window, a simple layer has none."""
    if kind == "full":
        return stored
    distance = abs(np.subtract.outer(np.arange(stored.shape[0]), np.arange(stored.shape[1])))
    return np.where(distance < (WINDOW if kind == "local" else 0), stored, 0)


def load(folder, kind):
    tensors = {name: np.load(folder / f"{LAYERS[kind]}_{kind}_{name}.npy")[0] for name in "qkvy"}
    rows = len(tensors["q"])
    stored = folder / f"{LAYERS[kind]}_{kind}_w.npy"
    tensors["w"] = np.load(stored) if kind != "simple" else np.zeros((rows, rows), np.float32)
    return tensors


def write(path, array):
    """A reader never finds half a file: it is written under a temporary name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with open(temporary, "wb") as file:
        np.save(file, np.ascontiguousarray(array))
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("destination", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    for model in MODELS:
        causal = model == "causal"
        for kind in LAYERS:
            full = load(arguments.source / model, kind)
            y, scale = aggregate(full["q"], full["k"], full["v"], effective_bias(kind, full["w"]), causal)
            worst = (abs(y - full["y"]) / scale).max()
            print(f"{model} {kind}: differs from the shipped y by {worst:.1e} of sigmoid(q) * sum p|v|")
            if not worst <= AGREEMENT:
                raise SystemExit(f"{model} {kind}: the formula here and the shipped y disagree; nothing written for it")
            part = {name: full[name][:ROWS, :CHANNELS] for name in "qkv"}
            part["w"] = full["w"][:ROWS, :ROWS]
            part["y"], _ = aggregate(*(part[name] for name in "qkv"), effective_bias(kind, part["w"]), causal)
            for name in "qkvwy" if kind != "simple" else "qkvy":
                write(arguments.destination / model / f"{kind}_{name}.npy", part[name])


if __name__ == "__main__":
    main()
