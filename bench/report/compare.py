# SPDX-License-Identifier: MIT
"""scripts/compare: results of scripts/bench side by side."""

import sys

from common import ending, whole_file

from .options import parse_arguments

WIDTH = 240  # where no terminal says its own


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    from rich.console import Console  # only now: --help does without packages

    from . import run
    from .comparison import Incomparable
    from .results import ResultError

    try:
        return run.run(options, Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False))
    except (ResultError, Incomparable, whole_file.WriteError) as error:
        print(f"scripts/compare: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    ending.run("scripts/compare", lambda: main(sys.argv[1:]))
