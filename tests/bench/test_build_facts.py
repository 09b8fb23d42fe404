# SPDX-License-Identifier: MIT
"""cmake/build_facts.cmake: what it notes of a source tree and its compile commands."""

import json
import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "cmake/build_facts.cmake"


def compiled(source: pathlib.Path, file: str, target: str, flags: str) -> dict:
    output = f"CMakeFiles/{target}.dir/{file}.o"
    command = f"/opt/gcc/bin/gcc -I{source}/include -isystem /opt/sleef/include {flags} -o {output} -c {source}/{file}"
    return {"directory": "/elsewhere/build", "command": command, "file": f"{source}/{file}"}


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "code.c").write_text("int one;\n")
    (folder / "page.md").write_text("one\n")
    vector = '-DAFT_VEC_HEADER=\\"kernels/vec/vec_neon.h\\"'
    commands = [
        compiled(folder, "dispatch/plan.c", "aft", f'-O2 -ffile-prefix-map={folder}=. -DNAME=\\"quoted\\"'),
        compiled(folder, "kernels/table.c", "aft_table_neon", f"{vector} -O3"),
        compiled(folder, "kernels/probe.c", "aft_probe_probe_neon", f"{vector} -O3"),
        compiled(folder, "bench/main.cpp", "aft_bench", "-O3"),
    ]
    (tmp_path / "compile_commands.json").write_text(json.dumps(commands))
    return folder


def note(source: pathlib.Path, sleef: str = "3.5.1") -> pathlib.Path:
    output = source.parent / "facts.inc"
    given = {
        "SOURCE": source,
        "COMMANDS": source.parent / "compile_commands.json",
        "OUTPUT": output,
        "VERSION": "1.2.3",
        "COMPILER": "GNU 12.2.0",
        "BUILD_TYPE": "Release",
        "SLEEF_VERSION": sleef,
        "BENCHMARK_VERSION": "1.7.1",
    }
    subprocess.run(["cmake", *(f"-D{name}={value}" for name, value in given.items()), "-P", SCRIPT], check=True)
    return output


def noted(source: pathlib.Path, **given) -> dict:
    text = note(source, **given).read_text("utf-8").strip()
    return json.loads(text.removeprefix('R"json(').removesuffix(')json"'))


def git(folder: pathlib.Path, *command: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_files_of_the_library_and_their_flags(source):
    assert noted(source)["build"] == {
        "compiler": "GNU 12.2.0",
        "type": "Release",
        "benchmark_library": "1.7.1",
        "files": [
            {"file": "dispatch/plan.c", "isa": None, "flags": '-O2 -DNAME="quoted"'},
            {"file": "kernels/table.c", "isa": "neon", "flags": "-O3"},
        ],
    }


def test_without_git_and_sleef_there_is_no_commit_and_no_version(source):
    assert noted(source, sleef="")["libaft"] == {
        "version": "1.2.3",
        "commit": None,
        "dirty": None,
        "sleef_version": None,
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_the_commit_and_what_makes_it_dirty(source):
    git(source, "init", "--quiet")
    assert noted(source)["libaft"]["commit"] is None  # none yet
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message", "first")
    head = git(source, "rev-parse", "--short=12", "HEAD").strip()
    libaft = noted(source)["libaft"]
    assert (libaft["commit"], libaft["dirty"]) == (head, False)
    (source / "page.md").write_text("two\n")
    assert noted(source)["libaft"]["dirty"] is False
    (source / "code.c").write_text("int two;\n")
    assert noted(source)["libaft"]["dirty"] is True


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_a_commit_of_the_folder_around_is_not_its_own(source):
    git(source.parent, "init", "--quiet")
    git(source.parent, "add", ".")
    git(source.parent, "commit", "--quiet", "--message", "another project")
    assert noted(source)["libaft"]["commit"] is None


def test_it_is_written_only_when_it_changed(source):
    first = note(source).stat()
    again = note(source).stat()
    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert note(source, sleef="3.6").stat().st_mtime_ns > first.st_mtime_ns
    assert sorted(path.name for path in source.parent.iterdir()) == ["compile_commands.json", "facts.inc", "source"]
