# SPDX-License-Identifier: MIT
"""A trained character model in PyTorch, and the same with libaft in place of its AFT layers: answers and time.

python examples/characters.py [--model FOLDER] [--output FOLDER] [--threads N ...] [--repeats N]

Needs PyTorch, NumPy, safetensors and matplotlib. FOLDER holds what examples/characters/README.md lists.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import os
import pathlib
import statistics
import time

import libaft
import libaft.torch
import numpy as np
import safetensors.torch
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
KINDS = ("full", "local", "simple", "full", "local", "simple")
CHARACTERS, DIM, LENGTH, WINDOW = 97, 128, 512, 32
PARTS = ("whole model", "its six AFT layers")


class Mixer(nn.Module):
    """An AFT layer as published, with the matrix products of its formula; causal if the model is."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.to_q, self.to_k, self.to_v, self.project = (nn.Linear(DIM, DIM) for _ in range(4))

    def forward(self, x):
        numerator, denominator = self.sums(torch.exp(self.to_k(x)), self.to_v(x))
        return self.project(torch.sigmoid(self.to_q(x)) * numerator / denominator)


class Simple(Mixer):
    def sums(self, key, v):
        if self.causal:
            return torch.cumsum(key * v, dim=1), torch.cumsum(key, dim=1)
        return (key * v).sum(dim=1, keepdim=True), key.sum(dim=1, keepdim=True)


class Full(Mixer):
    def __init__(self, causal: bool) -> None:
        super().__init__(causal)
        self.wbias = nn.Parameter(torch.empty(LENGTH, LENGTH))

    def bias(self):
        return self.wbias

    def sums(self, key, v):
        weight = torch.exp(self.bias())
        if self.causal:
            weight = torch.tril(weight)
        return weight @ (key * v), weight @ key


class Local(Full):
    def bias(self):
        position = torch.arange(LENGTH)
        return torch.where(abs(position[:, None] - position) < WINDOW, self.wbias, 0)


class Model(nn.Module):
    """Six layers, each a mixer and an MLP, both on what a LayerNorm gives and added to what came in."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        kinds = {"full": Full, "local": Local, "simple": Simple}
        self.emb = nn.Embedding(CHARACTERS, DIM)
        self.mix = nn.ModuleList(kinds[kind](causal) for kind in KINDS)
        self.mlp = nn.ModuleList(
            nn.Sequential(nn.Linear(DIM, 2 * DIM), nn.GELU(), nn.Linear(2 * DIM, DIM)) for _ in KINDS
        )
        self.n1 = nn.ModuleList(nn.LayerNorm(DIM) for _ in KINDS)
        self.n2 = nn.ModuleList(nn.LayerNorm(DIM) for _ in KINDS)
        self.nf = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, CHARACTERS)

    def forward(self, tokens):
        x = self.emb(tokens)
        for mix, mlp, n1, n2 in zip(self.mix, self.mlp, self.n1, self.n2):
            x = x + mix(n1(x))
            x = x + mlp(n2(x))
        return self.head(self.nf(x))


def load(folder: pathlib.Path) -> Model:
    meta = json.loads((folder / "meta.json").read_text())
    model = Model(causal=meta["mode"] == "causal")
    model.load_state_dict(safetensors.torch.load_file(folder / "model.safetensors"))
    return model.eval().requires_grad_(False)


def with_libaft(model: Model) -> Model:
    """A copy whose mixers are libaft's, with the weights packed once."""
    return libaft.torch.replace(
        copy.deepcopy(model),
        classes={
            Full: lambda old: libaft.torch.AFTFull(LENGTH, DIM, DIM, causal=old.causal),
            Local: lambda old: libaft.torch.AFTLocal(LENGTH, DIM, DIM, WINDOW, causal=old.causal),
            Simple: lambda old: libaft.torch.AFTSimple(LENGTH, DIM, DIM, causal=old.causal),
        },
        pack=True,
    )


def tensor(path: pathlib.Path, dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(np.load(path)).to(dtype)


def bits_per_character(model: Model, folder: pathlib.Path) -> float:
    """How surprising the right characters of text that the model never saw are to it."""
    text = tensor(folder / "heldout_in.npy", torch.int64)
    right = tensor(folder / "heldout_target.npy", torch.int64)
    counted = tensor(folder / "heldout_counted.npy", torch.bool)
    logits = model(text).double()
    surprise = nn.functional.cross_entropy(logits.transpose(1, 2), right, reduction="none") / np.log(2)
    return surprise[counted].mean().item()


def what_enters_the_mixers(model: Model, tokens: torch.Tensor) -> list[torch.Tensor]:
    entered = []
    hooks = [mixer.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0])) for mixer in model.mix]
    model(tokens)
    for hook in hooks:
        hook.remove()
    return entered


def run_mixers(model: Model, entering: list[torch.Tensor]) -> None:
    for mixer, x in zip(model.mix, entering):
        mixer(x)


def milliseconds(call) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def interleaved(calls: dict, repeats: int) -> dict[tuple, list[float]]:
    """Milliseconds of each call, in turn, so that whatever else the machine does reaches all alike."""
    samples = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            samples[name].append(milliseconds(call))
    return samples


