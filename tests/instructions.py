# SPDX-License-Identifier: MIT
"""Which instructions of an object lie above the level that they are for.

The judge is the assembler: it knows what CPU each form of each instruction takes, and under -march refuses what the
level does not have. So the disassembly goes through it once more.
"""

import collections
import itertools
import re
import subprocess
from collections.abc import Callable
from typing import NamedTuple

# What dispatch/cpu_*.c ask a CPU for, and the base of the architecture, as the assembler says it. IBT: of it compilers
# write endbr64 alone, which does nothing on other CPUs.
_X86 = "generic64+ibt"
_AVX2 = f"{_X86}+avx2+fma"
_LEVELS = {
    "elf64-x86-64": {"scalar": _X86, "avx2": _AVX2, "avx512": f"{_AVX2}+avx512f+avx512vl+avx512dq+avx512bw"},
    "elf64-littleaarch64": {"scalar": "armv8-a", "neon": "armv8-a"},
}
_BEHIND_A_TEST = {"xgetbv"}  # dispatch/cpu_x86.c: where OSXSAVE is set

_FORMAT = re.compile(r"file format (\S+)")
_FUNCTION = re.compile(r"[0-9a-f]+ <(.*)>:$")
_INSTRUCTION = re.compile(r" *[0-9a-f]+:\t([0-9a-f ]+)\t(.+)")
_TARGET = re.compile(r"\b(0x)?[0-9a-f]+ <[^>]*>")  # of a jump; it does not matter where to
_PADDING = re.compile(r"^(data16 )+(cs )?")  # before a nop: the assembler takes a prefix once
_NO_INSTRUCTION = re.compile(r"\(bad\)|\.inst\b|\.byte\b")
_EVEX = re.compile(r"((26|2e|36|3e|64|65|67) )*62 ")  # the text may have a VEX form, too
_COMPLAINT = re.compile(r".*?:(\d+): Error: (.*)")


class Broken(NamedTuple):
    function: str
    instruction: str
    why: str


def levels(listing: str) -> dict[str, str]:
    """What the assembler is told for each level of the architecture that objdump's listing is of."""
    return _LEVELS[_FORMAT.search(listing)[1]]


def instructions(listing: str) -> list[tuple[str, str, str]]:
    """(function, bytes, text) of what `objdump --disassemble --wide` lists."""
    found, function = [], ""
    for line in listing.splitlines():
        if header := _FUNCTION.match(line):
            function = header[1]
        elif instruction := _INSTRUCTION.match(line):
            found.append((function, instruction[1], instruction[2].strip()))
    return found


def above(listing: str, assembler: str, level_of: Callable[[str], str]) -> list[Broken]:
    """The instructions that are above their function's level."""
    by_level = collections.defaultdict(list)
    for instruction in instructions(listing):
        by_level[level_of(instruction[0])].append(instruction)
    known = levels(listing)
    return list(itertools.chain(*(_refused(assembler, known[level], found) for level, found in by_level.items())))


def _refused(assembler: str, march: str, found: list[tuple[str, str, str]]) -> list[Broken]:
    source = "\n".join(_PADDING.sub("", _TARGET.sub(".", text)) for _, _, text in found)
    command = [assembler, f"-march={march}", "-o", "/dev/null", "-"]
    said = subprocess.run(command, input=f"{source}\n", stderr=subprocess.PIPE, text=True)
    complaints = [complaint for line in said.stderr.splitlines() if (complaint := _COMPLAINT.match(line))]
    if said.returncode and not complaints:
        raise RuntimeError(f"{' '.join(command)} says: {said.stderr}")
    why = {int(complaint[1]) - 1: complaint[2] for complaint in complaints}
    for i, (_, code, text) in enumerate(found):
        if _NO_INSTRUCTION.match(text):
            why.setdefault(i, "the disassembler does not know it")
        if "avx512" not in march and march.startswith(_X86) and _EVEX.match(code):
            why.setdefault(i, "it is encoded for AVX-512")
    return [Broken(found[i][0], found[i][2], why[i]) for i in sorted(why) if found[i][2] not in _BEHIND_A_TEST]
