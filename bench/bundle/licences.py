# SPDX-License-Identifier: MIT
"""The Debian package that a library is of: its version, which tells the sources, and its licence."""

import dataclasses
import pathlib
import re
import subprocess

from bundle import Refusal


@dataclasses.dataclass(frozen=True)
class Package:
    name: str
    version: str
    source: str

    @property
    def licence(self) -> bytes:
        path = pathlib.Path("/usr/share/doc", self.name, "copyright")
        try:
            return path.read_bytes()
        except OSError as error:
            raise Refusal(f"no licence of the package {self.name}: {path}: {error.strerror}; reinstall it") from error


def cited_by(package: Package) -> list[pathlib.Path]:
    """The licences that Debian keeps once for all packages."""
    cited = {
        pathlib.Path(path)
        for path in re.findall(r"/usr/share/common-licenses/[\w-]+(?:\.\d+)*", package.licence.decode())
    }
    missing = sorted(str(path) for path in cited if not path.is_file())
    if missing:
        raise Refusal(
            f"the licence of {package.name} cites {', '.join(missing)}, which is missing; reinstall base-files"
        )
    return sorted(cited)


def asked(*command: str) -> str | None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Refusal(
            f"there is no {command[0]}: bundles are made on Debian, whose packages have the licences"
        ) from error
    return ran.stdout if ran.returncode == 0 else None


def package_of(library: pathlib.Path) -> Package:
    # A package may have put the file in /lib, which is /usr/lib today.
    real = library.resolve()
    for path in dict.fromkeys((library, real, pathlib.Path("/", *real.parts[2:]))):
        if owner := asked("dpkg-query", "--search", str(path)):
            break
    else:
        raise Refusal(f"{library} belongs to no package: its licence is unknown, so it cannot be passed on")
    name = owner.split(": ")[0]
    fields = "${Package} ${Version} ${source:Package}"
    return Package(*asked("dpkg-query", "--show", f"--showformat={fields}", name).split())