def middle(samples: list[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(samples, n=4)
    return {"low": low, "median": median, "high": high}


def compare(samples: dict[tuple, list[float]], part: str) -> dict:
    """Median and quartiles of both in milliseconds, and of PyTorch's time by libaft's, pair by pair."""
    both = {name: samples[part, name] for name in ("PyTorch", "libaft")}
    ratios = [first / second for first, second in zip(*both.values())]
    return {
        "milliseconds": {name: middle(times) for name, times in both.items()},
        "ratio": middle(ratios),
        "samples": both,
    }


def measure(folder: pathlib.Path, threads: list[int], repeats: int) -> dict:
    models = {"PyTorch": (original := load(folder)), "libaft": with_libaft(original)}
    tokens, stored = tensor(folder / "tokens.npy", torch.int64), tensor(folder / "logits.npy", torch.float32)
    meta = json.loads((folder / "meta.json").read_text())
    found = {
        "model": meta["mode"],
        "versions": {"libaft": libaft.__version__, "torch": torch.__version__},
        "isa": libaft.isa(),
        "stored": {"bits per character": meta["heldout_bits_per_char"]},
        "times": {},
    }
    for name, model in models.items():
        found[name] = {
            "largest difference of logits": (model(tokens) - stored).abs().max().item(),
            "bits per character": bits_per_character(model, folder),
        }
    entering = what_enters_the_mixers(original, tokens)
    calls = {}
    for name, model in models.items():
        timed = (functools.partial(model, tokens), functools.partial(run_mixers, model, entering))
        calls |= {(part, name): call for part, call in zip(PARTS, timed)}
    for count in threads:
        torch.set_num_threads(count)
        samples = interleaved(calls, repeats)
        found["times"][str(count)] = {part: compare(samples, part) for part in PARTS}
    return found


def counted(threads: str) -> str:
    return f"{threads} thread{'s' * (threads != '1')}"


def table(found: dict) -> str:
    names = ("PyTorch", "libaft")
    rows: list[tuple[str, ...]] = [
        (f"{found['model']} character model, {found['isa']}", "stored", *names, "ratio"),
        ("largest difference of logits", "", *(f"{found[name]['largest difference of logits']:.1e}" for name in names)),
        ("bits per character, held-out", *(f"{found[n]['bits per character']:.4f}" for n in ("stored", *names))),
    ]
    for threads, parts in found["times"].items():
        for part, times in parts.items():
            cells = ("{median:.1f} ({low:.1f}-{high:.1f})".format(**times["milliseconds"][name]) for name in names)
            ratio = "{median:.2f} ({low:.2f}-{high:.2f})".format(**times["ratio"])
            rows.append((f"ms for {LENGTH} characters, {counted(threads)}, {part}", "", *cells, ratio))
    return "\n".join(f"{row[0]:52}{row[1]:>8}" + "".join(f"{cell:>22}" for cell in row[2:]) for row in rows)


def draw(found: dict, path: pathlib.Path) -> None:
    """Two bars for each number of threads: the whole model, the part of its AFT layers dark."""
    from matplotlib.figure import Figure

    colours = {"PyTorch": ("#c9cdd3", "#8b929c"), "libaft": ("#a9c8ea", "#2a6fbb")}
    figure = Figure(figsize=(6.4, 0.9 + 0.8 * len(found["times"])), layout="constrained")
    axes = figure.subplots()
    for place, (threads, parts) in enumerate(found["times"].items()):
        for offset, (name, (light, dark)) in zip((-0.19, 0.19), colours.items()):
            whole, layers = (times["milliseconds"][name] for times in parts.values())
            label = dict(zip((light, dark), (f"{name}: the rest", f"{name}: AFT layers"))) if place == 0 else {}
            y = place + offset
            axes.barh(y, whole["median"], 0.34, color=light, label=label.get(light))
            axes.barh(y, layers["median"], 0.34, color=dark, label=label.get(dark))
            spread = [[whole["median"] - whole["low"]], [whole["high"] - whole["median"]]]
            axes.errorbar(whole["median"], y, xerr=spread, color="#333333", capsize=2, linewidth=1)
            where = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(f"{whole['median']:.1f}", (whole["high"], y), fontsize=9, **where)
    axes.set_yticks(range(len(found["times"])), map(counted, found["times"]))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(f"milliseconds for {LENGTH} characters: median and quartiles")
    axes.set_title(f"The {found['model']} character model, {found['isa']}", loc="left", fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(frameon=False, ncols=4, fontsize=8, loc="outside lower center")
    save(path, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))


def save(path: pathlib.Path, write) -> None:
    """A reader never finds half a file."""
    temporary = path.with_suffix(".tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
        os.replace(temporary, path)
    except OSError as error:
        raise SystemExit(f"cannot write {path}: {error.strerror}; choose another folder by --output") from None
    finally:
        temporary.unlink(missing_ok=True)


def main() -> None:
    cpus = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, default=HERE / "characters", help="folder of the trained model")
    parser.add_argument("--output", type=pathlib.Path, help="folder for characters.svg and characters.json")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cpus}), help="to be timed with")
    parser.add_argument("--repeats", type=int, default=50, help="samples of each time")
    arguments = parser.parse_args()
    if not (arguments.model / "model.safetensors").is_file():
        parser.error(
            f"no model.safetensors in {arguments.model}: a clone of libaft has one in python/examples/characters"
        )
    if min(arguments.threads) < 1:
        parser.error(f"--threads is {min(arguments.threads)}: it takes one thread at least to run")
    if arguments.repeats < 2:
        parser.error(f"--repeats is {arguments.repeats}: quartiles need 2 at least")
    if arguments.output:  # what cannot be kept is not measured
        try:
            arguments.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--output is {arguments.output}: {error.strerror}")
    with torch.inference_mode():
        found = measure(arguments.model, arguments.threads, arguments.repeats)
    print(table(found))
    if arguments.output:
        save(arguments.output / "characters.json", lambda file: file.write(json.dumps(found, indent=1).encode()))
        draw(found, arguments.output / "characters.svg")
        print(f"written: {arguments.output}/characters.svg, characters.json")


if __name__ == "__main__":
    main()
