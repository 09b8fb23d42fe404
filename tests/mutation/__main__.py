# SPDX-License-Identifier: MIT
"""Runs the tests on mutants of the files that check arguments and choose the instruction set. Fails where a mutant
survives that tests/mutation/survivors.toml does not explain. What was tried is kept in build/mutation: a run that was
stopped goes on where it was."""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import time
from importlib import metadata

from common import counts, cpu, ending, workers

from mutation import mutants, page, survivors
from mutation.memory import Memory, digest_of
from mutation.trial import NOT_LINKED, Trial

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/test"
KEPT = ROOT / "build/mutation"
PAGE = ROOT / "tests/MUTATION.md"
FILES = ["dispatch/check.c", "dispatch/dispatch.c", "dispatch/sizes.c"]


@dataclasses.dataclass
class Class:
    """Mutants that compile to the same object."""

    made: pathlib.Path
    mutants: list
    killed: tuple | None = None  # (test, how)


@dataclasses.dataclass
class Result:
    file: str
    made: int = 0
    rejected: int = 0
    same: int = 0
    repeated: int = 0
    classes: list = dataclasses.field(default_factory=list)

    def drop_not_linked(self):
        linked = [one for one in self.classes if not one.killed or one.killed[1] != NOT_LINKED]
        self.rejected += len(self.classes) - len(linked)
        self.classes = linked


def all_of(begin, work, things):
    """What work makes of each, several at once."""
    pieces = [begin(work, thing) for thing in things]
    return [piece.result() for piece in pieces]


def compile_all(begin, compiler, file, every, explained):
    """(the object of the file itself, what became of its mutants)"""
    lines, made = mutants.mutants_of(ROOT, file)
    chosen = range(0, len(made), every)
    others = [i for i in range(len(made)) if i % every and made[i][0].key in explained]
    original = compiler.compile("".join(lines))

    def compile_one(index):
        mutant, text = made[index]
        whole = lines[: mutant.line - 1] + [text] + lines[mutant.line :]
        return compiler.compile("".join(whole))

    result, classes = Result(file, made=len(chosen)), {}
    for index, compiled in zip(chosen, all_of(begin, compile_one, chosen)):
        mutant = made[index][0]
        digest = digest_of(compiled) if compiled else None
        if compiled is None:
            result.rejected += 1
        elif digest == digest_of(original):
            result.same += 1
        elif digest in classes:
            result.repeated += 1
            classes[digest].mutants.append(mutant)
        else:
            classes[digest] = Class(compiled, [mutant])
    for index, compiled in zip(others, all_of(begin, compile_one, others)):  # one may be the same as one of the sample
        if compiled and digest_of(compiled) in classes:
            classes[digest_of(compiled)].mutants.append(made[index][0])
    result.classes = list(classes.values())
    return original, result


def try_all(begin, trial, classes):
    """Fills in what kills each; says how many seconds they took in all."""

    def try_one(one):
        one.killed, seconds = trial.kill(one.made)
        return seconds

    return sum(all_of(begin, try_one, classes))


def facts(seconds):
    said = subprocess.run(["gcc", "--version"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {
        "tool": f"universalmutator {metadata.version('universalmutator')}",
        "compiler": said[0] if said else "gcc",
        "minutes": seconds / 60,
        "cpu": cpu.name(),
    }


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("files", nargs="*", default=FILES, metavar="FILE", help=f"default: {' '.join(FILES)}")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th mutant of a file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once (default: all cores)")
    parser.add_argument("--record", action="store_true", help=f"write {PAGE.relative_to(ROOT)}: of a whole run alone")
    parser.add_argument("--counts", type=pathlib.Path, help=counts.HELP)
    arguments = parser.parse_args()
    whole = arguments.files == FILES and arguments.every == 1
    if arguments.record and not whole:
        parser.error("--record needs all files, and every mutant")

    memory, explained = Memory(KEPT), survivors.explanations()
    results, seconds, start = [], 0, time.monotonic()
    with workers.pool(arguments.jobs) as begin:
        for file in arguments.files:
            compiler = mutants.Compiler(BUILD, ROOT, file, KEPT / "objects")
            original, result = compile_all(begin, compiler, file, arguments.every, explained)
            seconds += try_all(begin, Trial(BUILD, compiler, original, memory), result.classes)
            result.drop_not_linked()
            results.append(result)
            tried = page.score(result.classes)
            print(f"    {file:<20} {result.made} mutants, killed {tried} of those that differ", flush=True)
    print(f"    {time.monotonic() - start:.0f} s")
    classes = [one for result in results for one in result.classes]
    unexplained, stale = survivors.judge(classes, explained, whole)
    for one in unexplained:
        print(f"    FAILED: no test sees, and {survivors.FILE.name} does not explain {one.mutants[0]}")
    for key in stale:
        print(f"    FAILED: {survivors.FILE.name} explains what does not survive: {key}")
    failed = len(unexplained) + len(stale)
    counts.add(arguments.counts, "scripts/mutation", len(classes) - len(unexplained), failed)
    if failed or not classes:
        return 1
    if arguments.record:
        page.write(PAGE, results, explained, facts(seconds))
    return 0


if __name__ == "__main__":
    ending.run("scripts/mutation", main)
