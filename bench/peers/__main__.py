# SPDX-License-Identifier: MIT
"""scripts/peers: libaft and its peers side by side in one run."""

import argparse
import datetime
import json
import os
import pathlib
import re
import sys

from common import ending, whole_file
from performance import PAGE, NotRecorded, record

EXAMPLES = """examples:
  scripts/peers                                    every shape, one thread: about six minutes
  scripts/peers --quick                            few shapes: half a minute
  scripts/peers --threads 2 --json results/two.json
  scripts/peers --filter 'd=64|s=32' --isa avx2
  scripts/peers --record                           and write the tables of bench/PERFORMANCE.md
  cmake --preset peers -DAFT_EXP=builtin           libaft with its built-in exp from the next run on (sleef: back)

PyTorch, oneDNN, OpenBLAS and BLIS take the best instruction set that they find; --isa lowers libaft's alone.
Exit status: 0 all results agree with float64, 1 one does not, 2 it could not run. The ratios decide nothing."""


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1")
    return int(text)


def regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from None
    return text


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/peers",
        description="Checks libaft and its peers against float64 and times them in turn, on the same tensors.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="few shapes and rounds")
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="of every library (default: 1)")
    parser.add_argument("--filter", type=regex, default="", metavar="REGEX", help="only the shapes whose name fits")
    parser.add_argument("--isa", metavar="NAME", help="libaft's instruction set: scalar, avx2, avx512 or neon")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="where to write every ratio, with its spread")
    parser.add_argument("--record", action="store_true", help="write the tables into bench/PERFORMANCE.md")
    options = parser.parse_args()
    if options.record and (options.quick or options.filter or options.isa or options.threads != 1):
        parser.error("--record takes every shape on one thread: not with --quick, --filter, --isa or --threads")
    return options


def prepare_environment(threads: int) -> None:
    """What the libraries read when they are loaded."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[name] = str(threads)
    # BLIS asks Intel CPUs for their marketing name, and takes AVX2 where it does not know it, as in virtual machines.
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    if "GenuineIntel" in cpu and "avx512vl" in cpu:
        os.environ.setdefault("BLIS_ARCH_TYPE", "skx")


def head(options: argparse.Namespace) -> dict:
    return {
        "format": 1,
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "command": " ".join(["scripts/peers", *sys.argv[1:]]),
        "threads": options.threads,
    }


def main() -> int:
    options = parse_arguments()
    for path in (options.json, PAGE if options.record else None):
        if path:
            whole_file.expect_writable(path)
    prepare_environment(options.threads)
    from . import comparison, page  # only now: they load the libraries
    from .libaft import LibraryError

    try:
        found, agree = comparison.run(options)
        results = head(options) | found
        if options.json:
            whole_file.write(options.json, json.dumps(results, indent=1) + "\n")
            print(f"written: {options.json}")
        if options.record:
            record(page.COMMAND, page.section(results))
            print("recorded in bench/PERFORMANCE.md")
    except NotRecorded as error:
        print(f"scripts/peers: nothing is recorded: {error}", file=sys.stderr)
        return 1
    except (comparison.NoCase, LibraryError, OSError) as error:
        print(f"scripts/peers: {error}", file=sys.stderr)
        return 2
    return 0 if agree else 1


if __name__ == "__main__":
    ending.run("scripts/peers", main)
