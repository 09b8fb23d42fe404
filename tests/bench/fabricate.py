# SPDX-License-Identifier: MIT
"""Results of machines that do not exist, as bench/results.schema.json has them, with noise and slowdowns as asked for.

PYTHONPATH=tests/bench python -m fabricate FOLDER writes a few of them.
"""

import json
import math
import pathlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy
from machines import ALTRA, RYZEN, XEON, Machine
from workload import Case, cases


@dataclass(frozen=True)
class Noise:
    """Standard deviations, relative. What the clock does, the ceilings beside a sample show too; the rest not."""

    process: float = 0.01  # of a process against others
    sample: float = 0.005  # of a sample within its process
    beside: float = 0.003  # of a ceiling beside a sample
    clock: float = 0.02  # of the clock, between processes
    outliers: float = 0.02  # the share of samples that something disturbed, by up to 30 %


@dataclass(frozen=True)
class Run:
    machine: Machine = XEON
    seed: int = 0  # of the noise
    processes: int = 10
    repetitions: int = 5
    threads: tuple[int, ...] = (1, 2)
    noise: Noise = Noise()
    clock: float = 1.0  # of this run, over the machine's own
    created: str = "2026-03-01T12:00:00Z"
    slower: Mapping[str, float] = field(default_factory=dict)  # by name of a cell: 1.1 is 10 % slower
    noisier: Mapping[str, float] = field(default_factory=dict)  # by name of a cell: standard deviation of a process
    failures: Mapping[str, str] = field(default_factory=dict)  # by name of a cell: why it was not timed


def ceilings(run: Run, random: numpy.random.Generator) -> list[dict]:
    found = []
    for threads in run.threads:
        for isa in run.machine.isas:
            for name, (unit, rate, footprint) in run.machine.ceilings(isa, threads).items():
                samples = run.clock * rate * numpy.exp(-abs(random.normal(0, run.noise.sample, run.processes)))
                about = {"name": name, "unit": unit, "isa": isa, "threads": threads, "footprint_bytes": footprint}
                found.append(about | {"samples": samples.tolist()})
    return found


def median_of_processes(values: numpy.ndarray) -> float:
    return float(numpy.median(numpy.median(values, axis=1)))


def summary(samples: numpy.ndarray, least: dict[str, numpy.ndarray]) -> dict:
    """Of samples by process and repetition; `least` is the time that each ceiling leaves."""
    medians = numpy.sort(numpy.median(samples, axis=1))
    n = len(medians)
    # The order statistics that hold the median in at least 95 % of cases, or else the outermost.
    below = [sum(math.comb(n, i) for i in range(k + 1)) / 2**n for k in range((n + 1) // 2)]
    k = max((k for k, tail in enumerate(below) if 2 * tail <= 0.05), default=0)
    binds = max(least, key=lambda name: median_of_processes(least[name]))
    median, low, high = float(numpy.median(medians)), float(medians[k]), float(medians[n - 1 - k])
    return {
        "median_ns": median,
        "low_ns": low,
        "high_ns": high,
        "confidence": max(0.0, 1 - 2 * below[k]),
        "noisy": high - low > 0.1 * median,
        "binds": binds,
        "share": median_of_processes(least[binds] / samples),
    }


def timing(run: Run, case: Case, isa: str, threads: int, random: numpy.random.Generator) -> dict:
    name, shape, noise = case.name(isa, threads), (run.processes, run.repetitions), run.noise
    rates, work = run.machine.rates(isa, threads, case.footprint), case.work
    done = {"fma": work["flops"], "exp": work["exps"], "stream": work["bytes"]}
    ideal = 1e9 * max(done[ceiling] / rate for ceiling, rate in rates.items())
    slow = math.log(run.slower.get(name, 1)) - math.log(case.share(isa))
    clock = math.log(run.clock) + random.normal(0, noise.clock, (run.processes, 1))
    process = random.normal(0, run.noisier.get(name, noise.process), (run.processes, 1))
    disturbed = (random.random(shape) < noise.outliers) * 0.3 * random.random(shape)
    samples = ideal * numpy.exp(slow - clock + process + random.normal(0, noise.sample, shape) + disturbed)
    beside = {c: rate * numpy.exp(clock + random.normal(0, noise.beside, shape)) for c, rate in rates.items()}
    return {
        "samples_ns": samples.ravel().tolist(),
        "process": numpy.repeat(numpy.arange(run.processes), run.repetitions).tolist(),
        "beside": {ceiling: values.ravel().tolist() for ceiling, values in beside.items()},
        "summary": summary(samples, {c: 1e9 * done[c] / values for c, values in beside.items()}),
    }


def cell(run: Run, case: Case, isa: str, threads: int, random: numpy.random.Generator) -> dict:
    name = case.name(isa, threads)
    measured = timing(run, case, isa, threads, random)
    if failure := run.failures.get(name):
        measured = {"samples_ns": [], "process": [], "beside": {"fma": [], "exp": [], "stream": []}, "summary": None}
    return {
        "name": name,
        **case.to_json(),
        "isa": isa,
        "isa_ran": isa,
        "threads": threads,
        "failure": failure,
        "max_error_u": 1e6 if failure else round(2 + 2 * random.random(), 2),
        "clock": "cpu" if threads == 1 else "wall",
        **measured,
    }


def fabricate(run: Run = Run()) -> dict:
    random = numpy.random.default_rng(run.seed)
    return {
        "schema_version": 1,
        "created": run.created,
        "command": ["--threads=" + ",".join(map(str, run.threads))],
        "complete": True,
        "seconds": 300,
        "seed": 1,
        "workload": {"name": "full", "version": 1, "tensors": "0123456789abcdef"},
        "settings": {
            "processes": run.processes,
            "repetitions": run.repetitions,
            "sample_seconds": 0.01,
            "threads": list(run.threads),
            "filter": "",
            "isa": None,
            "pinned": True,
        },
        **run.machine.to_json(),
        "ceilings": ceilings(run, random),
        "cells": [
            cell(run, case, isa, threads, random)
            for case in cases()
            for isa in run.machine.isas
            for threads in run.threads
        ],
    }


def write(result: dict, folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return folder


if __name__ == "__main__":
    for machine in (XEON, RYZEN, ALTRA):
        print(write(fabricate(Run(machine)), pathlib.Path(sys.argv[1], machine.slug)))
