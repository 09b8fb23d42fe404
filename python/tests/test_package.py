# SPDX-License-Identifier: MIT
"""What is installed: one wheel for every Python 3 of a platform, which needs libc alone; and its source package."""

import importlib.metadata
import pathlib
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import libaft
import pytest

PROJECT = pathlib.Path(__file__).parents[1]
INSTALLED = pathlib.Path(libaft.__file__).parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
SDIST = "import sys, scikit_build_core.build as build; build.build_sdist(sys.argv[1])"
NOT_INSTALLED = """
import sys
sys.path.insert(0, sys.argv[1])
try:
    import libaft
except ImportError as error:
    print(error)
"""


def run(*command, folder=PROJECT):
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def dynamic(kind):
    return set(re.findall(rf"\({kind}\).*\[(.*)\]", run("readelf", "--dynamic", INSTALLED / "libaft.so")))


def installed():
    """The files of the package, as they are named in it."""
    files = (path for path in INSTALLED.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(INSTALLED).as_posix() for path in files}


def test_tag():
    wheel = importlib.metadata.distribution("libaft").read_text("WHEEL")
    platform = re.sub(r"\W", "_", sysconfig.get_platform())
    assert re.findall("^Tag: (.*)$", wheel, re.MULTILINE) == [f"py3-none-{platform}"]
    assert "Root-Is-Purelib: false" in wheel


def test_files():
    assert {"py.typed", "libaft.so", "__init__.py", "torch/__init__.py"} < installed()
    assert {pathlib.Path(name).suffix for name in installed()} == {".py", ".so", ".typed"}


def test_needs_libc_alone():
    assert dynamic("NEEDED") <= {"libc.so.6", "libpthread.so.0"}  # one library since glibc 2.34
    assert not dynamic("RPATH") | dynamic("RUNPATH")


def test_exports_the_functions_that_it_calls():
    symbols = run("nm", "--dynamic", "--defined-only", INSTALLED / "libaft.so")
    exported = {line.split()[-1] for line in symbols.splitlines()}
    assert all(name.startswith("aft_") for name in exported)
    assert {"aft_python_forward", "aft_prepare"} < exported


def test_version_and_licence():
    metadata = importlib.metadata.metadata("libaft")
    assert metadata["Version"] == libaft.__version__
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE"]


def test_every_public_name_is_documented():
    for name in libaft.__all__:
        assert getattr(libaft, name).__doc__, name


def test_source_package_builds_outside_of_the_repository(tmp_path):
    run(sys.executable, "-c", SDIST, tmp_path)
    (packed,) = tmp_path.glob("libaft-*.tar.gz")
    with tarfile.open(packed) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path, filter="data")
    assert all(member.isfile() or member.isdir() for member in members), "links would point out of it"
    folder = tmp_path / packed.name.removesuffix(".tar.gz")
    assert (folder / "carried/aft.c").is_file()
    run(*PIP, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path, folder, folder=tmp_path)
    (wheel,) = tmp_path.glob("libaft-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("libaft/libaft.so") == (INSTALLED / "libaft.so").read_bytes()
        names = {name.removeprefix("libaft/") for name in archive.namelist() if name.startswith("libaft/")}
    assert names == installed()


def test_sources_that_are_not_installed():
    said = run(sys.executable, "-c", NOT_INSTALLED, PROJECT / "src")
    assert "libaft.so is not in" in said and "pip install ./python" in said


@pytest.mark.parametrize("what", (INSTALLED, PROJECT / "tests/typed.py"), ids=("package", "use"))
def test_types(what, tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    settings = ["--config-file", PROJECT / "pyproject.toml", "--cache-dir", tmp_path]
    settings += ["--exclude", "/torch/"]  # which needs PyTorch's types: tests/pytorch
    run(sys.executable, "-m", "mypy", *settings, what, folder=tmp_path)
