# SPDX-License-Identifier: MIT
"""A tar.gz that has the same bytes whenever and by whomever it is made of the same files."""

import dataclasses
import gzip
import io
import pathlib
import tarfile

from common import whole_file


@dataclasses.dataclass(frozen=True)
class Entry:
    content: bytes
    executable: bool = False


def write(path: pathlib.Path, folder: str, entries: dict[str, Entry], seconds: int) -> None:
    """`entries` by their names inside `folder`; all of the same age."""
    file = io.BytesIO()
    # Neither the name nor the time of the compression go into the file.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed,
        tarfile.open(mode="w", fileobj=compressed, format=tarfile.GNU_FORMAT) as tar,
    ):
        for name in sorted(entries):
            entry = entries[name]
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(entry.content)
            member.mode = 0o755 if entry.executable else 0o644
            member.mtime = seconds
            member.uname = member.gname = "root"
            tar.addfile(member, io.BytesIO(entry.content))
    whole_file.write(path, file.getvalue())
