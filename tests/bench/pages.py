# SPDX-License-Identifier: MIT
"""Pages of fabricated results, and what they must show, counted from the results alone."""

import json
import pathlib
from collections.abc import Callable
from dataclasses import dataclass

from fabricate import Run, fabricate
from machines import ALTRA, RYZEN, XEON
from report import page, results

HOSTILE = '</script><img src=x onerror="window.hacked = 1"><b>\u2028\'"&'
FAILED = "full,causal/T=1024,d=512/avx2/threads=1"
NOISY = "local/T=4096,d=256,s=32/avx512/threads=1"
SLICED = ("full/T=4096,d=256/avx512/threads=1", "full,causal/T=4096,d=256/avx512/threads=1")
Edit = Callable[[dict], object]


@dataclass(frozen=True)
class Page:
    html: str
    raw: list[dict]  # the results, as they were written

    def cells(self, result: int = 0, **wanted: object) -> list[dict]:
        """Those timed of a result that have these values."""
        timed = [cell for cell in self.raw[result]["cells"] if cell["summary"]]
        return [cell for cell in timed if all(cell[name] == value for name, value in wanted.items())]


def make(folder: pathlib.Path, *raw: dict) -> Page:
    read = []
    for i, result in enumerate(raw):
        path = folder / str(i) / "results.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(result), encoding="utf-8")
        read.append(results.read(path))
    return Page(page.render(read), list(raw))


def cell(result: dict, name: str) -> dict:
    return next(cell for cell in result["cells"] if cell["name"] == name)


def slice_rows(result: dict, name: str, count: int) -> None:
    sliced = cell(result, name)
    share = count / sliced["time"]
    sliced["rows"] = {"first": 0, "count": count}
    sliced["work"] = {what: share * amount for what, amount in sliced["work"].items()}
    for bound in ("median_ns", "low_ns", "high_ns"):
        sliced["summary"][bound] *= share


def xeon(**more: object) -> dict:
    return fabricate(Run(XEON, **more))


def eventful() -> dict:
    """Whatever may happen to a cell: failed, noisy, timed on a slice of rows, run by another instruction set."""
    result = xeon(failures={FAILED: "output [0,3,7] is 0.5, not 0.25"}, noisier={NOISY: 0.3})
    for name in SLICED:
        slice_rows(result, name, 64)
    cell(result, "simple/T=197,d=192/avx512/threads=1")["isa_ran"] = "avx2"
    result["isas"].append({"name": "avx10", "lanes": None, "exp": None, "skipped": "the CPU lacks it"})
    result["libaft"]["dirty"] = True
    result["settings"]["pinned"] = False
    return result


def untimed(cell: dict) -> None:
    cell |= {"samples_ns": [], "process": [], "beside": {"fma": [], "exp": [], "stream": []}, "summary": None}
    cell["max_error_u"] = None


def partial() -> dict:
    result = xeon()
    result["complete"] = False
    for late in result["cells"][100:]:
        untimed(late)
    return result


def empty() -> dict:
    result = xeon()
    result |= {"complete": False, "cells": [], "ceilings": []}
    return result


def hostile() -> dict:
    """The worst that each text of a result can hold."""
    result = xeon(failures={FAILED: HOSTILE})
    result["cpu"] |= {"model": HOSTILE, "vendor": HOSTILE, "features": [HOSTILE]}
    result["command"] = [HOSTILE]
    result["libaft"]["commit"] = HOSTILE
    result["isas"][1]["skipped"] = HOSTILE
    result["build"]["files"][0] |= {"file": HOSTILE, "flags": HOSTILE}
    result["unreadable"] = {"clock.governor": HOSTILE, f"clock.{HOSTILE}": HOSTILE}
    result["system"] |= {"kernel": HOSTILE, "hypervisor": HOSTILE}
    for i, bad in enumerate(result["cells"]):
        bad["name"] += f"{HOSTILE}{i}"
        if bad["isa"] == "avx512":
            bad |= {"isa": HOSTILE, "isa_ran": HOSTILE}
    for ceiling in result["ceilings"]:
        if ceiling["isa"] == "avx512":
            ceiling["isa"] = HOSTILE
    return result


def three() -> list[dict]:
    return [eventful(), fabricate(Run(RYZEN, seed=1)), fabricate(Run(ALTRA, seed=2, threads=(1, 4)))]


VARIANTS: dict[str, Callable[[], list[dict]]] = {
    "one": lambda: [eventful()],
    "three": three,
    "good": lambda: [xeon()],
    "partial": lambda: [partial()],
    "empty": lambda: [empty()],
    "hostile": lambda: [hostile()],
    "hostile beside another": lambda: [xeon(), hostile()],
}
