# SPDX-License-Identifier: MIT
"""What scripts/bench --bundle makes measures where there is nothing but a shell, or says why it cannot."""

import json
import pathlib
import platform
import re
import shutil
import subprocess

import jsonschema
import pytest
from bundle import binary

MACHINE = platform.machine()
SCHEMA = pathlib.Path(__file__).parents[2] / "bench/results.schema.json"
# In processes of their own, but where the emulator is, which cannot start another program.
PROCESSES, NO_PROCESS = "--processes=2", "--processes=1"
ONE_CELL = ("--quick", "--isa=scalar", "--filter=^simple/T=197,d=192/")
SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}
NOTHING = {"PATH": "/nonexistent"}


def run(folder, *options, shell="dash", env=NOTHING, cwd=None):
    program, *flags = SHELLS[shell]
    command = [shutil.which(program), *flags, folder / "bench", *options]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True)


def expect_results(folder):
    """One run's, of the one cell, complete and correct."""
    (run,) = folder.iterdir()
    assert {path.name for path in run.iterdir()} == {"results.json", "google_benchmark.json"}
    written = json.loads((run / "results.json").read_text("utf-8"))
    jsonschema.validate(written, json.loads(SCHEMA.read_text("utf-8")))
    assert written["complete"] and [cell["samples_ns"] != [] for cell in written["cells"]] == [True]


def fake_uname(folder, system, machine):
    """An environment whose uname says so."""
    folder.mkdir()
    script = folder / "uname"
    script.write_text(f"#!/bin/sh\ncase $1 in -s) echo {system} ;; -m) echo {machine} ;; esac\n")
    script.chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.parametrize("shell", SHELLS)
def test_it_measures_with_each_shell_and_an_empty_environment(folder, tmp_path, shell):
    ran = run(folder, *ONE_CELL, PROCESSES, shell=shell, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    expect_results(folder / "results")


def test_it_loads_nothing_from_the_system(folder, tmp_path):
    preloaded = str(binary.find_library("libutil.so.1", MACHINE))
    log = {"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": str(tmp_path / "loaded")}
    # The one shell that has no libraries, and so no log, of its own.
    ran = run(folder, *ONE_CELL, PROCESSES, shell="busybox", env=NOTHING | log | {"LD_PRELOAD": preloaded})
    assert ran.returncode == 0, ran.stderr
    loaded = [re.findall("calling init: (.+)", path.read_text()) for path in tmp_path.glob("loaded.*")]
    of_bench = [paths for paths in loaded if any("libsleef" in path for path in paths)]
    assert of_bench
    for paths in of_bench:
        assert {pathlib.Path(path).parent for path in paths} == {folder / MACHINE / "lib"}


def test_it_measures_where_there_is_nothing_but_a_shell(unpack, tmp_path):
    root = tmp_path / "root"
    for name in ("bin", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/sh")
    folder = unpack(root / "a folder")
    mount = 'for name in proc sys dev; do mount --rbind "/$name" "$0/$name" || exit 99; done; exec chroot "$0" "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(root)]
    if subprocess.run([*command, "/bin/sh", "-c", ":"], capture_output=True).returncode != 0:
        pytest.skip("this system does not let a process have a root of its own")
    ran = subprocess.run(
        [*command, "/bin/sh", f"/{folder.relative_to(root)}/bench", *ONE_CELL, PROCESSES], capture_output=True
    )
    assert ran.returncode == 0, ran.stderr.decode()
    expect_results(folder / "results")


@pytest.mark.skipif(MACHINE != "x86_64", reason="bundles for both architectures are made on x86-64")
def test_it_measures_on_aarch64(folder, tmp_path):
    # The loader alone is started by name: in its place a script that starts it under the emulator.
    (loader,) = (folder / "aarch64/lib").glob("ld-linux*")
    loader.rename(loader.with_name("loader"))
    emulator = shutil.which("qemu-aarch64")
    loader.write_text(f'#!/bin/sh\nexec {emulator} "{loader.with_name("loader")}" "$@"\n')
    loader.chmod(0o755)
    ran = run(folder, *ONE_CELL, NO_PROCESS, env=fake_uname(tmp_path / "bin", "Linux", "aarch64"))
    assert ran.returncode == 0, ran.stderr
    expect_results(folder / "results")


@pytest.mark.parametrize("start", ["folder", "above"])
def test_it_finds_its_folder_from_any_other(folder, start):
    (folder.parent / "elsewhere" / folder.name).mkdir(parents=True)
    cwd, name = (folder, pathlib.Path()) if start == "folder" else (folder.parent, pathlib.Path(folder.name))
    ran = run(name, "--help", env=NOTHING | {"CDPATH": str(folder.parent / "elsewhere")}, cwd=cwd)
    assert "usage: scripts/bench" in ran.stdout, ran.stderr


def test_options_are_passed_on_and_the_users_own_win(folder, tmp_path):
    assert "usage: scripts/bench" in run(folder, "--help").stdout
    assert run(folder, "--isa=none").returncode == 2
    ran = run(folder, *ONE_CELL, NO_PROCESS, "--results=my results", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    expect_results(tmp_path / "my results")
    assert not (folder / "results").exists()


@pytest.mark.parametrize("system, machine", [("Linux", "riscv64"), ("Darwin", "arm64")])
def test_another_machine_is_refused_by_name(folder, tmp_path, system, machine):
    ran = run(folder, "--list", env=fake_uname(tmp_path / "bin", system, machine))
    assert ran.returncode == 1 and ran.stdout == ""
    if system == "Linux":
        assert f"this machine is '{machine}'" in ran.stderr
        assert "has programs for " + " ".join(sorted(path.parent.name for path in folder.glob("*/lib"))) in ran.stderr
    else:
        assert f"this system is '{system}'" in ran.stderr


@pytest.mark.parametrize("missing", ["data", f"{MACHINE}/aft_bench", f"{MACHINE}/lib"])
def test_what_is_missing_is_named(folder, missing):
    (folder / missing).rename(folder / "away")
    ran = run(folder, "--list")
    assert ran.returncode == 1
    assert str(folder / missing) in ran.stderr and "is missing: unpack the archive again" in ran.stderr


def test_a_loader_without_permission_and_a_path_it_cannot_take_are_refused(folder, tmp_path):
    (loader,) = (folder / MACHINE / "lib").glob("ld-linux*")
    loader.chmod(0o644)
    assert "may not be executed" in run(folder, "--list").stderr
    loader.chmod(0o755)
    taken_apart = folder.rename(tmp_path / "a:b")
    ran = run(taken_apart, "--list")
    assert ran.returncode == 1 and "rename the folder" in ran.stderr
