# SPDX-License-Identifier: MIT
"""Whether a result is right and whole: the page's first line."""

from typing import NamedTuple

from .model import Result


class Verdict(NamedTuple):
    outcome: str  # a class of the style sheets
    word: str
    sentence: str


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def verdict(result: Result) -> Verdict:
    cells = result.cells
    failed = sum(cell.failure is not None for cell in cells)
    timed = sum(cell.summary is not None for cell in cells)
    extent = f"{timed:,} of {count(len(cells), 'cell')} measured"
    if failed:
        sentence = f"{failed:,} of {count(len(cells), 'cell')} failed the check: not timed."
        interrupted = "" if result.complete else f" The run was interrupted: {extent}."
        return Verdict("failed", "✗ FAILED", sentence + interrupted)
    if not timed:
        return Verdict(
            "partial", "◐ EMPTY", "No cell was measured." + " The run was interrupted." * (not result.complete)
        )
    if not result.complete or timed < len(cells):
        reason = "the run has gaps" if result.complete else "the run was interrupted"
        return Verdict("partial", "◐ PARTIAL", f"{reason.capitalize()}: {extent}, each with the right result.")
    return Verdict("passed", "✓ CORRECT", f"{count(timed, 'cell')} measured, each with the right result.")


def remarks(result: Result) -> list[str]:
    """What a reader of the verdict alone must not miss."""
    noisy = sum(cell.summary is not None and cell.summary.noisy for cell in result.cells)
    found = [f"{count(noisy, 'cell')} too noisy to win."] if noisy else []
    found += [f"{isa.name} skipped: {isa.skipped}." for isa in result.isas if isa.skipped]
    if result.libaft.dirty:
        found.append("Built from files that differed from the commit.")
    if not result.settings.pinned:
        found.append("Threads were not bound to cores.")
    return found
