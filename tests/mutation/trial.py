# SPDX-License-Identifier: MIT
"""The tests, linked with a mutant in place of an object of the library, until one fails."""

import contextlib
import dataclasses
import json
import math
import os
import pathlib
import platform
import shlex
import signal
import subprocess
import threading

from common import whole_file

from mutation.memory import digest_of

MEMORY = 8 << 30  # bytes of addresses that a mutant may take
LONGEST_WAIT = 600  # seconds, in which a test may also do nothing
NOT_LINKED = "not linked"  # how a mutant that lacks a function ends
ENVIRONMENT = {
    "AFT_TEST_EMULATED": "1",
    "AFT_SEED": "0x5eed",
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
}
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@dataclasses.dataclass(frozen=True)
class Test:
    topic: str
    cpu: str | None = None  # an emulated one
    sanitized: bool = False  # of the mutated object alone: what it reads beyond its own data

    def __str__(self):
        return self.topic + (f" on {self.cpu}" if self.cpu else ", sanitized" if self.sanitized else "")


# The first sees most mutants; what else there is of tests asks for results, not for what is refused.
TESTS = [Test(topic) for topic in ("arguments", "layer_misuse", "prepared_misuse", "sizes", "neighbours", "dispatch")]
if platform.machine() == "x86_64":
    TESTS += [Test("dispatch", cpu=cpu) for cpu in ("Haswell", "Nehalem")]
TESTS += [Test(topic, sanitized=True) for topic in ("arguments", "layer_misuse", "prepared_misuse", "dispatch")]
TESTS.append(Test("first_call"))


class Trial:
    """Of one file of the library: `original` is its unchanged object."""

    def __init__(self, build, compiler, original, memory):
        self.build, self.compiler, self.memory = build, compiler, memory
        listing = subprocess.run(
            ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, stdout=subprocess.PIPE, text=True
        )
        programs = {test["name"]: test["command"][0] for test in json.loads(listing.stdout)["tests"]}
        self.links = {topic: self._link_of(programs[topic]) for topic in {test.topic for test in TESTS}}
        self.keys = {test: f"{test} {digest_of(pathlib.Path(programs[test.topic]))}" for test in TESTS}
        self.library = original.parent / "libaft.a"
        whole_file.write(self.library, (build / "libaft.a").read_bytes())
        subprocess.run(["ar", "d", self.library, original.name], check=True)
        self.limits = {}
        digest = digest_of(original)
        for test in TESTS:
            how, seconds = memory.ask(digest, self.keys[test], lambda: self._run(test, original, 600))
            if how:
                raise SystemExit(f"scripts/mutation: the test {test} fails without a mutation: {how}")
            self.limits[test] = math.ceil(10 * seconds) + 2

    def _link_of(self, program):
        command = ["ninja", "-C", self.build, "-t", "commands", os.path.relpath(program, self.build)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return shlex.split(told.strip().splitlines()[-1].removeprefix(": && ").removesuffix(" && :"))

    def _link(self, test, made):
        """The program; None where the mutant lacks a function."""
        program = made.parent / f"test_{test.topic}"
        command = [word for word in self.links[test.topic] if not word.endswith(f"/__/dispatch/{made.name}")]
        command[command.index("-o") + 1] = str(program)
        command[command.index("libaft.a")] = str(self.library)
        if test.sanitized:
            made = self.compiler.compile(made.with_suffix("").read_text(), SANITIZERS)
            command += SANITIZERS
        command.insert(command.index("-o"), str(made))
        done = subprocess.run(command, cwd=self.build, stderr=subprocess.PIPE, text=True)
        if "undefined reference" in done.stderr:
            return None
        done.check_returncode()
        return program

    def _run(self, test, made, limit):
        """(None where the test passes, else how it ends; the seconds of a processor that it took). The limits end it by
        SIGXCPU; SIGKILL and SIGTERM are of somebody else, as of a system without memory, and say nothing of the
        mutant."""
        program = self._link(test, made)
        if not program:
            return NOT_LINKED, 0
        command = ["prlimit", "--core=0", f"--cpu={limit}:"] + ([] if test.sanitized else [f"--as={MEMORY}"])
        command += ["qemu-x86_64", "-cpu", test.cpu] if test.cpu else []
        silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        environment = os.environ | ENVIRONMENT
        process = subprocess.Popen(
            [*command, program], cwd=self.build, env=environment, start_new_session=True, **silent
        )
        waits = threading.Timer(LONGEST_WAIT, os.killpg, (process.pid, signal.SIGXCPU))
        waits.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            waits.cancel()
            with contextlib.suppress(ProcessLookupError):  # a test's own processes go with it
                os.killpg(process.pid, signal.SIGKILL)
            program.unlink()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode in (-signal.SIGKILL, -signal.SIGTERM):
            why = "killed, but not by its limits, perhaps for want of memory: run this again"
            raise subprocess.CalledProcessError(process.returncode, process.args, stderr=why)
        ends = {0: None, -signal.SIGXCPU: "too slow"}
        return ends.get(process.returncode, "failed"), usage.ru_utime + usage.ru_stime

    def kill(self, made):
        """((the first test that sees the mutant, how it ends) or None, the seconds that it took)"""
        digest, seconds = digest_of(made), 0
        for test in TESTS:
            how, more = self.memory.ask(digest, self.keys[test], lambda: self._run(test, made, self.limits[test]))
            seconds += more
            if how:
                return (str(test), how), seconds
        return None, seconds
