# SPDX-License-Identifier: MIT
"""What this machine's CPU is called, for what is written of a run."""

import pathlib
import platform


def name() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.split(":", 1)[1].strip()
    return platform.machine()
