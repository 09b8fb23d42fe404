# SPDX-License-Identifier: MIT
"""One archive with the benchmark for each architecture built, its libraries, loader, tensors and licences."""

import argparse
import pathlib
import re
import string
import subprocess
import sys
import tempfile

from common import ending

from bundle import Refusal, archive, binary, licences
from bundle.archive import Entry

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
# What aft_bench reads, by kernel, mask and tensor; the outputs beside them are the tests'.
TENSORS = "*/*_[qkvw].npy"
# Libraries that are compiled in.
HEADERS = (pathlib.Path("/usr/include/nlohmann/json.hpp"),)
# As cmake/build_facts.cmake writes it.
COMMIT = re.compile(rb'"commit": (?:null|"([^"]+)"), "dirty": (\w+)')


# Architecture, name, file.
Libraries = dict[str, dict[str, pathlib.Path]]


def libraries_of(programs: list[pathlib.Path]) -> Libraries:
    libraries: Libraries = {}
    for program in programs:
        if not program.is_file() or not (arch := binary.architecture(program)):
            raise Refusal(f"{program} is no program for {' or '.join(binary.MACHINES.values())}: has it been built?")
        libraries[arch] = binary.closure(program)
    return libraries


def commit_of(programs: list[pathlib.Path]) -> str:
    """What all of them say that they are built from; they hold it as JSON, and only one of them runs here."""
    found = {program: COMMIT.search(program.read_bytes()) for program in programs}
    commits = {said and said.groups() for said in found.values()}
    if len(commits) > 1 or None in commits:
        raise Refusal(f"{' and '.join(map(str, programs))} are not of one commit: build them again")
    ((name, dirty),) = commits
    return (name or b"unknown").decode() + ("-dirty" if dirty == b"true" else "")


def seconds_of(commit: str) -> int:
    """When it was made; 0 where git does not know."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct", commit.removesuffix("-dirty"), "--"]
    try:
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    except (OSError, subprocess.CalledProcessError):
        return 0


def stripped(program: pathlib.Path, arch: str) -> bytes:
    """Without symbols: they are of no use where there is no source."""
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder, program.name)
        command = [f"{arch}-linux-gnu-strip", "--strip-all", "-o", str(small), str(program)]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError as error:
            raise Refusal(f"there is no {command[0]}: run scripts/setup bundle") from error
        return small.read_bytes()


def program_files(program: pathlib.Path, arch: str, libraries: dict[str, pathlib.Path]) -> dict[str, Entry]:
    files = {f"{arch}/aft_bench": Entry(stripped(program, arch), executable=True)}
    for name, path in libraries.items():
        files[f"{arch}/lib/{name}"] = Entry(path.read_bytes(), executable=name == binary.loader_name(program))
    return files


def licence_files(libraries: Libraries) -> dict[str, Entry]:
    files = {name: Entry((ROOT / name).read_bytes()) for name in ("LICENSE", "NOTICE")}
    parts = {f"{arch}/lib/{name}": path for arch, found in libraries.items() for name, path in found.items()}
    parts |= {f"aft_bench/{path.name}": path for path in HEADERS}
    lines = ["# file, Debian package, its version, its source package\n"]
    for part, path in sorted(parts.items()):
        package = licences.package_of(path)
        lines.append(f"{part} {package.name} {package.version} {package.source}\n")
        files[f"licences/{package.name}.txt"] = Entry(package.licence)
        files |= {f"licences/{text.name}": Entry(text.read_bytes()) for text in licences.cited_by(package)}
    files["licences/packages.txt"] = Entry("".join(lines).encode())
    return files


def readme(commit: str, libraries: Libraries) -> Entry:
    kernels = [f"{binary.oldest_kernel(found['libc.so.6'])} on {arch}" for arch, found in sorted(libraries.items())]
    text = string.Template((HERE / "README.txt").read_text("utf-8")).substitute(
        commit=commit,
        architectures=" and ".join(sorted(libraries)),
        kernels=", ".join(kernels),
    )
    return Entry(text.encode())


def collect(programs: list[pathlib.Path], libraries: Libraries, commit: str) -> dict[str, Entry]:
    """The files of the bundle."""
    files: dict[str, Entry] = {}
    for program, arch in zip(programs, libraries):
        files |= program_files(program, arch, libraries[arch])
    data = ROOT / "tests/data"
    files |= {f"data/{path.relative_to(data)}": Entry(path.read_bytes()) for path in data.glob(TENSORS)}
    files |= licence_files(libraries)
    files |= {"README.txt": readme(commit, libraries), "bench": Entry((HERE / "run.sh").read_bytes(), executable=True)}
    return files


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --bundle", description=__doc__)
    parser.add_argument(
        "--output", type=pathlib.Path, metavar="FILE", help="default: results/libaft-bench-COMMIT.tar.gz"
    )
    parser.add_argument("programs", type=pathlib.Path, nargs="+", help="aft_bench of each architecture")
    options = parser.parse_args()
    try:
        libraries = libraries_of(options.programs)
        commit = commit_of(options.programs)
        folder = f"libaft-bench-{commit}"
        output = options.output or pathlib.Path("results", f"{folder}.tar.gz")
        archive.write(output, folder, collect(options.programs, libraries, commit), seconds_of(commit))
    except (Refusal, OSError, subprocess.CalledProcessError) as error:
        print(f"scripts/bench --bundle: no bundle is made: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, for {' and '.join(sorted(libraries))}")
    print(f"On the machine to measure: tar xzf {output.name} && sh {folder}/bench --quick")
    print(f"The results come to lie in {folder}/results there; its README.txt says more.")
    return 0


if __name__ == "__main__":
    ending.run("scripts/bench --bundle", main)
