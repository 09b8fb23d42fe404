# SPDX-License-Identifier: MIT
"""scripts/fuzz counts the time that a corpus grew in, and records it with the corpus."""

import pytest
from tree import FUZZERS


@pytest.fixture
def grown(fuzzed):
    tree, corpus = fuzzed
    folder = tree.root / "build/fuzz/corpus/npy"
    folder.mkdir(parents=True)
    folder.with_suffix(".seconds").write_text("7200\n")
    return tree, folder.parent, corpus.with_suffix(".seconds")


def said_by(tree, *options):
    done = tree.run("scripts/fuzz", *options, "npy")
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_each_run_adds_to_the_time(fuzzed):
    tree, _ = fuzzed
    tree.put("fuzz_npy", "#!/bin/sh\n(ulimit -t 1; while :; do :; done)\necho Done 5 runs\n", tree.root / FUZZERS)
    spent = tree.root / "build/fuzz/corpus/npy.seconds"
    said_by(tree)
    once = int(spent.read_text())
    said_by(tree)
    assert 0 < once < int(spent.read_text())  # a second each


def test_a_recorded_corpus_takes_its_time_along(grown):
    tree, corpora, recorded = grown
    assert "of 2.00 CPU-hours in tests/fuzz/corpus/npy.txt" in said_by(tree, "--record")
    assert recorded.read_text() == "7200\n"
    (corpora / "npy.seconds").unlink()
    assert "none fails; 2.00 CPU-hours in all" in said_by(tree)


def test_the_time_of_a_corpus_that_grew_on_counts_once(grown):
    tree, _, recorded = grown
    recorded.write_text("3600\n")
    assert "none fails; 2.00 CPU-hours in all" in said_by(tree)
