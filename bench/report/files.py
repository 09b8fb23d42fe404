# SPDX-License-Identifier: MIT
"""Files that appear whole or not at all."""

import contextlib
import os
import pathlib


class WriteError(Exception):
    pass


def write(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # Nothing may take the place of a device or a pipe, such as /dev/stdout, nor of a link.
        plain = not path.is_symlink() and (path.is_file() or not path.exists())
        with (temporary if plain else path).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        if plain:
            temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise WriteError(f"cannot write {path}: {error.strerror}; choose a place that can be written") from None
