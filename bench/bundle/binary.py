# SPDX-License-Identifier: MIT
"""What ELF files say of themselves, and which libraries a program loads."""

import os
import pathlib
import re
import subprocess
import sys

from bundle import Refusal

# e_machine of the ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
MACHINES = {62: "x86_64", 183: "aarch64"}
E_MACHINE = slice(18, 20)

# Where Debian keeps the libraries of an architecture, with that of the machine that builds or beside it.
FOLDERS = ("/lib/{}-linux-gnu", "/usr/lib/{}-linux-gnu")


def architecture(path: pathlib.Path) -> str | None:
    """As `uname -m` names it; None where the file is no program or library of an architecture known here."""
    with path.open("rb") as file:
        header = file.read(E_MACHINE.stop)
    if not header.startswith(b"\x7fELF"):
        return None
    return MACHINES.get(int.from_bytes(header[E_MACHINE], sys.byteorder))


def readelf(path: pathlib.Path, what: str) -> str:
    command = ["readelf", "--wide", what, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout


def needed(path: pathlib.Path) -> list[str]:
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.+)\]", readelf(path, "--dynamic"))


def loader_name(program: pathlib.Path) -> str:
    named = re.search(r"Requesting program interpreter: (.+)\]", readelf(program, "--program-headers"))
    if not named:
        raise Refusal(f"{program} names no loader: it is not linked to shared libraries")
    return pathlib.PurePath(named[1]).name


def oldest_kernel(library: pathlib.Path) -> str | None:
    """That the C library runs on, as "3.2.0"."""
    named = re.search(r"OS: Linux, ABI: ([\d.]+)", readelf(library, "--notes"))
    return named and named[1]


def find_library(name: str, arch: str) -> pathlib.Path:
    candidates = [pathlib.Path(folder.format(arch), name) for folder in FOLDERS]
    for path in candidates:
        if path.exists() and architecture(path) == arch:
            return path
    raise Refusal(f"there is no {name} for {arch} at {' or '.join(map(str, candidates))}: run scripts/setup bundle")


def closure(program: pathlib.Path) -> dict[str, pathlib.Path]:
    """Everything that running the program loads: its loader and its libraries, theirs and so on, by name."""
    arch = architecture(program)
    found: dict[str, pathlib.Path] = {}
    wanted = [loader_name(program), *needed(program)]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = find_library(name, arch)
            wanted += needed(found[name])
    return found
