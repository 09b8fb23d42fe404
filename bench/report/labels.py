# SPDX-License-Identifier: MIT
"""Short names of results."""

import re
from collections import Counter

from .machine import Cpu
from .model import Result

NOISE = re.compile(r"\((R|TM|tm)\)|\bCPU\b|\bIntel\b|\bAMD\b|\bProcessor\b|\b\d+-Core\b|@.*")


def cpu_label(cpu: Cpu) -> str:
    return " ".join(NOISE.sub(" ", cpu.model or "").split()) or cpu.model or f"{cpu.architecture} CPU"


def labels(results: list[Result]) -> list[str]:
    """CPU and date; the time too, and then a number, where that is not enough to tell them apart."""
    cpus = [cpu_label(result.cpu) for result in results]
    days = [f"{cpu} {result.created[:10]}" for cpu, result in zip(cpus, results, strict=True)]
    times = [f"{cpu} {result.created[:19].replace('T', ' ')}" for cpu, result in zip(cpus, results, strict=True)]
    of_days, of_times = Counter(days), Counter(times)
    found: list[str] = []
    for index, (day, time) in enumerate(zip(days, times, strict=True)):
        before = times[:index].count(time)
        label = day if of_days[day] == 1 else time
        found.append(f"{label} ({before + 1})" if of_times[time] > 1 else label)
    return found
