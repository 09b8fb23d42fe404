# SPDX-License-Identifier: MIT
"""Draws the pictures of TUTORIAL.md from the trained layers of tests/data: python python/pictures/draw.py [FOLDER]"""

from __future__ import annotations

import io
import pathlib
import sys

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT / "tests/data"

sys.path.append(str(ROOT / "scripts"))
from common import ending, whole_file  # noqa: E402

KINDS = {"simple": "AFT-simple", "local": "AFT-local, window 32", "full": "AFT-full"}
MODELS = ("masked", "causal")
WINDOW = 32
SHOWN = 120  # positions: enough to see a window of 32
ROW = 70
CHANNEL = 5
UNSEEN = "#d9dce1"
COLOURS = ("#2a6fbb", "#d9822b")
DIVERGING = LinearSegmentedColormap.from_list("bias", (COLOURS[1], "white", COLOURS[0]))

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "libaft",  # the same picture is the same file
}


def tensor(model: str, kind: str, name: str) -> np.ndarray:
    return np.load(DATA / model / f"{kind}_{name}.npy").astype(np.float64)


def bias(model: str, kind: str) -> np.ndarray:
    """What enters the formula: of AFT-local 0 outside of the window; -inf where a key is not seen."""
    stored = tensor(model, kind, "w") if kind != "simple" else np.zeros_like(tensor(model, "full", "w"))
    position = np.arange(len(stored))
    apart = position[:, None] - position
    if kind == "local":
        stored = np.where(abs(apart) < WINDOW, stored, 0)
    return np.where(apart < 0, -np.inf, stored) if model == "causal" else stored


def shares(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max())
    return 100 * p / p.sum()


def draw_biases() -> Figure:
    """w of both models and all three kinds."""
    figure = Figure(figsize=(8.4, 5.6))
    for model, line in zip(MODELS, figure.subplots(2, 3, sharex=True, sharey=True)):
        shown = {kind: bias(model, kind)[:SHOWN, :SHOWN] for kind in KINDS}
        largest = max(abs(w[np.isfinite(w)]).max() for w in shown.values())
        for (kind, title), axes in zip(KINDS.items(), line):
            w = np.ma.masked_invalid(shown[kind])
            image = axes.imshow(w, cmap=DIVERGING, vmin=-largest, vmax=largest, interpolation="nearest")
            axes.set_title(f"{title}, {model}")
            axes.set_facecolor(UNSEEN)
            axes.spines[:].set(visible=True, color=UNSEEN)
            axes.tick_params(length=2)
            axes.set_xticks(range(0, SHOWN, 40))
            axes.set_yticks(range(0, SHOWN, 40))
        note = {"ha": "center", "va": "center", "color": "#5b6068"}
        if model == "causal":
            line[0].text(0.75 * SHOWN, 0.2 * SHOWN, "not seen", **note)
            line[0].text(0.25 * SHOWN, 0.75 * SHOWN, "0", **note)
            line[1].text(0.2 * SHOWN, 0.8 * SHOWN, "0", **note)
        else:
            line[0].text(0.5 * SHOWN, 0.5 * SHOWN, "0", **note)
            line[1].text(0.2 * SHOWN, 0.8 * SHOWN, "0", **note)
            line[1].text(0.8 * SHOWN, 0.2 * SHOWN, "0", **note)
        line[0].set_ylabel("query row t")
        figure.colorbar(image, ax=line[-1], label="bias w[t,j]", shrink=0.9).outline.set_visible(False)
    for axes in line:
        axes.set_xlabel("key j")
    return figure


def draw_weights() -> Figure:
    """How one row of one channel divides its attention among the keys, with the bias and without."""
    figure = Figure(figsize=(8.4, 4.6))
    positions = np.arange(SHOWN)
    for model, line in zip(MODELS, figure.subplots(2, 3, sharex=True, sharey=True)):
        for (kind, title), axes in zip(KINDS.items(), line):
            key, w = tensor(model, kind, "k")[:, CHANNEL], bias(model, kind)[ROW]
            alone, both = shares(np.where(np.isfinite(w), key, -np.inf)), shares(key + w)
            axes.fill_between(positions, alone[:SHOWN], step="mid", color="#c3c8d0", label="by k alone")
            axes.step(positions, both[:SHOWN], where="mid", color=COLOURS[0], linewidth=1, label="by k and w")
            if kind == "local":
                axes.axvspan(ROW - WINDOW + 0.5, ROW + WINDOW - 0.5, color="#e3eaf4", zorder=0, label="the window")
            axes.axvline(ROW, color=COLOURS[1], linewidth=0.8, zorder=0, label=f"the row itself, t = {ROW}")
            axes.set_title(f"{title}, {model}")
            axes.set(yscale="log", ylim=(0.02, 100), yticks=(0.1, 1, 10, 100))
            axes.yaxis.set_major_formatter("{x:g} %")
            axes.minorticks_off()
        line[0].set_ylabel("share of the sum")
    for axes in line:
        axes.set_xlabel("key j")
    figure.legend(*line[1].get_legend_handles_labels(), frameon=False, ncols=4, loc="outside lower center")
    return figure


def draw_visible() -> Figure:
    """Which keys a row sees, by the arguments of a call."""
    size = 12
    keys, rows = np.arange(size), np.arange(size)[:, None]
    causal, short = keys <= rows, np.broadcast_to(keys < 8, (size, size))
    views = {
        "all keys": np.ones((size, size)),
        "causal=True": causal,
        "kv_lengths=8": short,
        "causal=True,\nkv_lengths=8": causal & short,
        "causal=True,\nq_offset=9, 3 rows": np.where(rows < 9, np.nan, causal),
    }
    figure = Figure(figsize=(8.4, 2.3))
    for (title, seen), axes in zip(views.items(), figure.subplots(1, len(views))):
        axes.imshow(seen, cmap=ListedColormap((UNSEEN, COLOURS[0])), vmin=0, vmax=1, interpolation="nearest")
        axes.set(title=title, xlabel="key j", xticks=keys - 0.5, yticks=keys - 0.5, xticklabels=(), yticklabels=())
        axes.grid(color="white")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        if not axes.get_subplotspec().colspan.start:
            axes.set_ylabel("query row t")
    return figure


def save(figure: Figure, path: pathlib.Path) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    whole_file.write(path, drawn.getvalue())


PICTURES = {"biases": draw_biases, "weights": draw_weights, "visible": draw_visible}


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with matplotlib.rc_context(STYLE):
        for name, draw in PICTURES.items():
            save(draw(), folder / f"{name}.svg")


if __name__ == "__main__":
    ending.run("draw.py", main)
