# SPDX-License-Identifier: MIT
"""What is in the archive that scripts/bench --bundle makes; test_bundle_run.py runs it."""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile

import pytest
from bundle import Refusal, binary, licences

ROOT = pathlib.Path(__file__).parents[2]
MACHINE = platform.machine()
ARCHITECTURES = ["x86_64", "aarch64"] if MACHINE == "x86_64" else [MACHINE]


def test_the_archive_has_all_files_under_one_folder(archive):
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert all(member.isfile() and (member.uid, member.gid) == (0, 0) for member in members)
    assert len({member.mtime for member in members}) == 1
    tops = {member.name.split("/")[0] for member in members}
    assert len(tops) == 1 and re.fullmatch(r"libaft-bench-([0-9a-f]{12}(-dirty)?|unknown)", *tops)
    names = [member.name.split("/", 1)[1] for member in members]
    assert names == sorted(names)
    tensors = {str(path.relative_to(ROOT / "tests/data")) for path in (ROOT / "tests/data").glob("*/*.npy")}
    assert {f"data/{name}" for name in tensors if not name.endswith("_y.npy")} == {n for n in names if "data/" in n}
    assert {"bench", "README.txt", "LICENSE", "NOTICE"} <= set(names)
    for arch in ARCHITECTURES:
        assert f"{arch}/aft_bench" in names
    modes = {name: member.mode for name, member in zip(names, members)}
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        "bench", *(n for n in names if n.endswith("/aft_bench") or "/ld-linux" in n)
    }  # fmt: skip
    assert set(modes.values()) == {0o755, 0o644}


def test_every_library_has_its_licence_and_version(folder):
    listed = [line.split() for line in (folder / "licences/packages.txt").read_text().splitlines()[1:]]
    libraries = {str(path.relative_to(folder)) for path in folder.glob("*/lib/*")}
    assert {line[0] for line in listed} == libraries | {"aft_bench/json.hpp"}
    for _, package, version, source in listed:
        assert version[0].isdigit() and source
        text = (folder / f"licences/{package}.txt").read_text()
        for cited in re.findall(r"/usr/share/common-licenses/([A-Z]+-[\d.]+\d)", text):
            assert (folder / "licences" / cited).is_file(), f"{package} cites {cited}"


def test_the_readme_names_commit_and_kernel(folder):
    text = (folder / "README.txt").read_text()
    assert f"commit {folder.name.removeprefix('libaft-bench-')}," in text
    for arch in ARCHITECTURES:
        assert re.search(rf"\d\.\d+\.\d on {arch}", text)
    assert "$" not in text and max(map(len, text.splitlines())) <= 120


def test_two_bundles_of_one_build_are_the_same_bytes(archive, make_bundle, tmp_path):
    again = make_bundle(tmp_path / "again.tar.gz")
    assert again.read_bytes() == archive.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.tar.gz"]


def test_nothing_in_it_tells_of_the_machine_that_built_it(folder):
    told = [path for path in folder.rglob("*") if path.is_file() and bytes(ROOT) in path.read_bytes()]
    assert not told


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_that_a_program_loads_is_in_the_bundle(folder, arch):
    lib = folder / arch / "lib"
    (loader,) = lib.glob("ld-linux*")
    emulator = [] if arch == MACHINE else ["qemu-aarch64"]
    command = [*emulator, loader, "--library-path", lib, "--list", folder / arch / "aft_bench"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "not found" not in listed
    loaded = {pathlib.Path(name).name: path for name, path in re.findall(r"(\S+) => (.+) \(0x", listed)}
    assert {"libsleef.so.3", "libstdc++.so.6", "libc.so.6"} <= set(loaded)
    assert {name: path for name, path in loaded.items() if path != str(lib / name)} == {}
    # And nothing lies there in vain.
    assert {path.name for path in lib.iterdir()} == set(loaded)


def bundle(folder, *programs):
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'bench'}:{ROOT / 'scripts'}"}
    command = ["python3", "-m", "bundle", f"--output={folder / 'made.tar.gz'}", *programs]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1 and not list(folder.glob("made*"))
    return ran.stderr


def test_what_cannot_be_bundled_is_refused_and_leaves_no_file(tmp_path):
    assert "README.md is no program for x86_64 or aarch64" in bundle(tmp_path, ROOT / "README.md")
    assert "aft_bench is no program" in bundle(tmp_path, tmp_path / "aft_bench")
    assert "are not of one commit" in bundle(tmp_path, shutil.which("env"))
    program = ROOT / "build/bench/bench/aft_bench"
    other = tmp_path / "of_another_commit"
    other.write_bytes(re.sub(rb'"commit": (null|"[^"]*")', b'"commit": "other"', program.read_bytes()))
    assert "are not of one commit" in bundle(tmp_path, program, other)


@pytest.mark.parametrize("options", [["--bundle", "--quick"], ["--isa=avx2", "--bundle"]])
def test_other_options_are_refused(options):
    ran = subprocess.run([ROOT / "scripts/bench", *options], capture_output=True, text=True)
    assert ran.returncode == 2 and "does not go with --bundle" in ran.stderr


def test_a_library_that_is_not_there_or_of_no_package_is_refused(tmp_path):
    with pytest.raises(Refusal, match="there is no libmissing.so.1 for aarch64 at .*: run scripts/setup bundle"):
        binary.find_library("libmissing.so.1", "aarch64")
    with pytest.raises(Refusal, match="belongs to no package"):
        licences.package_of(tmp_path / "libown.so.1")
