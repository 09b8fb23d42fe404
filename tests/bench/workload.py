# SPDX-License-Identifier: MIT
"""Cells of fabricated results: kernels and shapes much as aft_bench has them."""

from dataclasses import dataclass

SHAPES = [(1, 197, 192, 32), (1, 1024, 512, 32), (1, 4096, 256, 32), (32, 10, 64, 4), (1, 16384, 64, 32)]
LONGEST_OF_FULL = 4096


@dataclass(frozen=True)
class Case:
    kernel: str
    form: str
    causal: bool
    batch: int
    time: int
    channels: int
    width: int

    def name(self, isa: str, threads: int) -> str:
        kernel = [self.kernel] + ["prepared"] * (self.form == "prepared") + ["causal"] * self.causal
        shape = [f"B={self.batch}"] * (self.batch > 1) + [f"T={self.time}", f"d={self.channels}"]
        shape += [f"s={self.width}"] * (self.kernel == "local")
        return f"{','.join(kernel)}/{','.join(shape)}/{isa}/threads={threads}"

    @property
    def footprint(self) -> int:
        return 16 * self.batch * self.time * self.channels

    @property
    def work(self) -> dict[str, float]:
        keys = {"simple": 1, "full": self.time, "local": min(2 * self.width - 1, self.time)}[self.kernel]
        if self.causal and self.kernel != "simple":
            keys = (keys + 1) / 2
        outputs = self.batch * self.time * self.channels
        biases = 0 if self.kernel == "simple" else self.time * keys
        return {
            "elements": outputs,
            "flops": 4 * keys * outputs,
            "exps": 2 * outputs + (0 if self.form == "prepared" else biases),
            "bytes": self.footprint + 4 * biases,
        }

    def share(self, isa: str) -> float:
        """Of the ceiling that binds."""
        best = {"simple": 0.55, "full": 0.7, "local": 0.35}[self.kernel] + 0.05 * (self.form == "prepared")
        return best * (0.9 if self.causal else 1) * (0.8 if isa == "avx512" else 1)

    def to_json(self) -> dict:
        return {
            "kernel": self.kernel,
            "form": self.form,
            "causal": self.causal,
            "batch": self.batch,
            "time": self.time,
            "channels": self.channels,
            "window": self.width if self.kernel == "local" else None,
            "rows": {"first": 0, "count": self.time},
            "work": self.work,
        }


def cases() -> list[Case]:
    return [
        Case(kernel, form, causal, *shape)
        for shape in SHAPES
        for kernel, form in (("simple", "plain"), ("full", "plain"), ("full", "prepared"), ("local", "plain"))
        for causal in (False, True)
        if kernel != "full" or shape[1] <= LONGEST_OF_FULL
    ]
