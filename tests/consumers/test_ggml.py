# SPDX-License-Identifier: MIT
"""AFT in graphs of ggml: tests/consumers/ggml, built with ggml's sources and the two files of scripts/amalgamate."""

import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = ROOT / "tests/consumers/ggml"
BUILD = ROOT / "build/consumers/ggml"
REQUIREMENTS = CONSUMER / "requirements.txt"
PACKAGE = re.search(r"^(llama-cpp-python)==([\d.]+)", REQUIREMENTS.read_text(), re.MULTILINE)
# What pip says where it cannot reach the package; anything else, such as a checksum that differs, is a failure.
OUT_OF_REACH = re.compile(r"No matching distribution found|due to an OSError: HTTPS?Connection|ReadTimeoutError")


def download(folder: pathlib.Path) -> pathlib.Path:
    """The source package, its checksum verified."""
    # pip also asks the package for its metadata, by the backend in scripts/requirements.txt; nothing is compiled.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-binary", PACKAGE[1], "--require-hashes", "--requirement", REQUIREMENTS]
    done = subprocess.run([*command, "--dest", folder], capture_output=True, text=True)
    if done.returncode != 0 and OUT_OF_REACH.search(done.stderr):
        pytest.skip(f"ggml's sources cannot be downloaded ({PACKAGE[0]}): {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, f"pip could not download {PACKAGE[0]}:\n{done.stderr}"
    return next(folder.glob("*.tar.gz"))


def unpack(package: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    with tarfile.open(package) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder, [member for member in archive if "/vendor/llama.cpp/ggml/" in member.name])
    return next(folder.glob("*/vendor/llama.cpp/ggml"))


@pytest.fixture(scope="session")
def ggml_source() -> pathlib.Path:
    """ggml's sources: downloaded once (77 MB), then kept in build/."""
    source = BUILD / f"ggml-of-{PACKAGE[1]}-{PACKAGE[2]}"
    if not source.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            package = download(pathlib.Path(folder))
            unpack(package, pathlib.Path(folder)).rename(source)
    return source


def run(*command, **more) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session", params=["own", "openmp"])
def program(request, ggml_source) -> pathlib.Path:
    """The consumer, with ggml's own threads or OpenMP's."""
    folder = BUILD / request.param
    run(ROOT / "scripts/amalgamate", "--output", BUILD / "dist")
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "GGML_OPENMP": "ON" if request.param == "openmp" else "OFF",
        "GGML_SOURCE": ggml_source,
        "AFT_DIST": BUILD / "dist",
    }
    run("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", folder, *(f"-D{name}={value}" for name, value in options.items()))
    run("cmake", "--build", folder, "--target", "main")
    return folder / "main"


@pytest.mark.parametrize("test", ["layer", "model", "status"])
def test_ggml(program, test, capsys):
    output = run(program, test, env=os.environ | {"GGML_NO_BACKTRACE": "1"}, timeout=600)
    with capsys.disabled():
        print(f"\n{PACKAGE[0]}, threads: {program.parent.name}. {output.strip()}")
