#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts tests/data out of the full tensors: slice.py SOURCE [DESTINATION]. Needs NumPy and safetensors.

SOURCE holds the folders causal/ and masked/ with J_KIND_{x,q,k,v,w,y,out}.npy for (J, KIND) = (0, full), (1, local),
(2, simple), and model.safetensors with the mixers' weights, mix.J.to_q.weight and so on. The formulas below are first
held against every y and out of SOURCE; only then are the slices written, with y and out computed anew: a query of the
masked model sees fewer keys in a slice.
"""

import argparse
import io
import pathlib
import sys

import numpy as np
import safetensors.numpy

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from common import ending, whole_file  # noqa: E402

MODELS = ("causal", "masked")
LAYERS = {"full": 0, "local": 1, "simple": 2}
WINDOW = 32
ROWS = 200  # not a multiple of 16 or 64: the kernels' last blocks are short
CHANNELS = 64
AGREEMENT = 1e-12  # of an y, relative to sigmoid(q) * sum p|v|; of an out, to the largest; both sides are float64
MAPS_OF_X = ("to_q", "to_k", "to_v")


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


def linear(rows, parameters, name):
    """In float64, whatever comes in."""
    weight, bias = (parameters[f"{name}_{part}"].astype(np.float64) for part in ("weight", "bias"))
    return rows @ weight.T + bias


def whole_layer(x, parameters, bias, causal):
    y, _ = aggregate(*(linear(x, parameters, name) for name in MAPS_OF_X), bias, causal)
    return linear(y, parameters, "project")


def load_parameters(model, kind):
    """Of one mixer: to_q_weight, to_q_bias and so on."""
    stored = safetensors.numpy.load_file(model)
    return {
        f"{name}_{part}": stored[f"mix.{LAYERS[kind]}.{name}.{part}"]
        for name in (*MAPS_OF_X, "project")
        for part in ("weight", "bias")
    }


def first_channels(parameters):
    """The same layer with fewer hidden units: each has a row in to_q, to_k and to_v and a column in project."""
    return {
        name: value if name == "project_bias" else value[:, :CHANNELS] if name == "project_weight" else value[:CHANNELS]
        for name, value in parameters.items()
    }


def load(folder, kind):
    tensors = {name: np.load(folder / f"{LAYERS[kind]}_{kind}_{name}.npy")[0] for name in "qkvy"}
    rows = len(tensors["q"])
    stored = folder / f"{LAYERS[kind]}_{kind}_w.npy"
    tensors["w"] = np.load(stored) if kind != "simple" else np.zeros((rows, rows), np.float32)
    return tensors


def write(path, array):
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(array))
    whole_file.write(path, file.getvalue())


def agrees(what, difference):
    print(f"{what}: differs from the shipped one by {difference:.1e}")
    if not difference <= AGREEMENT:
        raise SystemExit(f"{what}: the formula here and the shipped values disagree; nothing written for it")


def slice_aggregation(source, destination, kind, causal):
    full = load(source, kind)
    y, scale = aggregate(full["q"], full["k"], full["v"], effective_bias(kind, full["w"]), causal)
    agrees(f"{source.name} {kind} y", (abs(y - full["y"]) / scale).max())
    part = {name: full[name][:ROWS, :CHANNELS] for name in "qkv"}
    part["w"] = full["w"][:ROWS, :ROWS]
    part["y"], _ = aggregate(*(part[name] for name in "qkv"), effective_bias(kind, part["w"]), causal)
    for name in "qkvwy" if kind != "simple" else "qkvy":
        write(destination / f"{kind}_{name}.npy", part[name])


def slice_layer(source, destination, kind, causal):
    stored = load(source, kind)["w"]
    parameters = load_parameters(source / "model.safetensors", kind)
    x, out = (np.load(source / f"{LAYERS[kind]}_{kind}_{name}.npy")[0] for name in ("x", "out"))
    again = whole_layer(x, parameters, effective_bias(kind, stored), causal)
    agrees(f"{source.name} {kind} out", abs(again - out).max() / abs(out).max())
    part = first_channels(parameters) | {"x": x[:ROWS]}
    part["out"] = whole_layer(part["x"], part, effective_bias(kind, stored[:ROWS, :ROWS]), causal)
    for name, array in part.items():
        write(destination / f"{kind}_layer" / f"{name}.npy", array)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("destination", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    for model in MODELS:
        for kind in LAYERS:
            for cut in (slice_aggregation, slice_layer):
                cut(arguments.source / model, arguments.destination / model, kind, causal=model == "causal")


if __name__ == "__main__":
    ending.run("slice.py", main)
