# SPDX-License-Identifier: MIT
"""scripts/mutation that a full disk, the system or Ctrl-C stops: that is no verdict on a mutant, and the next run has
the result that it would have had."""

import json
import signal
import subprocess

import pytest
from mutation import trial
from tree import SLOW, wait_for

LIBRARY = "int twice(int a) {\n    return 2 * a;\n}\n"
TEST = """#include <signal.h>
#include <unistd.h>
int twice(int);
int main(void) {
    if (twice(3) != 6)
        %s
    return 0;
}
"""
THREE_MUTANTS = ["scripts/mutation", "dispatch/sizes.c", "--every", "3"]
ONE_MUTANT = ["scripts/mutation", "dispatch/sizes.c", "--every", "10"]
IMPATIENT = "from mutation import __main__, trial; trial.LONGEST_WAIT = 1; raise SystemExit(__main__.main())"


@pytest.fixture
def library(tree):
    """Makes of the tree one with a small library and one test, which does this where the library is wrong."""
    tree.with_nothing_to_set_up()
    tree.put("cmake", "#!/bin/sh\n")

    def make(does):
        build, source = tree.root / "build/test", tree.root / "dispatch/sizes.c"
        build.mkdir(parents=True)
        source.write_text(LIBRARY)
        (build / "test.c").write_text(TEST % does)
        made = "aft.dir/__/dispatch/sizes.c.o"
        (build / made).parent.mkdir(parents=True)
        commands = [f"gcc -c test.c -o test.o && gcc -O2 -o {made} -c {source}", f"ar rc libaft.a {made}"]
        link = f"gcc test.o {made} -o some_test libaft.a"
        subprocess.run(" && ".join([*commands, link]), shell=True, cwd=build, check=True)
        entry = {"directory": str(build), "file": str(source), "command": f"gcc -O2 -o {made} -c {source}"}
        (build / "compile_commands.json").write_text(json.dumps([entry]))
        known = [{"name": test.topic, "command": [str(build / "some_test")]} for test in trial.TESTS]
        (build / "listing").write_text(json.dumps({"tests": known}))
        tree.put("ctest", "#!/bin/sh\ncat build/test/listing\n")
        tree.put("ninja", f"#!/bin/sh\necho ': && {link} && :'\n")
        return tree

    return make


def verdicts(tree):
    lines = (tree.root / "build/mutation/tried.jsonl").read_text().splitlines()
    return [how for how in (json.loads(line)["how"] for line in lines) if how]


def score(done):
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()[0]


@pytest.mark.parametrize("place", ["tmp", "build/mutation"])
def test_a_full_disk_refuses_no_mutant(library, disks, place):
    tree = library("return 1;")
    (tree.root / "tmp").mkdir()
    command = ["env", f"TMPDIR={tree.root}/tmp", *THREE_MUTANTS]
    assert "killed 1 of 1" in score(tree.run(*ONE_MUTANT))
    done = tree.run(*command, disk="full", folder=tree.root / place)
    assert done.returncode == 2, done.stdout
    assert f"{tree.root}/{place}" in done.stdout and "No space left on device" in done.stdout, done.stdout
    assert "killed 3 of 3" in score(tree.run(*command))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_who_else_kills_a_test_sees_no_mutant(library, number):
    tree = library(f"raise({number.name});")
    for _ in range(2):  # nor is it remembered
        done = tree.run(*ONE_MUTANT)
        said = f"/test_arguments' ended with status {-number}: killed, but not by its limits"
        assert done.returncode == 2 and said in done.stdout, done.stdout
    assert verdicts(tree) == []


def test_a_test_that_takes_too_long_sees_the_mutant(library):
    tree = library("for (;;);")
    assert "killed 1 of 1" in score(tree.run(*ONE_MUTANT))
    assert verdicts(tree) == ["too slow"]


def test_so_does_one_that_waits_too_long(library):
    tree = library("pause();")
    assert "killed 1 of 1" in score(tree.run(".venv/bin/python", "-c", IMPATIENT, *ONE_MUTANT[1:]))
    assert verdicts(tree) == ["too slow"]


def test_ctrl_c_while_tests_run(library):
    tree = library('execlp("slow", "slow", (char *)0);')
    tree.put("slow", SLOW)
    process = tree.begin(*THREE_MUTANTS)
    wait_for(tree.slow_ones, process)
    tree.end(process, signal.SIGINT)
    assert verdicts(tree) == []
