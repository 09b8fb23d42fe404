# SPDX-License-Identifier: MIT
"""Writes what people read beside the results.json that scripts/bench wrote: results.csv, results.md and page.html."""

import argparse
import pathlib
import sys

from common import ending, whole_file

from . import tables
from .page import render
from .results import ResultError, read


def write(folder: pathlib.Path) -> None:
    result = read(folder)
    whole_file.write(folder / "results.csv", tables.to_csv(result))
    whole_file.write(folder / "results.md", tables.to_markdown(result))
    whole_file.write(folder / "page.html", render([result]))
    print(f"tables and page: {folder}/results.csv, results.md, page.html")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="report", description=__doc__, epilog="Exit status: 0 written, 2 not.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("write", help=__doc__)
    command.add_argument("folder", type=pathlib.Path, metavar="FOLDER", help="of the results.json")
    options = parser.parse_args(arguments)
    try:
        write(options.folder)
    except (ResultError, whole_file.WriteError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"report: interrupted; scripts/bench --report={options.folder} makes the page again", file=sys.stderr)
        raise
    return 0


if __name__ == "__main__":
    ending.run("report", lambda: main(sys.argv[1:]))
