# SPDX-License-Identifier: MIT
"""What a reader must know of machine, build and peers to make sense of the ratios."""

import importlib.metadata
import os
import pathlib
import subprocess

import torch

from .libaft import Library
from .sgemm import Products

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build/peers"


def output_of(*command: str) -> str:
    """What a command prints; nothing where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def cache_entry(name: str) -> str:
    for line in (BUILD / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.partition("=")[2]
    return "unknown"


def machine() -> dict[str, str]:
    # lscpu knows the names of Arm cores too, which /proc/cpuinfo gives as numbers only.
    fields = dict(line.split(":", 1) for line in output_of("lscpu").splitlines() if ":" in line)
    wanted = {
        "cpu": "Model name",
        "cpus": "CPU(s)",
        "threads_per_core": "Thread(s) per core",
        "l2": "L2 cache",
        "l3": "L3 cache",
    }
    return {ours: fields.get(theirs, "unknown").strip() for ours, theirs in wanted.items()}


def commit() -> str:
    git = ("git", "-C", str(ROOT))
    # A document, as the page of figures, changes none of them.
    changed = output_of(*git, "diff", "--name-only", "HEAD", "--", ":!*.md")
    return (output_of(*git, "describe", "--always", "--abbrev=12") or "unknown") + ("-dirty" if changed else "")


def libaft(library: Library) -> dict[str, str]:
    return {
        "commit": commit(),
        "isa": library.isa,
        "exp": cache_entry("AFT_EXP"),
        "compiler": output_of(cache_entry("CMAKE_C_COMPILER"), "--version").partition("\n")[0] or "unknown",
    }


def peers(products: Products) -> dict[str, str]:
    pytorch = f"{torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, threads {torch.get_num_threads()}"
    return {
        "PyTorch": pytorch,
        "aft-pytorch": importlib.metadata.version("aft-pytorch"),
        **products.descriptions,
    }
