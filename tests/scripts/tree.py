# SPDX-License-Identifier: MIT
"""A copy of the sources whose scripts meet faults: disks that are full or may not be written, tools that are missing or
slow, signals that end them."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv*", "__pycache__", "build", "dist", "results", "corpus", "characters", "machines")
FUZZERS = "build/fuzz/tests/fuzz"
PATIENCE = 120  # seconds
SLOW = "#!/bin/sh\necho $$ >>{pids}\nexec sleep 600\n"
# Does not end what it runs, which heeds Ctrl-C, though it is in the background.
SLOW_BELOW = "#!/bin/sh\nenv --default-signal=INT sh -c 'echo $$ >>{pids}; exec sleep 600' &\nwait\n"

# In a namespace of its own: a disk in the place of a folder, with what that holds. What the command leaves there is
# in the folder afterwards.
DISK = """
disk=$1 folder=$2 left=$(mktemp -d); shift 2
cp -a "$folder/." "$left"
case $disk in
    full) mount -t tmpfs -o size=16m tmpfs "$folder" && cp -a "$left/." "$folder" || exit 99
          cat /dev/zero >"$folder/filler" 2>/dev/null || true ;;
    nearly*) mount -t tmpfs -o size="${disk#nearly }" tmpfs "$folder" && cp -a "$left/." "$folder" ;;
    read-only) mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder" ;;
esac || exit 99
"$@"
status=$?
rm -rf "$left"/* && cp -a "$folder/." "$left" && umount "$folder" && rm -rf "$folder"/* || exit 99
rm -f "$left/filler" && cp -a "$left/." "$folder" && rm -rf "$left"
exit $status
"""
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    trial = [*NAMESPACE, "sh", "-c", "mount -t tmpfs -o size=4k tmpfs /tmp"]
    return subprocess.run(trial, capture_output=True).returncode == 0


def files_in(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def is_gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def wait_for(condition: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    begin = time.monotonic()
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < begin + PATIENCE
        time.sleep(0.01)


class Tree:
    def __init__(self, folder: pathlib.Path):
        self.root, self.bin, self.temporary = folder / "tree", folder / "bin", folder / "tmp"
        self.pids = folder / "pids"  # of what is slow
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        for made in (self.bin, self.temporary):
            made.mkdir()
        self.path = os.environ["PATH"]
        # Itself, not a script in its place that puts folders before those of PATH.
        (self.bin / "python3").symlink_to(pathlib.Path(sys.executable).resolve())

    def with_tools(self) -> "Tree":
        (self.root / ".venv").symlink_to(ROOT / ".venv")
        return self

    def with_nothing_to_set_up(self) -> "Tree":
        (self.root / "scripts/setup").write_text("#!/bin/sh\n")
        return self.with_tools()

    def put(self, name: str, text: str, folder: pathlib.Path | None = None) -> pathlib.Path:
        """A program, in the PATH unless a folder is named."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(pids=self.pids))
        path.chmod(0o755)
        return path

    def take_away(self, *tools: str) -> None:
        """Of PATH there is everything left but these."""
        for folder in reversed(self.path.split(":")):
            for tool in pathlib.Path(folder).glob("*"):
                link = self.bin / tool.name
                if tool.name not in tools and not link.exists():
                    link.symlink_to(tool)
        self.path = ""

    def options(self) -> dict:
        path = f"{self.bin}:{self.path}".strip(":")
        environment = os.environ | {
            "PATH": path,
            "TMPDIR": str(self.temporary),
            "PYTEST_DEBUG_TEMPROOT": str(self.bin.parent),  # it keeps what its last runs have left
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": ":".join(str(self.root / folder) for folder in ("tests", "bench", "scripts")),
        }
        return dict(cwd=self.root, env=environment, stdin=subprocess.DEVNULL, text=True)

    def run(self, *command: str, disk: str = "", folder: pathlib.Path | None = None) -> subprocess.CompletedProcess:
        """With such a disk in the folder's place; its output and errors are one."""
        if disk:
            folder.mkdir(exist_ok=True)
            command = (*NAMESPACE, "sh", "-c", DISK, "sh", disk, str(folder), *command)
        done = subprocess.run(command, **self.options(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert "Traceback" not in done.stdout, done.stdout
        return done

    def begin(self, *command: str) -> subprocess.Popen:
        """As a terminal does: in a process group of its own, which Ctrl-C reaches."""
        heeding = ("env", "--default-signal=INT,HUP", *command)  # here the background, or nohup, may ignore them
        return subprocess.Popen(
            heeding, **self.options(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    def slow_ones(self) -> list[int]:
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []

    def end(self, process: subprocess.Popen, number: signal.Signals) -> str:
        """What it has said, when a signal has ended it and everything it began: Ctrl-C, or another to it alone."""
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        said = process.communicate(timeout=PATIENCE)[0]
        assert process.returncode in ({130} if number == signal.SIGINT else {-number, 128 + number}), said
        assert "Traceback" not in said, said
        begun = self.slow_ones()
        wait_for(lambda: all(map(is_gone, begun)))
        assert self.slow_ones() == begun  # nor has it begun another
        assert number == signal.SIGKILL or list(self.temporary.iterdir()) == []
        return said
