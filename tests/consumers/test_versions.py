# SPDX-License-Identifier: MIT
"""Every place that states the version states the same one."""

import json
import re

import pytest
from projects import ROOT

PLACES = {
    "CMakeLists.txt": r"^project\(aft VERSION ([0-9.]+)",
    "python/pyproject.toml": r'^version = "([0-9.]+)"$',
    "packaging/meson.build": r"^  version: '([0-9.]+)'",
}


@pytest.mark.parametrize("place", PLACES)
def test_version_is_that_of_the_header(place, version):
    assert re.findall(PLACES[place], (ROOT / place).read_text(), re.MULTILINE) == [version]


def test_version_of_the_vcpkg_port(version):
    assert json.loads((ROOT / "packaging/vcpkg/vcpkg.json").read_text())["version"] == version
