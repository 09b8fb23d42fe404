# SPDX-License-Identifier: MIT
"""Writes the tables of PERFORMANCE.md from what a run has measured: no figure in them is typed."""

import json
import os
import pathlib
import re
import sys
from collections.abc import Iterable

from common import ending, whole_file

PAGE = pathlib.Path(__file__).with_name("PERFORMANCE.md")
END = "<!-- end -->\n"
COMMAND = "scripts/bench --table=speed --record"

EXPS = ("sleef", "builtin")  # the providers, of which each run has one

Rows = list[dict]


class NotRecorded(Exception):
    pass


def with_section(page: str, command: str, text: str) -> str:
    """The page with what this command writes; a reader finds by the marker what wrote it."""
    begin = f"<!-- written by {command} -->\n"
    before, began, rest = page.partition(begin)
    old, ended, after = rest.partition(END)
    if not (began and ended) or "<!--" in old:
        raise NotRecorded(f"{PAGE} has no lines '{begin.strip()}' and, behind it, '{END.strip()}'")
    return f"{before}{begin}\n{text}\n{END}{after}"


def record(command: str, text: str) -> None:
    whole_file.write(PAGE, with_section(PAGE.read_text("utf-8"), command, text))


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; columns whose heading begins with '>' are right-justified."""
    columns = [column.strip() for column in head.split("|")]
    lines = [[column.removeprefix(">") for column in columns]]
    lines += [["---:" if column.startswith(">") else "---" for column in columns]]
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def facts(contexts: list[dict[str, str]]) -> str:
    """Of the runs: what they share once."""
    values = {name: list(dict.fromkeys(context[name] for context in contexts)) for name in contexts[0]}
    return table("run |", ((name, "; ".join(different)) for name, different in values.items()))


def measured(row: dict) -> tuple[str, str, str]:
    if "skipped" in row:
        return "", "", f"skipped: {row['skipped']}"
    verdict = "met" if row["met"] else "**short**"
    return f"{row['measured']:.3f}", f"{row['low']:.3f} .. {row['high']:.3f}", f"{verdict} {row['note']}".strip()


def speeds(rows: Rows) -> str:
    sense = {"at least": "≥", "at most": "≤"}
    return table(
        "row | measure | >bound | >measured | >half of the rounds |",
        ((row["text"], row["unit"], f"{sense[row['sense']]} {row['bound']:.2f}", *measured(row)) for row in rows),
    )


def of_unit(rows: Rows, unit: str) -> dict[str, dict]:
    return {row["text"]: row for row in rows if row["unit"] == unit and "measured" in row}


def times(rows: Rows) -> str:
    """AFT-full: what its time is made of, in times of its flops at the rate of the ceiling."""
    shares = of_unit(rows, "of peak")
    parts = []
    for text, given in shares.items():
        if prepared := shares.get(f"{text}, prepared"):
            time, prepared_time = 1 / given["measured"], 1 / prepared["measured"]
            clock = prepared_time * (1 - prepared["rate_behind"])
            rest = prepared_time - 1 - 1 / 16 - clock
            numbers = (f"{part:.3f}" for part in (clock, rest, time - prepared_time))
            parts.append([text, f"{time:.3f}", "1", "1/16", *numbers])
    return table("shape | >time | >flops | >chains | >clock | >tile, gates, panels | >weights", parts)


def providers(rows: Rows) -> str:
    """AFT-simple with either exp, against the same stream."""
    shares = of_unit(rows, "of stream")
    parts = []
    for text, sleef in shares.items():
        if (row := re.fullmatch("(.*), sleef exp", text)) and (builtin := shares.get(f"{row[1]}, builtin exp")):
            of_sleef, of_builtin = sleef["measured"], builtin["measured"]
            parts.append([row[1], f"{of_sleef:.3f}", f"{of_builtin:.3f}", f"{of_builtin / of_sleef:.2f}"])
    return table("share of stream | >SLEEF | >built-in | >speed", parts)


def section(runs: list[dict]) -> str:
    rows = [row for run in runs for row in run["rows"]]
    wrong = [f"{row['text']}: {row['wrong']}" for row in rows if "wrong" in row]
    if wrong:
        raise NotRecorded("; ".join(wrong))
    for exp in EXPS:
        if not any(row["text"].endswith(f", {exp} exp") for row in rows):
            raise NotRecorded(f"no run has rows of the {exp} exp: the page has whole tables")
    return "\n".join([facts([run["context"] for run in runs]), speeds(rows), times(rows), providers(rows)])


def read(file: str) -> dict:
    try:
        run = json.loads(pathlib.Path(file).read_text("utf-8"))
        run["context"], run["rows"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotRecorded(f"{file} is damaged, measure again: {error!r}") from None
    return run


def main(files: list[str]) -> int:
    try:
        # The run on the default provider comes first: it has the rows that are about none.
        runs = [read(file) for file in files]
        runs.sort(key=lambda run: -len(run["rows"]))
        record(COMMAND, section(runs))
    except (NotRecorded, OSError) as error:
        print(f"scripts/bench: nothing is recorded: {error}", file=sys.stderr)
        return 3
    print(f"recorded in {os.path.relpath(PAGE)}")
    return 0


if __name__ == "__main__":
    ending.run("scripts/bench", lambda: main(sys.argv[1:]))
