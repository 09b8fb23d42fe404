# SPDX-License-Identifier: MIT
"""common.whole_file: a file is the old one or the new one, whatever happens, and nothing lies beside it."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest
from common import whole_file
from tree import ROOT

OLD, NEW = "old", "new" * 1000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_text(OLD)
    return path


def test_the_new_one_has_the_permissions_that_the_user_chose(path):
    path.unlink()
    whole_file.write(path, NEW)
    assert path.read_text() == NEW
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_folders_are_made(tmp_path):
    whole_file.write(tmp_path / "a/b/file", b"\0\n")
    assert (tmp_path / "a/b/file").read_bytes() == b"\0\n"


def test_a_link_stays_one(path):
    link = path.with_name("link")
    link.symlink_to(path)
    whole_file.write(link, NEW)
    assert link.is_symlink() and path.read_text() == NEW


def test_a_device_stays_one():
    whole_file.write(pathlib.Path("/dev/null"), NEW)
    with pytest.raises(whole_file.WriteError, match="cannot write /dev/full: No space left on device; choose a place"):
        whole_file.write(pathlib.Path("/dev/full"), NEW)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_what_fails_leaves_the_old_one_alone(path, monkeypatch, step, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(f"pathlib.Path.{step}", fail)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else whole_file.WriteError
    with pytest.raises(expected):
        whole_file.write(path, NEW)
    assert [(file.name, file.read_text()) for file in path.parent.iterdir()] == [("file", OLD)]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_killed_process_leaves_the_old_one_and_is_in_nobodys_way(path, step):
    code = f"""
import os, pathlib, signal, sys
from common import whole_file
path = pathlib.Path(sys.argv[1])
done = pathlib.Path.{step}
def kill(*arguments):
    done(arguments[0], arguments[1][:5]) if {step!r} == "write_bytes" else None
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.{step} = kill
whole_file.write(path, {NEW!r})
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    assert subprocess.run([sys.executable, "-c", code, path], env=environment).returncode == -signal.SIGKILL
    assert path.read_text() == OLD
    whole_file.write(path, NEW)
    assert path.read_text() == NEW


def test_a_trial_leaves_nothing(path):
    whole_file.expect_writable(path)
    assert [file.read_text() for file in path.parent.iterdir()] == [OLD]
    with pytest.raises(whole_file.WriteError, match=r"cannot write /dev/null/file: .+; choose a place"):
        whole_file.expect_writable(pathlib.Path("/dev/null/file"))
