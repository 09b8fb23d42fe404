# SPDX-License-Identifier: MIT
"""What an earlier run left and something has damaged: the next one mends it, or names it."""

import json

import pytest

BUILD = ["scripts/common/build-preset", "test", "--target", "clean"]
GARBAGE = bytes(range(256)) * 8


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def fill(path):
    path.write_bytes(GARBAGE)


DAMAGES = {
    "a cache cut off": ("CMakeCache.txt", cut),
    "a cache of garbage": ("CMakeCache.txt", fill),
    "no cache": ("CMakeCache.txt", lambda path: path.unlink()),
    "facts of the compiler cut off": ("CMakeFiles/*/CMakeCCompiler.cmake", cut),
    "build.ninja cut off": ("build.ninja", cut),
    "build.ninja of garbage": ("build.ninja", fill),
    "a log of garbage": (".ninja_log", fill),
    "dependencies of garbage": (".ninja_deps", fill),
}


@pytest.fixture
def built(tree):
    done = tree.run(*BUILD)
    assert done.returncode == 0, done.stdout
    return tree


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_build_is_configured_anew(built, damage):
    name, harm = DAMAGES[damage]
    paths = list((built.root / "build/test").glob(name)) or [built.root / "build/test" / name]
    for path in paths:
        path.touch()
        harm(path)
    done = built.run(*BUILD)
    assert done.returncode == 0, done.stdout
    if "cut off" in damage and paths[0].suffix in (".txt", ".cmake"):
        assert "the cache of build/test may be damaged: once more without it" in done.stdout


def test_a_build_that_was_moved_is_configured_anew(built):
    built.root = built.root.rename(built.root.with_name("moved"))
    done = built.run(*BUILD)
    assert done.returncode == 0, done.stdout


def test_a_mistake_in_the_sources_stays_one(built):
    """It is told, and the cache, which may hold options given by hand, is left alone."""
    (built.root / "CMakeLists.txt").write_text("projekt(aft)\n")
    done = built.run(*BUILD)
    assert done.returncode == 1 and 'Unknown CMake command "projekt"' in done.stdout, done.stdout
    assert "once more without it" not in done.stdout


def test_a_program_that_was_left_empty_is_built_anew(tree):
    """To ninja it is newer than what it is made from, and bash runs it as a script that succeeds."""
    (tree.root / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(aft C)\nadd_executable(some some.c)\n"
    )
    (tree.root / "some.c").write_text("int main(void) { return 3; }\n")
    program = tree.root / "build/test/some"
    for _ in range(2):
        assert tree.run(*BUILD[:2]).returncode == 0
        assert tree.run("bash", "-c", str(program)).returncode == 3
        program.write_bytes(b"")


@pytest.mark.parametrize("text", ["", 'native ok abc\n3 0 0 {"test": "bi', "native ok abc\n3 0 0 {}\n"])
def test_a_damaged_result_of_a_stage_is_named(tree, text):
    left, page = tree.root / "build/tests/native", (tree.root / "tests/MATRIX.md").read_text()
    left.parent.mkdir(parents=True)
    left.write_text(text)
    done = tree.run("scripts/matrix")
    assert (done.returncode, done.stdout) == (2, f"scripts/matrix: {left} is damaged: remove it\n")
    assert (tree.root / "tests/MATRIX.md").read_text() == page


@pytest.mark.parametrize("content", [b"", b"nan", GARBAGE])
def test_where_the_time_of_a_corpus_is_damaged_it_counts_from_0(fuzzed, content):
    tree, _ = fuzzed
    spent = tree.root / "build/fuzz/corpus/npy.seconds"
    spent.parent.mkdir()
    spent.write_bytes(content)
    said = "    build/fuzz/corpus/npy.seconds is damaged: the time counts from 0 again"
    first, second = (tree.run("scripts/fuzz", "npy") for _ in range(2))
    assert first.returncode == 0 and said in first.stdout.splitlines(), first.stdout
    assert second.returncode == 0 and said not in second.stdout, second.stdout


@pytest.mark.parametrize("line", [b"AAA\n", b"AAA!AA==\n", GARBAGE])
@pytest.mark.parametrize("option", ["--fresh", "--record"])
def test_a_damaged_corpus_is_named(fuzzed, line, option):
    tree, corpus = fuzzed
    content = corpus.read_bytes() + line
    corpus.write_bytes(content)
    done = tree.run("scripts/fuzz", option, "npy")
    said = f"scripts/fuzz: {corpus} is damaged: take it from the repository again\n"
    assert (done.returncode, done.stdout) == (2, said)
    assert corpus.read_bytes() == content


@pytest.mark.parametrize(("text", "said"), [("{", "run/table.json is damaged"), ("{}", "run/table.json is damaged")])
def test_a_damaged_table_is_named(tree, text, said):
    (tree.root / "run").mkdir()
    (tree.root / "run/table.json").write_text(text)
    page = (tree.root / "bench/PERFORMANCE.md").read_text()
    done = tree.run("python3", "bench/performance.py", "run/table.json")
    assert done.returncode == 3 and said in done.stdout, done.stdout
    assert (tree.root / "bench/PERFORMANCE.md").read_text() == page


def test_a_damaged_result_is_named(tree):
    tree.with_nothing_to_set_up()
    (tree.root / "run").mkdir()
    (tree.root / "run/results.json").write_text(json.dumps({"schema_version": 1})[:-3])
    done = tree.run("scripts/compare", "run", "run")
    assert done.returncode == 2 and "run/results.json" in done.stdout, done.stdout


def test_an_environment_whose_python_has_gone_is_made_anew(tree):
    (tree.root / "scripts/requirements.txt").write_text("# none\n")
    venv = tree.root / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(tree.root / "nowhere")
    (venv / "requirements.installed").write_text("# none\n")
    done = tree.run("scripts/setup", "compare")
    assert done.returncode == 0 and (venv / "bin/python").resolve().exists(), done.stdout


def test_an_interrupted_installation_of_packages_is_finished_first(tree):
    """As apt-get wants it: until then it refuses."""
    mended = tree.root / "mended"
    tree.put("pkg-config", "#!/bin/sh\nexit 1\n")
    tree.put("id", "#!/bin/sh\necho 0\n")
    tree.put("dpkg", f'#!/bin/sh\n[ "$1" != --configure ] || touch {mended}\necho arm64\n')
    tree.put("apt-get", f'#!/bin/sh\ncase "$*" in *install*--simulate | *update*) exit 0 ;; esac\n[ -e {mended} ]\n')
    done = tree.run("scripts/setup", "test")
    assert done.returncode == 0 and mended.exists(), done.stdout
