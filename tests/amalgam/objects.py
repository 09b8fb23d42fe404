# SPDX-License-Identifier: MIT
"""What an object file holds, by the binutils of its architecture."""

import pathlib
import re
import subprocess

from .compilers import CROSS, Compiler

PUBLIC = re.compile(r"^AFT_API [^(]*?\b(aft_\w+)\(", re.MULTILINE)


def _path(name: str, compiler: Compiler) -> str:
    return f"{CROSS}-{name}" if compiler.cross else name


def _tool(name: str, compiler: Compiler, *arguments: str | pathlib.Path) -> str:
    command = [_path(name, compiler), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def undefined(compiler: Compiler, path: pathlib.Path) -> set[str]:
    return set(_tool("nm", compiler, "--undefined-only", "--format=just-symbols", path).split())


def exported(compiler: Compiler, path: pathlib.Path) -> set[str]:
    return set(_tool("nm", compiler, "--extern-only", "--defined-only", "--format=just-symbols", path).split())


def section_bytes(compiler: Compiler, path: pathlib.Path) -> dict[str, int]:
    """Those that end up in memory."""
    listing = re.findall(
        r"^ +\d+ (\S+) +([0-9a-f]+) .*\n +(.*)", _tool("objdump", compiler, "--section-headers", path), re.MULTILINE
    )
    return {name: int(size, 16) for name, size, flags in listing if "ALLOC" in flags and int(size, 16)}


def disassembly(compiler: Compiler, path: pathlib.Path) -> str:
    return _tool("objdump", compiler, "--disassemble", "--no-show-raw-insn", path)


def listing(compiler: Compiler, path: pathlib.Path) -> str:
    """As instructions.above reads it."""
    return _tool("objdump", compiler, "--disassemble", "--wide", path)


def assembler(compiler: Compiler) -> str:
    return _path("as", compiler)


def assembled(compiler: Compiler, source: str, folder: pathlib.Path) -> pathlib.Path:
    compiler.require()
    (folder / "source.s").write_text(source)
    _tool("as", compiler, folder / "source.s", "-o", folder / "object.o")
    return folder / "object.o"


def public_functions(dist: pathlib.Path) -> set[str]:
    return set(PUBLIC.findall((dist / "aft.h").read_text()))
