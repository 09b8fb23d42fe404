# SPDX-License-Identifier: MIT
"""Scripts that run at once: a folder is built by one after the other."""

CMAKE = """#!/bin/sh
echo begin >>cmake.log
sleep 0.2
echo end >>cmake.log
"""


def test_a_folder_is_built_by_one_after_the_other(tree):
    tree.put("cmake", CMAKE)
    for process in [tree.begin("scripts/common/build-preset", "test") for _ in range(3)]:
        said = process.communicate()[0]
        assert process.returncode == 0, said
    lines = (tree.root / "cmake.log").read_text().split()
    assert lines == ["begin", "end"] * (len(lines) // 2) and len(lines) >= 6
