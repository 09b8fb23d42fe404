# SPDX-License-Identifier: MIT
"""What scripts/test asks of everything that runs tests (--counts FILE): a line for each executable or file of tests,
"PASSED FAILED SKIPPED" and, as JSON, which one it is, the instruction sets that it ran on and why it skipped what."""

import collections
import json
import pathlib
from collections.abc import Iterable

HELP = "file to add a line to for each file of tests: 'PASSED FAILED SKIPPED', and what scripts/matrix shows"


def add(
    path: pathlib.Path | None, test: str, passed: int, failed: int, skips: Iterable[str] = (), isas: Iterable[str] = ()
) -> None:
    if path is None:
        return
    reasons = collections.Counter(skips)
    about = {"test": test, "isas": sorted(set(isas)), "skips": dict(reasons.most_common())}
    with path.open("a") as file:
        print(int(passed), int(failed), reasons.total(), json.dumps(about), file=file)
