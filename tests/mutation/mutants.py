# SPDX-License-Identifier: MIT
"""Mutants of a C file, by the rules of universalmutator: what each changes, and its object file."""

import contextlib
import dataclasses
import hashlib
import io
import json
import pathlib
import re
import shlex
import subprocess

from common import whole_file

RULES = ["universal.rules", "c.rules", "c_like.rules"]
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"^\w[^;=]*?(\w+)\(")
# What a rule's pattern or replacement shows of its kind; the first that fits counts.
KINDS = [
    ("statement removed", lambda old, new: "/*" in new),
    ("jump inserted", lambda old, new: "break;" in new or "continue;" in new),
    ("condition forced or negated", lambda old, new: old.startswith(("if", "while", "else")) or "==1)" in new),
    ("constant", lambda old, new: r"\d" in old),
    ("logical operator", lambda old, new: old in ("&&", r"\|\|", "!")),
    ("comparison", lambda old, new: re.search(r"[<>]|[!=]=", old) and "=]" not in old),
    ("arguments swapped", lambda old, new: old.startswith("([") and "," in old),
    ("name or string", lambda old, new: re.match(r'\w+$|"', old)),
    ("arithmetic", lambda old, new: True),
]


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    function: str
    line: int
    before: str
    after: str
    kind: str

    @property
    def key(self):
        """What stays the same when other lines change."""
        return self.file, self.function, self.before, self.after

    def __str__(self):
        return f"{self.file}:{self.line}, {self.function}\n    - {self.before}\n    + {self.after}"


def kind_of(rule):
    old, new = re.split(r" ==> ?", rule, maxsplit=1)
    return next(name for name, fits in KINDS if fits(old, new))


def without_comments(text):
    """The same lines: the rules skip one that holds a comment."""
    return COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)


def functions_of(lines):
    names, name = [], "file scope"
    for line in lines:
        if found := FUNCTION.match(line):
            name = found[1]
        names.append(name)
        if line.startswith("}"):
            name = "file scope"
    return names


def mutants_of(root, file):
    """(the lines without comments, [(mutant, its line as it stands)])"""
    from universalmutator import mutator  # here, so that --help needs nothing

    lines = [line.rstrip() + "\n" for line in without_comments((root / file).read_text()).splitlines()]
    functions = functions_of(lines)
    with contextlib.redirect_stdout(io.StringIO()):
        made = mutator.mutants_regexp(lines, ruleFiles=RULES, ignorePatterns=[])
    mutants = {}
    for number, text, (rule, _), _ in made:
        after = re.sub(r"\s+", " ", text).strip()
        before = re.sub(r"\s+", " ", lines[number - 1]).strip()
        mutant = Mutant(file, functions[number - 1], number, before, after, kind_of(rule))
        mutants.setdefault((number, after), (mutant, text))
    return lines, list(mutants.values())


class Compiler:
    """Compiles a file of a build folder as that did, but for warnings: they are no errors of a mutant."""

    def __init__(self, build, root, file, kept):
        entries = json.loads((build / "compile_commands.json").read_text())
        entry = next(e for e in entries if pathlib.Path(e["file"]) == root / file and "aft.dir" in e["command"])
        self.working, self.kept, self.name = entry["directory"], kept, pathlib.Path(file).name
        words = shlex.split(entry["command"])
        self.command = [word for word in words[: words.index("-o")] if word != "-Werror"] + ["-w"]
        headers = sorted(root.glob("dispatch/*.h")) + [root / "include/aft.h"]
        self.headers = "".join(path.read_text() for path in headers)

    def compile(self, text, flags=()):
        """The object of a text in place of the file; None where it does not compile. Not done twice. That the compiler
        fails on something else than the text, as on a full disk, is an error, and says nothing of the text."""
        command = [*self.command, *flags]
        folder = self.kept / hashlib.sha256("\0".join([*command, self.headers, text]).encode()).hexdigest()[:24]
        source, made, refused = folder / self.name, folder / f"{self.name}.o", folder / "refused"
        if refused.exists():
            return None
        if not made.exists():
            whole_file.write(source, text)
            command += ["-o", f"{made}.new", "-c", str(source)]
            done = subprocess.run(command, cwd=self.working, stderr=subprocess.PIPE, text=True)
            if re.search(rf"{self.name}:\d+:(\d+:)? error:", done.stderr):  # a fatal one may be about the disk
                refused.touch()
                return None
            done.check_returncode()
            pathlib.Path(f"{made}.new").rename(made)
        return made
