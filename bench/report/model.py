# SPDX-License-Identifier: MIT
"""A result as bench/results.schema.json has it, which says what each field is."""

from dataclasses import dataclass
from typing import NamedTuple

from .machine import Clock, Cpu, System, Topology


@dataclass(frozen=True)
class Workload:
    name: str
    version: int
    tensors: str


@dataclass(frozen=True)
class Settings:
    processes: int
    repetitions: int
    sample_seconds: float
    threads: list[int]
    filter: str
    isa: str | None
    pinned: bool


@dataclass(frozen=True)
class Libaft:
    version: str
    commit: str | None
    dirty: bool | None
    sleef_version: str | None


@dataclass(frozen=True)
class SourceFile:
    file: str
    isa: str | None
    flags: str


@dataclass(frozen=True)
class Build:
    compiler: str
    type: str
    benchmark_library: str | None
    files: list[SourceFile]


@dataclass(frozen=True)
class Isa:
    name: str
    lanes: int | None
    exp: str | None
    skipped: str | None


@dataclass(frozen=True)
class Ceiling:
    name: str
    unit: str
    isa: str
    threads: int
    footprint_bytes: int | None
    samples: list[float]


@dataclass(frozen=True)
class Rows:
    first: int
    count: int


@dataclass(frozen=True)
class Work:
    elements: float
    flops: float
    exps: float
    bytes: float


@dataclass(frozen=True)
class Beside:
    fma: list[float]
    exp: list[float]
    stream: list[float]


@dataclass(frozen=True)
class Summary:
    median_ns: float
    low_ns: float
    high_ns: float
    confidence: float
    noisy: bool
    binds: str
    share: float


class Task(NamedTuple):
    """What every instruction set computes alike."""

    kernel: str  # "full prepared causal"
    shape: str  # "B=32 T=10 d=64 s=4"
    threads: int


@dataclass(frozen=True)
class Cell:
    name: str
    kernel: str
    form: str
    causal: bool
    batch: int
    time: int
    channels: int
    window: int | None
    isa: str
    isa_ran: str | None
    threads: int
    rows: Rows
    work: Work
    failure: str | None
    max_error_u: float | None
    clock: str
    samples_ns: list[float]
    process: list[int]
    beside: Beside
    summary: Summary | None

    @property
    def task(self) -> Task:
        kernel = [self.kernel] + ["prepared"] * (self.form == "prepared") + ["causal"] * self.causal
        shape = [f"B={self.batch}"] * (self.batch > 1) + [f"T={self.time}", f"d={self.channels}"]
        shape += [f"s={self.window}"] * (self.window is not None)
        return Task(" ".join(kernel), " ".join(shape), self.threads)

    @property
    def ns_per_element(self) -> float | None:
        """An output's median. Not a call's: of a slow cell, only some rows are timed."""
        return self.summary.median_ns / self.work.elements if self.summary else None

    def speed_over(self, scalar: "Cell | None") -> float | None:
        """How many times as fast. Null where the scalar one was timed on fewer rows: each of these carries more of what
        the keys cost."""
        if scalar is None or scalar.rows != self.rows or not (scalar.ns_per_element and self.ns_per_element):
            return None
        return scalar.ns_per_element / self.ns_per_element

    @property
    def steady(self) -> bool:
        """Whether it was timed, and well enough to win or to lose."""
        return self.summary is not None and not self.summary.noisy


@dataclass(frozen=True)
class Result:
    path: str
    schema_version: int
    created: str
    command: list[str]
    complete: bool
    seconds: float
    seed: int
    workload: Workload
    settings: Settings
    libaft: Libaft
    build: Build
    isas: list[Isa]
    cpu: Cpu
    topology: Topology
    clock: Clock
    system: System
    unreadable: dict[str, str]
    ceilings: list[Ceiling]
    cells: list[Cell]
