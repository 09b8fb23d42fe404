# SPDX-License-Identifier: MIT
"""Kernels and problems: what the regimes make, and what the C programs read."""

import dataclasses
import hashlib
import pathlib

import numpy as np


@dataclasses.dataclass(frozen=True)
class Kernel:
    bias: str  # simple, full or local
    causal: bool

    def __str__(self):
        return f"{self.bias} causal" if self.causal else self.bias


KERNELS = [Kernel(bias, causal) for bias in ("simple", "full", "local") for causal in (False, True)]


@dataclasses.dataclass
class Problem:
    """One call of the library: q [B,H,T,D], k and v [B,H,S,D], w [T,S]."""

    kernel: Kernel
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    w: np.ndarray | None = None
    window: int = 0
    q_offset: int = 0
    kv_lengths: np.ndarray | None = None
    rows: np.ndarray | None = None  # which rows and channels are held against the reference
    channels: np.ndarray | None = None

    @property
    def kv_len(self):
        return self.k.shape[2]

    @property
    def operations(self):
        """How long it takes, roughly: terms of the formula."""
        batch, heads, rows, channels = self.q.shape
        keys = 1 if self.w is None else self.kv_len if self.kernel.bias == "full" else min(2 * self.window, self.kv_len)
        return batch * heads * channels * (rows * keys + self.kv_len)

    def __str__(self):
        batch, heads, rows, channels = self.q.shape
        text = f"T={self.kv_len} d={channels}"
        if self.kernel.bias == "local":
            text += f" s={self.window}"
        if batch * heads > 1:
            text += f" B={batch} H={heads}"
        if rows != self.kv_len or self.q_offset:
            text += f" rows {self.q_offset}..{self.q_offset + rows - 1}"
        return text

    def arrays(self):
        named = {"q": self.q, "k": self.k, "v": self.v, "w": self.w, "kv_lengths": self.kv_lengths}
        return {name: array for name, array in named.items() if array is not None}

    def files(self):
        """The inputs, and which outputs of theirs are measured."""
        return {**self.arrays(), "rows": self.rows, "channels": self.channels}

    def sha256(self):
        digest = hashlib.sha256(f"{self} {self.kernel}".encode())
        for name, array in self.files().items():
            digest.update(f"{name}{array.shape}".encode() + array.tobytes())
        return digest.hexdigest()

    def write(self, folder: pathlib.Path):
        folder.mkdir()
        for name, array in self.files().items():
            np.save(folder / f"{name}.npy", array)

    def line(self, folder: pathlib.Path):
        """What the programs read to find it."""
        return f"{folder} {self.kernel.bias} {int(self.kernel.causal)} {self.q_offset} {self.window}"

    def sampled(self, y):
        """The outputs that the reference knows, [B,H,row,channel]."""
        return y.reshape(self.q.shape)[:, :, self.rows][:, :, :, self.channels]

    def element(self, batch, head, row, channel):
        """The same output as a problem of one row and one channel: same bits, few inputs."""
        keys = self.kv_len if self.kv_lengths is None else int(self.kv_lengths[batch])
        one = {
            "q": self.q[batch, head, row, channel],
            "k": self.k[batch, head, :keys, channel],
            "v": self.v[batch, head, :keys, channel],
        }
        if self.w is not None:
            one["w"] = self.w[row, :keys]
        return one
