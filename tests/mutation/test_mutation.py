# SPDX-License-Identifier: MIT
"""scripts/mutation: what it makes of a file, and that it fails where a survivor has no explanation, or an explanation
has no survivor."""

import types

import pytest

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


def test_page_shows_each_survivor_with_its_reason(made, tmp_path):
    classes = [one(made[0], ("arguments", "failed")), one(made[1], None)]
    result = types.SimpleNamespace(file="file.c", made=9, rejected=3, same=2, repeated=2, classes=classes)
    facts = {"tool": "a tool 1.0", "compiler": "gcc", "minutes": 3, "cpu": "a CPU"}
    page.write(tmp_path / "page.md", [result], {made[1].key: "Nobody sees it."}, facts)
    text = (tmp_path / "page.md").read_text()
    assert "1 of 2 (50.0 %)" in text and "a tool 1.0" in text
    assert f"Nobody sees it.\n\n```diff\n# file.c, {made[1].function}\n-{made[1].before}\n+{made[1].after}\n```" in text
