# SPDX-License-Identifier: MIT
"""HTML of tables. What a result says is text here, whatever it holds."""

import html
import json
from collections.abc import Iterable
from typing import NamedTuple


class Field(NamedTuple):
    """A table's cell: its text, and the number it is sorted by."""

    text: str
    value: float | None = None
    flag: str = ""  # a class of the style sheets


def escape(text: object) -> str:
    return html.escape(str(text))


def json_of(data: object) -> str:
    """For a script element, which ends at the first `</script`, wherever that stands."""
    return json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def field(found: Field, number: bool) -> str:
    classes = " ".join(filter(None, ("number" * number, found.flag)))
    attributes = f' class="{classes}"' * bool(classes)
    if found.value is not None:
        attributes += f' data-value="{found.value!r}"'
    return f"<td{attributes}>{escape(found.text)}</td>"


def scrolled(label: str, table: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">\n{table}\n</div>'


def fold(summary: str, content: str) -> str:
    return f"<details>\n<summary>{escape(summary)}</summary>\n{content}\n</details>"


def filtered(name: str, example: str, content: str) -> str:
    """A table with a field that words to find in its rows are written in."""
    return (
        f'<p class="filter live-only"><label>Rows with <input type="search" data-table="{name}" placeholder="{example}"'
        f' aria-describedby="{name}-shown" autocomplete="off" spellcheck="false"></label>'
        f' <output id="{name}-shown"></output></p>\n{content}'
    )


def table(
    label: str,
    head: list[str],
    rows: Iterable[tuple[str, list[Field]]],
    numbers: Iterable[int] = (),
    name: str = "",
    flags: Iterable[str] = (),
) -> str:
    """Rows begin with their header; `numbers` are the columns set right, `flags` classes of rows."""
    numbers, flags = set(numbers), list(flags)
    heads = "".join(f'<th scope="col"{" class=number" * (i in numbers)}>{escape(h)}</th>' for i, h in enumerate(head))
    body = ""
    for i, (title, fields) in enumerate(rows):
        flag = f' class="{flags[i]}"' if flags and flags[i] else ""
        cells = "".join(field(found, column in numbers) for column, found in enumerate(fields, 1))
        body += f'<tr{flag}><th scope="row">{escape(title)}</th>{cells}</tr>\n'
    identity = f' id="{name}" class="sortable"' if name else ""
    return scrolled(label, f"<table{identity}>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>")
