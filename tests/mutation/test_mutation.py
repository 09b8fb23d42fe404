# SPDX-License-Identifier: MIT
"""scripts/mutation: what it makes of a file, and that it fails where a survivor has no explanation, or an explanation
has no survivor."""

import json
import pathlib
import subprocess
import types

import pytest
from common import whole_file

from mutation import mutants, page, survivors
from mutation.memory import Memory

SOURCE = """/* a < b */
static int smaller(int a, int b) { /* a < b */
    return a < b;
}

int twice(int a) {
    return 2 * a;
}
"""


@pytest.fixture
def made(tmp_path):
    (tmp_path / "file.c").write_text(SOURCE)
    return [mutant for mutant, _ in mutants.mutants_of(tmp_path, "file.c")[1]]


def one(mutant, killed):
    return types.SimpleNamespace(mutants=[mutant], killed=killed)


def test_mutants_name_line_and_function(made):
    found = {(m.line, m.function, m.after, m.kind) for m in made}
    assert (3, "smaller", "return a >= b;", "comparison") in found
    assert (7, "twice", "return 2 + a;", "arithmetic") in found
    assert (7, "twice", "/*return 2 * a;*/", "statement removed") in found
    assert 1 not in {m.line for m in made} and not any("/*" in m.before for m in made), "a comment is no code"


def test_a_survivor_needs_an_explanation(made):
    killed, survivor = one(made[0], ("arguments", "failed")), one(made[1], None)
    assert survivors.judge([killed, survivor], {}, True) == ([survivor], [])
    assert survivors.judge([killed, survivor], {made[1].key: "why"}, True) == ([], [])


def test_an_explanation_needs_a_survivor(made):
    killed = one(made[0], ("arguments", "failed"))
    assert survivors.judge([killed], {made[0].key: "why"}, False) == ([], [made[0].key])
    assert survivors.judge([killed], {made[1].key: "why"}, True) == ([], [made[1].key])
    assert survivors.judge([killed], {made[1].key: "why"}, False) == ([], []), "it was not tried"


def test_explained_twice_is_refused(tmp_path):
    mutant = "[[survivor.mutants]]\nfile = 'f'\nin = 'g'\nfrom = 'a'\nto = 'b'\n"
    (tmp_path / "survivors.toml").write_text(f"[[survivor]]\nwhy = 'c'\n{mutant}{mutant}")
    with pytest.raises(SystemExit, match="explained twice"):
        survivors.explanations(tmp_path / "survivors.toml")


def test_a_run_goes_on_where_it_was(tmp_path):
    assert Memory(tmp_path).ask("object", "test 1", lambda: ("failed", 3)) == ("failed", 3)
    assert Memory(tmp_path).ask("object", "test 1", lambda: pytest.fail("is known")) == ("failed", 3)
    assert Memory(tmp_path).ask("object", "test 2", lambda: (None, 5)) == (None, 5), "another program"


def test_what_cannot_be_remembered_is_an_error(tmp_path):
    memory = Memory(tmp_path)
    memory.path = pathlib.Path("/dev/full")
    with pytest.raises(whole_file.WriteError, match="cannot write /dev/full: No space left on device"):
        memory.ask("object", "test", lambda: (None, 5))


@pytest.fixture
def compiler(tmp_path):
    """Makes one that says this and ends so."""

    def make(said, ends):
        program, source = tmp_path / "compiler", tmp_path / "file.c"
        program.write_text(f"#!/bin/sh\necho '{said}' >&2\n{ends}\n")
        program.chmod(0o755)
        entry = {"directory": str(tmp_path), "file": str(source), "command": f"{program} -o aft.dir/file.c.o -c file.c"}
        (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
        (tmp_path / "include").mkdir(exist_ok=True)
        (tmp_path / "include/aft.h").touch()
        return mutants.Compiler(tmp_path, tmp_path, "file.c", tmp_path / "kept")

    return make


@pytest.mark.parametrize("said", ["file.c:3:5: error: of the text", "file.c:3: error: unterminated #else"])
def test_a_text_with_an_error_is_not_compiled_twice(compiler, said):
    assert compiler(said, "exit 1").compile(SOURCE) is None
    assert compiler("", "exec false").compile(SOURCE) is None


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("file.c:8:1: fatal error: error writing to /tmp/cc.s: No space left on device", "exit 1"),
        ("gcc: fatal error: Killed signal terminated program cc1", "exit 1"),
        ("", "kill -KILL $$"),
    ],
    ids=["disk", "a part of the compiler", "compiler"],
)
def test_a_compiler_that_something_stops_is_an_error(compiler, said, ends):
    for _ in range(2):  # nor is it remembered
        with pytest.raises(subprocess.CalledProcessError):
            compiler(said, ends).compile(SOURCE)


def test_page_shows_each_survivor_with_its_reason(made, tmp_path):
    classes = [one(made[0], ("arguments", "failed")), one(made[1], None)]
    result = types.SimpleNamespace(file="file.c", made=9, rejected=3, same=2, repeated=2, classes=classes)
    facts = {"tool": "a tool 1.0", "compiler": "gcc", "minutes": 3, "cpu": "a CPU"}
    page.write(tmp_path / "page.md", [result], {made[1].key: "Nobody sees it."}, facts)
    text = (tmp_path / "page.md").read_text()
    assert "1 of 2 (50.0 %)" in text and "a tool 1.0" in text
    assert f"Nobody sees it.\n\n```diff\n# file.c, {made[1].function}\n-{made[1].before}\n+{made[1].after}\n```" in text
