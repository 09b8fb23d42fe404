# SPDX-License-Identifier: MIT
"""Nothing that a script began goes on when the script has ended, be it by SIGKILL.

Whatever a script begins has AFT_SCRIPT_<the script's process>=<a number of its own> in its environment. A process
beside the script waits until that is gone, and ends all that have it: first by SIGTERM, so that they keep and remove
what they should. It does not see what runs as another user, as with sudo, or was given another environment.

Scripts in Python call `begin` (ending.py); those of the shell begin anew as watcher.py SHELL SCRIPT... (script.sh), so
that their subshells have it, too.
"""

import contextlib
import os
import select
import signal
import sys
import time

PATIENCE = 10  # seconds until what does not heed SIGTERM is killed


def mark(name: str) -> str:
    """What all that is begun from now on has in its environment, and nothing else."""
    os.environ[name] = os.urandom(8).hex()
    return f"{name}={os.environ[name]}"


def processes_with(mark: str) -> list[int]:
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has just ended, or is another user's
            with open(f"/proc/{process}/environ", "rb") as environment:
                if mark.encode() in environment.read().split(b"\0"):
                    found.append(int(process))
    return found


def end_all_with(mark: str) -> None:
    late = time.monotonic() + PATIENCE
    told = set()
    while left := processes_with(mark):
        for process in left:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                if time.monotonic() > late:
                    os.kill(process, signal.SIGKILL)
                elif process not in told:  # once: another might break off what the first has it do
                    os.kill(process, signal.SIGTERM)
            told.add(process)
        time.sleep(0.01)


def begin() -> None:
    name = f"AFT_SCRIPT_{os.getpid()}"
    if name in os.environ:  # a script that has become another program has its watcher
        return
    own = mark(name)
    try:
        script = os.pidfd_open(os.getpid())
    except (AttributeError, OSError):  # a kernel before 5.3, or a Python built on one: no watcher
        return
    child = os.fork()
    if child == 0:
        try:
            # Nobody waits for it, and neither Ctrl-C nor what the script does with its children reaches it.
            os.setsid()
            if os.fork() == 0:
                os.chdir("/")
                os.dup2(script, 0)
                os.closerange(1, os.sysconf("SC_OPEN_MAX"))  # or a reader of the script's output waited for it
                select.select([0], [], [])
                end_all_with(own)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(script)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # by the caller, as what is in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored_by_python, signal.SIG_DFL)
    begin()
    os.execv(sys.argv[1], sys.argv[1:])
