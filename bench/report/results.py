# SPDX-License-Identifier: MIT
"""Reads a results.json, and trusts nothing in it."""

import functools
import json
import pathlib
import typing
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import jsonschema

from .model import Cell, Result

SCHEMA = pathlib.Path(__file__).parents[1] / "results.schema.json"
LARGEST = 2**64
FARTHEST = 1e30  # that a measurement lies from 1, either way: ratios and rates of such do not overflow
LONGEST_TEXT = 120  # of what an error quotes
FOREIGN = {  # the keys that give another program's file away
    "Google Benchmark's own JSON": ("context", "benchmarks"),
    "a result of scripts/accuracy": ("cases", "exp"),
    "a result of scripts/peers": ("rows", "fastest"),
}


class ResultError(Exception):
    """Says which file, where in it, and what to do."""


class _Bad(Exception):
    """Where in the file, and what is wrong there."""


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def schema_version() -> int:
    return _validator().schema["properties"]["schema_version"]["const"]


def _refuse_constant(text: str) -> typing.NoReturn:
    raise _Bad(f"{text} is no number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if value and not 1 / FARTHEST <= abs(value) <= FARTHEST:
        raise _Bad(f"{_short(text)} is no measurement: beyond {FARTHEST:g} or below 1 / {FARTHEST:g}")
    return value


def _int(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST:
        raise _Bad(f"{_short(text)} is beyond 64 bits")
    return int(text)


def _short(text: str) -> str:
    half = LONGEST_TEXT // 2  # values may be long, and what is wrong with them stands behind
    return text if len(text) <= LONGEST_TEXT else f"{text[:half]} ... {text[-half:]}"


def _parse(text: str) -> object:
    try:
        data = json.loads(text, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int)
        json.dumps(data, ensure_ascii=False).encode()
        return data
    except UnicodeEncodeError:
        raise _Bad("a text in it has half a surrogate pair, which is no character") from None
    except json.JSONDecodeError as error:
        raise _Bad(f"line {error.lineno}, column {error.colno}: {error.msg}: it was cut off or changed") from None
    except RecursionError:
        raise _Bad("nested too deeply") from None


def _check_kind(data: object, any_version: bool) -> None:
    if not isinstance(data, dict):
        raise _Bad("is no result of scripts/bench: a result is a JSON object")
    for what, keys in FOREIGN.items():
        if all(key in data for key in keys):
            raise _Bad(f"is {what}, not a results.json of scripts/bench")
    if "schema_version" not in data:
        raise _Bad("is no result of scripts/bench: it has no schema_version")
    if data["schema_version"] != schema_version() and not any_version:
        raise _Bad(
            f"schema_version is {_short(json.dumps(data['schema_version']))}, this program reads {schema_version()}: "
            "take the commit of libaft that wrote it (libaft.commit in the file), or measure anew"
        )


def _place(data: dict, path: list[str | int]) -> str:
    """As "cells[3] (NAME).samples_ns[0]: "."""
    text = ""
    for index, key in enumerate(path):
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
        if index == 1 and path[0] == "cells" and isinstance(data["cells"][key], dict):
            text += f" ({_short(str(data['cells'][key].get('name')))})"
    return f"{text.removeprefix('.')}: " if text else ""


def _check_schema(data: dict) -> None:
    errors = [error for error in _validator().iter_errors(data) if list(error.path) != ["schema_version"]]
    if error := jsonschema.exceptions.best_match(errors):
        raise _Bad(f"{_place(data, list(error.absolute_path))}{_short(error.message)}")


def _lengths(cell: Cell) -> dict[str, int]:
    beside = {f"beside.{field.name}": len(getattr(cell.beside, field.name)) for field in fields(cell.beside)}
    return {"samples_ns": len(cell.samples_ns), "process": len(cell.process)} | beside


def _contradictions(cell: Cell) -> Iterator[str]:
    lengths = _lengths(cell)
    if len(set(lengths.values())) > 1:
        yield "differ in length: " + ", ".join(f"{name} {length}" for name, length in lengths.items())
    if (cell.summary is None) != (not cell.samples_ns):
        yield "summary is null where there are no samples, and only there"
    if cell.failure is not None and cell.samples_ns:
        yield "what failed its check is not timed, but there are samples"
    if (cell.window is None) == (cell.kernel == "local"):
        yield "window is a number for local, and null for others"
    if cell.rows.first + cell.rows.count > cell.time:
        yield f"rows end at {cell.rows.first + cell.rows.count}, of {cell.time}"
    if cell.work.elements == 0:
        yield "work.elements is 0"
    if cell.summary and not 0 < cell.summary.low_ns <= cell.summary.median_ns <= cell.summary.high_ns:
        yield "summary: not 0 < low_ns <= median_ns <= high_ns"


def _check_consistency(result: Result) -> None:
    for index, cell in enumerate(result.cells):
        for text in _contradictions(cell):
            raise _Bad(f"cells[{index}] ({cell.name}): {text}")
    for name, count in Counter(cell.name for cell in result.cells).items():
        if count > 1:
            raise _Bad(f"cells: {count} are named {name}")
    for key, count in Counter((c.name, c.isa, c.threads) for c in result.ceilings).items():
        if count > 1:
            raise _Bad(f"ceilings: {count} of {key[0]} on {key[1]}, {key[2]} threads")


def _build(kind: type, data: object) -> object:
    """A value of valid JSON as the type that a field is declared with."""
    if is_dataclass(kind):
        types = typing.get_type_hints(kind)
        return kind(**{name: _build(types[name], value) for name, value in data.items()})
    options = typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return [_build(options[0], value) for value in data] if is_dataclass(options[0]) else data
    inner = [option for option in options if is_dataclass(option) or typing.get_origin(option) is list]
    return _build(inner[0], data) if data is not None and inner else data


def from_json(data: dict, path: str) -> Result:
    """Of valid data."""
    return _build(Result, data | {"path": path})


def parse(text: str, path: str, any_version: bool = False) -> Result:
    try:
        data = _parse(text)
        _check_kind(data, any_version)
        _check_schema(data)
        result = from_json(data, path)
        _check_consistency(result)
    except _Bad as error:
        raise ResultError(f"{path}: {error}; give a results.json as scripts/bench wrote it, or its folder") from None
    return result


def read(place: pathlib.Path, any_version: bool = False) -> Result:
    """Of a results.json, or of the folder it lies in."""
    path = place
    try:
        path = place / "results.json" if place.is_dir() else place
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ResultError(f"{path}: is no text; give a results.json as scripts/bench wrote it, or its folder") from None
    except OSError as error:
        raise ResultError(f"{path}: {error.strerror}; give a results.json of scripts/bench, or its folder") from None
    return parse(text, str(path), any_version)
