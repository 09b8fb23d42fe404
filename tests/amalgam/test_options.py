# SPDX-License-Identifier: MIT
"""What a host may define: each option in a build that runs."""

import os
import pathlib
import re
import subprocess

import pytest

from .compilers import ARM_GCC, CLANG, GCC, HOST, NATIVE, Compiler
from .objects import disassembly, exported, public_functions, undefined
from .test_compile import USUAL, WARNINGS

HOSTS = pathlib.Path(__file__).parent / "hosts"
MAY_CALL_OF_HOST = {"memcpy", "memmove", "memset", "host_features"}
on_x86 = pytest.mark.skipif(HOST != "x86_64", reason="these instruction sets are x86-64's")


def build(compiler: Compiler, dist: pathlib.Path, output: pathlib.Path, *arguments: str | pathlib.Path) -> pathlib.Path:
    compiler.run(*USUAL, f"-I{dist}", *arguments, "-o", output)
    return output


def run(program: pathlib.Path, compiler: Compiler = GCC, **environment: str) -> str:
    emulator = [f"qemu-{compiler.machine}"] if compiler.cross else []
    done = subprocess.run([*emulator, program], capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(program: pathlib.Path, compiler: Compiler = GCC, **environment: str) -> tuple[str, list[str], str]:
    """The active instruction set, those that are built, the bits of a forward."""
    active, isas, bits = run(program, compiler, **environment).strip().split(":")
    return active, isas.split(), bits


@pytest.fixture(scope="module")
def whole(dist, compiled, tmp_path_factory):
    """The program of hosts/list.c with everything that aft.c has."""
    output = tmp_path_factory.mktemp("whole") / "list"
    return build(GCC, dist, output, HOSTS / "list.c", compiled(GCC, *USUAL))


def test_the_environment_is_not_read(whole):
    assert listed(whole, AFT_ISA="scalar") == listed(whole)


@pytest.mark.parametrize("compiler", NATIVE, ids=str)
def test_two_versions_in_one_program(compiler, dist, compiled, tmp_path):
    prefix = "-DAFT_PREFIX=other_"
    other = compiled(compiler, *USUAL, prefix)
    assert exported(compiler, other) == {name.replace("aft_", "other_", 1) for name in public_functions(dist)}
    host = build(compiler, dist, tmp_path / "other_version.o", "-c", prefix, HOSTS / "other_version.c")
    sources = HOSTS / "two_versions.c", host, compiled(compiler, *USUAL), other
    run(build(compiler, dist, tmp_path / "two_versions", *sources))


def test_the_whole_program_in_one_file(dist, whole, tmp_path):
    """Everything is static, and no name is taken from the host but those that begin with aft_."""
    names = set(re.findall(r"^#define (\w+) (?:aft_|AFT_ISA_SYMBOL)", (dist / "aft.c").read_text(), re.MULTILINE))
    assert {"find", "key", "vf32_add", "smaller", "LEVELS"} <= names  # of each kind one
    own = "\n".join(f"enum {{ {name} = {number} }};" for number, name in enumerate(sorted(names)))
    source = tmp_path / "host.c"
    source.write_text(f'#include "aft.c"\n{own}\n#include "list.c"\n')
    options = "-DAFT_STATIC", *WARNINGS, f"-I{HOSTS}"
    assert exported(GCC, build(GCC, dist, tmp_path / "host.o", "-c", *options, source)) == {"main"}
    assert listed(build(GCC, dist, tmp_path / "host", *options, source)) == listed(whole)


def macros(source: pathlib.Path, *options: str | pathlib.Path) -> set[str]:
    done = subprocess.run(
        ["gcc", *map(str, options), "-E", "-dM", source], check=True, stdout=subprocess.PIPE, text=True
    )
    return set(re.findall(r"^#define (\w+)", done.stdout, re.MULTILINE))


def test_no_macro_is_left(dist, tmp_path):
    headers = re.findall(r"^#include <.*>", (dist / "aft.c").read_text(), re.MULTILINE)
    theirs, ours = tmp_path / "theirs.c", tmp_path / "ours.c"
    theirs.write_text("\n".join(header for header in headers if "arm_neon" not in header or HOST == "aarch64"))
    ours.write_text('#include "aft.c"\n')
    left = macros(ours, f"-I{dist}", "-DAFT_STATIC") - macros(theirs)
    assert "AFT_H" in left
    assert [name for name in sorted(left) if not name.upper().startswith("AFT_")] == []


def test_the_host_goes_on_as_it_compiled_before(dist, tmp_path):
    """Behind the include, clang contracts, or does not, as the host has chosen."""
    function = "float fused(float a, float b, float c) { return a * b + c; }\n"
    flags = ("-O2", "-mfma") if HOST == "x86_64" else ("-O2",)
    for pragma, fused in ("#pragma STDC FP_CONTRACT OFF\n", False), ("#pragma STDC FP_CONTRACT ON\n", True):
        source, object_file = tmp_path / "host.c", tmp_path / "host.o"
        source.write_text(f'{pragma}#include "aft.c"\n{function}')
        CLANG.run(*flags, f"-I{dist}", "-DAFT_STATIC", "-c", source, "-o", object_file)
        code = disassembly(CLANG, object_file).split("<fused>:")[1].split("\n\n")[0]
        assert bool(re.search("fmadd", code)) == fused


def test_no_name_of_a_host_is_in_the_way(dist, tmp_path):
    """What aft.c defines at file scope begins with aft_, also where its own list of names has a gap."""
    object_file = tmp_path / "aft.o"
    GCC.run("-O0", "-c", dist / "aft.c", "-o", object_file)
    command = ["nm", "--defined-only", "--format=just-symbols", object_file]
    symbols = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    of_functions = re.compile(
        r"\w+\.\d+|_mm\w+|__get_cpuid\w*|_[a-z]\w+"
    )  # their static data; the compiler's own headers
    assert [symbol for symbol in symbols if not symbol.startswith("aft_") and not of_functions.fullmatch(symbol)] == []


@on_x86
@pytest.mark.parametrize("compiler", NATIVE, ids=str)
@pytest.mark.parametrize(
    ("left_out", "isas", "registers"),
    [
        (("AVX512",), ["scalar", "avx2"], "zmm"),
        (("AVX2",), ["scalar", "avx512"], None),
        (("AVX2", "AVX512"), ["scalar"], "[yz]mm"),
    ],
)
def test_instruction_sets_left_out(compiler, left_out, isas, registers, dist, compiled, whole, tmp_path):
    object_file = compiled(compiler, *USUAL, *(f"-DAFT_NO_{isa}" for isa in left_out))
    _, built, bits = listed(build(compiler, dist, tmp_path / "list", HOSTS / "list.c", object_file))
    assert built == isas
    assert bits == listed(whole)[2]
    if registers:
        assert not re.search(f"%{registers}", disassembly(compiler, object_file))
        assert re.search(f"%{registers}", disassembly(compiler, compiled(compiler, *USUAL)))


def test_neon_left_out(dist, compiled, whole, tmp_path):
    for flags, isas in ((), ["scalar", "neon"]), (("-DAFT_NO_NEON",), ["scalar"]):
        sources = HOSTS / "list.c", compiled(ARM_GCC, *USUAL, *flags)
        program = build(ARM_GCC, dist, tmp_path / f"list{len(isas)}", "-static", *sources)
        active, built, bits = listed(program, ARM_GCC)
        assert (active, built) == (isas[-1], isas)
        assert bits == listed(whole)[2]


CHOSEN_OF_FEATURES = {
    GCC: {
        "0": "scalar",
        "AFT_CPU_NEON": "scalar",
        "AFT_CPU_AVX2": "avx2",
        "AFT_CPU_AVX2 | AFT_CPU_AVX512": "avx512",
    },
    ARM_GCC: {"0": "scalar", "AFT_CPU_AVX2 | AFT_CPU_AVX512": "scalar", "AFT_CPU_NEON": "neon"},
}


@on_x86
@pytest.mark.parametrize("compiler", CHOSEN_OF_FEATURES, ids=str)
def test_the_host_says_what_the_cpu_has(compiler, dist, compiled, tmp_path):
    object_file = compiled(compiler, *USUAL, "-DAFT_CPU_FEATURES=host_features")
    assert undefined(compiler, object_file) <= MAY_CALL_OF_HOST
    for features, isa in CHOSEN_OF_FEATURES[compiler].items():
        sources = f"-DFEATURES=({features})", HOSTS / "features.c", object_file
        program = build(compiler, dist, tmp_path / isa, "-static", *sources)
        assert run(program, compiler) == f"{isa}\n"  # chosen, not run: any CPU can


@on_x86
def test_nobody_is_asked_where_the_host_says(compiled):
    assert "cpuid" in disassembly(GCC, compiled(GCC, *USUAL))
    assert "cpuid" not in disassembly(GCC, compiled(GCC, *USUAL, "-DAFT_CPU_FEATURES=host_features"))


def test_functions_declared_as_the_host_wants(dist, tmp_path):
    flags = ("-fPIC", '-DAFT_API=__attribute__((visibility("hidden")))')
    library = tmp_path / "libengine.so"
    GCC.run(*USUAL, *flags, "-shared", dist / "aft.c", "-o", library)
    command = ["nm", "--dynamic", "--defined-only", "--format=just-symbols", library]
    names = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    assert [name for name in names if "aft" in name] == []
