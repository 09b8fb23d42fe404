# SPDX-License-Identifier: MIT
import pytest
from tree import FUZZERS, Tree, can_mount


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture
def disks():
    if not can_mount():
        pytest.skip("this system does not let a process mount a disk of its own")


@pytest.fixture
def fuzzed(tree):
    """With a fuzzer that finds nothing, and its corpus."""
    tree.put("cmake", "#!/bin/sh\n")
    tree.put("fuzz_npy", "#!/bin/sh\necho Done 5 runs\n", tree.root / FUZZERS)
    corpus = tree.root / "tests/fuzz/corpus/npy.txt"
    corpus.parent.mkdir()
    corpus.write_text("# of a finding\nAAAA\n")
    return tree, corpus
