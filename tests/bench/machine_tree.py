# SPDX-License-Identifier: MIT
"""Unpacks the recorded machines of tests/bench/machines/, whose README.md describes the format."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).parent / "machines"
HEADING = re.compile(r"^== (\S+)(?: each \{([\d,-]+)\})?\n", re.MULTILINE)
NUMBERS = re.compile(r"\{([\d,-]+)\}")
BYTE = re.compile(r"\\x([0-9a-f]{2})")


def numbers(text: str) -> list[int]:
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def with_number(content: str, number: int) -> str:
    return re.sub(r"\{n([+-]\d+)?\}", lambda place: str(number + int(place[1] or 0)), content)


def add(path: pathlib.Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(BYTE.sub(lambda byte: chr(int(byte[1], 16)), content).encode("latin-1"))


def unpack(text: str, root: pathlib.Path) -> None:
    _, *parts = HEADING.split(text)
    for path, each, content in zip(parts[::3], parts[1::3], parts[2::3]):
        if path.endswith("/"):
            (root / path[1:]).mkdir(parents=True)
        elif each:
            add(root / path[1:], "".join(with_number(content, number) for number in numbers(each)))
        elif of_many := NUMBERS.search(path):
            for number in numbers(of_many[1]):
                add(root / path[1:].replace(of_many[0], str(number)), with_number(content, number))
        else:
            add(root / path[1:], content)
