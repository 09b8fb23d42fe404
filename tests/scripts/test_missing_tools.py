# SPDX-License-Identifier: MIT
"""A tool that is not there is named, with what to do."""

import json
import subprocess

import pytest
from common import ending
from tree import SLOW

SAID = "{} is missing: scripts/setup installs it, or says how"
BUILD = "scripts/setup installs what is missing"
NATIVE = ["scripts/test", "--no-setup", "--only", "native"]

MISSING = {
    "cmake": (["cmake"], NATIVE, ["cmake is missing: scripts/setup installs it"]),
    "ninja": (["ninja"], NATIVE, ["Ninja", BUILD]),
    "gcc": (["gcc"], NATIVE, ["gcc", "not found in the PATH", BUILD]),
    "clang": (["clang-19"], ["scripts/fuzz", "npy"], ["clang-19", "not found in the PATH", BUILD]),
    "shellcheck": (["shellcheck"], ["scripts/test", "--no-setup", "--only", "style"], [SAID.format("shellcheck")]),
    "apt-get": (["cmake", "apt-get"], ["scripts/setup", "bench"], ["    cmake\n", "there is no apt-get"]),
    "sudo": (
        ["ninja", "sudo"],
        ["scripts/setup", "bench"],
        ["    ninja-build\n", "this needs root, and there is no sudo"],
    ),
}


@pytest.mark.parametrize("tool", MISSING)
def test_it_is_named(tree, tool):
    tools, command, said = MISSING[tool]
    if tool == "sudo":
        tree.put("id", "#!/bin/sh\necho 1000\n")
    tree.take_away(*tools)
    done = tree.run(*command)
    assert done.returncode not in (0, 77), done.stdout
    for text in said:
        assert text in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("tool", "options"),
    [("ctest", ""), ("qemu-x86_64", "--emulator=qemu-x86_64 -cpu Haswell"), ("valgrind", "--emulator=valgrind -q")],
)
def test_what_runs_the_tests_is_named(tree, tool, options):
    program = tree.put("some_test", SLOW, tree.root / "build")
    listing = json.dumps({"tests": [{"name": "some", "command": [str(program)]}]})
    (tree.root / "listing").write_text(listing)
    tree.put("ctest", "#!/bin/sh\ncat listing\n")
    if tool == "ctest":
        (tree.bin / tool).unlink()
    tree.take_away(tool)
    done = tree.run("scripts/run-tests", *filter(None, [options]), "build")
    assert (done.returncode, done.stdout) == (2, f"scripts/run-tests: {SAID.format(tool)}\n")


def test_a_program_that_fails_is_named_with_what_it_said():
    command = ["sh", "-c", "echo that is why >&2; exit 3"]
    with pytest.raises(subprocess.CalledProcessError) as caught:
        subprocess.run(command, check=True, stderr=subprocess.PIPE)
    told = ending.told(caught.value)
    assert told.endswith("exit 3' ended with status 3: that is why") or told.endswith("status 3: that is why"), told
