# SPDX-License-Identifier: MIT
"""scripts/matrix: its page shows what the stages have left, says what did not run, and has a row for each test."""

import json

import pytest


def leave(tree, stage, outcome, *lines, commit="abc"):
    folder = tree.root / "build/tests"
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"{stage} {outcome} {commit}"]
    for test, passed, failed, skips, isas in lines:
        about = {"test": test, "isas": isas, "skips": skips}
        text.append(f"{passed} {failed} {sum(skips.values())} {json.dumps(about)}")
    (folder / stage).write_text("\n".join(text) + "\n")


@pytest.fixture
def page(tree):
    def write():
        done = tree.run("scripts/matrix")
        assert done.returncode == 0, done.stdout
        return (tree.root / "tests/MATRIX.md").read_text().splitlines()

    return write


def cells(lines, begin):
    (line,) = (line for line in lines if line.startswith(f"| {begin}"))
    return [cell.strip() for cell in line.strip("|").split(" | ")[1:]]


def test_counts_stand_in_the_column_of_their_stage(tree, page):
    leave(tree, "native", "ok", ("bits", 30, 0, {}, ["avx2", "scalar"]), ("cpu", 4, 0, {}, []))
    leave(tree, "haswell", "FAILED", ("bits", 18, 2, {}, ["scalar"]), ("bits", 1, 0, {"too slow": 3}, []))
    leave(tree, "msan", "ok", ("planted overread", 1, 0, {}, ["avx2"]), ("cpu", 2, 0, {"too slow": 1, "absent": 1}, []))
    lines = page()
    assert cells(lines, "bits ") == ["30", "**2 failed**", ""]
    assert cells(lines, "cpu ") == ["4", "", "2 (2)"]
    assert cells(lines, "planted overread") == ["", "", "1"]
    assert cells(lines, "special ") == ["", "", ""]
    text = "\n".join(lines)
    assert "Commit abc on " in text and ": 56 passed, 2 failed, 5 skipped." in text
    assert "- **native** (scalar, avx2), ok: gcc, on this CPU" in text
    assert "- **haswell** (scalar), FAILED: the same build" in text
    assert "- **style**, not run: clang-format" in text
    assert "- too slow: haswell 3, msan 1" in text and "- absent: msan 1" in text


def test_a_test_in_python_has_the_stages_that_ran_it(tree, page):
    leave(tree, "amalgam", "ok", ("tests/amalgam/test_bits.py", 7, 0, {}, []), commit="old")
    leave(tree, "coverage", "ok", ("branches of dispatch/check.c", 1, 0, {}, []), commit="new")
    lines = page()
    assert cells(lines, "[tests/amalgam/test_bits.py]") == ["amalgam", "7"]
    assert cells(lines, "branches of dispatch/check.c") == ["coverage", "1"]
    assert any(line.startswith("- **amalgam**, ok, of commit old: ") for line in lines)


def test_a_page_without_results_has_every_row(tree, page):
    page()
    assert tree.run("scripts/matrix", "--check").stdout == ""


def test_a_test_without_a_row_and_a_row_without_a_test_are_found(tree, page):
    page()
    (tree.root / "tests/test_new.c").write_text("/* SPDX-License-Identifier: MIT */\n/* New. */\n")
    (tree.root / "tests/amalgam/test_bits.py").unlink()
    done = tree.run("scripts/matrix", "--check")
    assert (done.returncode, done.stdout) == (
        1,
        "tests/MATRIX.md has no row for test_new.c: run scripts/matrix\n"
        "tests/MATRIX.md has a row for amalgam/test_bits.py, which is gone: run scripts/matrix\n",
    )
    assert "- [new](test_new.c): New." in "\n".join(page())


def test_a_test_that_does_not_say_what_it_holds_is_named(tree):
    (tree.root / "tests/test_new.c").write_text("#include <stdio.h>\n")
    done = tree.run("scripts/matrix")
    assert done.returncode == 1 and "tests/test_new.c does not begin by saying what it holds" in done.stdout


def test_scripts_test_leaves_what_a_stage_has_found(tree, page):
    program = tree.put(
        "quick_test", "#!/bin/sh\nprintf '1..2\\nok 1 - a/avx2\\nnot ok 2 # SKIP b\\n'\n", tree.root / "build"
    )
    listing = json.dumps({"tests": [{"name": "bits", "command": [str(program)]}]}).replace("{", "{{").replace("}", "}}")
    tree.put("ctest", f"#!/bin/sh\necho '{listing}'\n")
    tree.put("cmake", "#!/bin/sh\n")
    done = tree.run("scripts/test", "--no-setup", "--only", "native,clang")
    assert done.returncode == 0 and done.stdout.endswith("2 passed, 0 failed, 2 skipped\n"), done.stdout
    lines = page()
    assert cells(lines, "bits ") == ["1 (1)", "1 (1)"]
    assert any(line.startswith("- **clang** (avx2), ok") for line in lines)
    assert "- no reason given: native 1, clang 1" in lines
    assert sorted(path.name for path in (tree.root / "build/tests").iterdir()) == ["clang", "native"]
