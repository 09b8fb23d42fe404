# SPDX-License-Identifier: MIT
import pytest
from tree import Tree, can_mount


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture
def disks():
    if not can_mount():
        pytest.skip("this system does not let a process mount a disk of its own")
