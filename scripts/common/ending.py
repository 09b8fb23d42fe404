# SPDX-License-Identifier: MIT
"""How a program ends that something from outside stops: with a line that says what, a status, and no traceback."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

from . import watcher

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def told(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        words = [error.cmd] if isinstance(error.cmd, str | os.PathLike) else error.cmd
        said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr
        ended = f"'{shlex.join(map(str, words))}' ended with status {error.returncode}"
        return f"{ended}: {said.strip()}" if said else f"{ended}, see above"
    if isinstance(error, OSError) and error.filename:
        name = str(error.filename)
        if isinstance(error, FileNotFoundError) and "/" not in name and not shutil.which(name):
            return f"{name} is missing: scripts/setup installs it, or says how"
        return f"{name}: {error.strerror}"
    return str(error)


def interrupt(number: int, _: object) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # a second one would break off the tidying up after this one
    raise KeyboardInterrupt(number)


def run(program: str, main: Callable[[], int | None], errors: tuple[type[Exception], ...] = ()) -> None:
    """Ends the process with what main returns, or with 2 where files or programs fail it, or one of its own errors.
    SIGTERM and SIGHUP are to it what Ctrl-C is."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # by the caller, as nohup does
            signal.signal(number, interrupt)
    try:
        watcher.begin()
        try:
            status = main()
        finally:
            sys.stdout.flush()  # a full disk may be where the output goes
    except KeyboardInterrupt as interruption:
        status = 128 + interruption.args[0]
    except (OSError, subprocess.CalledProcessError, *errors) as error:
        print(f"{program}: {told(error)}", file=sys.stderr)
        status = 2
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where what is left of it can go
    sys.exit(status)
