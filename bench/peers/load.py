# SPDX-License-Identifier: MIT
"""Whether the machine was busy with something else meanwhile."""

import os
import pathlib
import time


def busy_seconds() -> float:
    """CPU time since the system's start: of all processes, and what other virtual machines took."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _wait, interrupt, soft_interrupt, steal = ticks
    return (user + nice + system + interrupt + soft_interrupt + steal) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Of the time since it was made."""

    def __init__(self):
        self.start = self.sample()

    @staticmethod
    def sample() -> tuple[float, float]:
        own = os.times()
        return time.monotonic(), busy_seconds() - own.user - own.system

    def other_cpus(self) -> float:
        """How many CPUs other processes kept busy, on average."""
        (start, others_at_start), (now, others) = self.start, self.sample()
        return max(0.0, (others - others_at_start) / (now - start))
