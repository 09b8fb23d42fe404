# SPDX-License-Identifier: MIT
"""What is known already of mutants and tests, so that a run goes on where one was stopped."""

import contextlib
import hashlib
import json
import threading

from common import whole_file


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Memory:
    """How a test of an object ended: a line each in a file that only grows."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "tried.jsonl"
        self.known = {}
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            with contextlib.suppress(ValueError):  # of a run that was killed while it wrote
                entry = json.loads(line)
                self.known[entry["object"], entry["test"]] = entry
        self.lock = threading.Lock()

    def ask(self, digest, test, run):
        """What run() answers, (how it ended, seconds); `test` names the program too, as that may change."""
        if (digest, test) not in self.known:
            how, seconds = run()
            entry = dict(object=digest, test=test, how=how, seconds=seconds)
            with self.lock:
                self.known[digest, test] = entry
                self._add(json.dumps(entry) + "\n")
        entry = self.known[digest, test]
        return entry["how"], entry["seconds"]

    def _add(self, line):
        try:
            with self.path.open("a") as file:
                file.write(line)
        except OSError as error:
            raise whole_file.WriteError(self.path, error) from None
