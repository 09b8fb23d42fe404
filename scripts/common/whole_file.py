# SPDX-License-Identifier: MIT
"""Files that appear whole or not at all: a full disk, Ctrl-C and SIGKILL leave the old one as it was. And what is said
of one that is not whole."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

HINT = "choose a place that can be written"
TRIAL = b"\0" * 65536  # more than a page, which some file systems give a file that is too small to count


class WriteError(OSError):
    """Says which file, why not, and what to do."""

    def __init__(self, path: pathlib.Path, error: OSError):
        super().__init__(f"cannot write {path}: {error.strerror}; {HINT}")


class DamagedError(OSError):
    """Says which file, and what to do."""

    def __init__(self, path: pathlib.Path, remedy: str):
        super().__init__(f"{path} is damaged: {remedy}")


@contextlib.contextmanager
def expect_whole(path: pathlib.Path, remedy: str = "remove it") -> Iterator[None]:
    """Around what makes something of the content of a file that a program of this repository has written."""
    try:
        yield
    except (ValueError, LookupError, TypeError):
        raise DamagedError(path, remedy) from None


def write(path: pathlib.Path, content: str | bytes) -> None:
    """The folder is made where there is none."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # Nothing may take the place of a device or a pipe, such as /dev/stdout, nor of a link.
        plain = not path.is_symlink() and (path.is_file() or not path.exists())
        path.parent.mkdir(parents=True, exist_ok=True)
        (temporary if plain else path).write_bytes(data)
        if plain:
            temporary.replace(path)
    except OSError as error:
        raise WriteError(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def expect_writable(path: pathlib.Path) -> None:
    """Tries now whether the file can be written, before minutes are spent on what cannot be kept."""
    trial = path.with_name(f".{path.name}.{os.getpid()}.trial")
    try:
        write(trial, TRIAL)
        trial.unlink()
    except OSError as error:
        reason = error.__context__ if isinstance(error, WriteError) else error
        raise WriteError(path, reason) from None
