# SPDX-License-Identifier: MIT
"""aft.c has the bits of the CMake build, whatever compiles it: those of the accuracy suite's baseline."""

import concurrent.futures
import os
import pathlib
from collections.abc import Callable

import pytest
from accuracy import regimes, targets

from .compilers import ARM_CLANG, ARM_CLANG19, ARM_GCC, CLANG, CLANG19, GCC, HOST, edited, shared_library
from .variants import NATIVE, THOROUGH, Build, Variant, as_recorded, other_bits

COMPILERS = (GCC, CLANG, CLANG19)
# -march=native gives the scalar code FMA too, which gnu17 and -ffp-contract=fast let gcc use.
EVERY_CASE = [Variant(one, flags) for one in COMPILERS for flags in ("-O2 -std=c11", "-O3 -std=gnu17 -march=native")]
EVERY_CASE += [Variant(GCC, "-O3 -ffp-contract=fast"), Variant(CLANG19, "-O3")]
FEW_CASES = [Variant(one, flags) for one in COMPILERS for flags in ("-O0", "-O1")]
FEW_CASES += [Variant(GCC, "-Os"), Variant(CLANG, "-Os")]
# Parts of -ffast-math that clang does not tell of are undone.
FEW_CASES += [Variant(one, "-O2 -fassociative-math -fno-signed-zeros") for one in (CLANG, CLANG19)]
if THOROUGH:
    EVERY_CASE, FEW_CASES = EVERY_CASE + FEW_CASES, []
if HOST == "x86_64":
    FEW_CASES += [Variant(ARM_GCC, "-O2"), Variant(ARM_CLANG, "-O3"), Variant(ARM_CLANG19, "-O2")]
GCC_PRAGMA = '#pragma GCC optimize("fp-contract=off")'
OLDER_CPUS = {"Haswell": {"scalar", "avx2"}, "Nehalem": {"scalar"}}


@pytest.fixture(scope="session")
def library(dist, tmp_path_factory, request) -> Callable[[Variant], pathlib.Path]:
    """The folder with a variant's library. All that are wanted are compiled side by side, while tests run."""
    folder = tmp_path_factory.mktemp("libraries")
    parameters = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = dict.fromkeys(each["variant"] for each in parameters if "variant" in each)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {
            variant: pool.submit(
                shared_library, variant.compiler, variant.flags.split(), dist, folder / str(variant).replace(" ", "")
            )
            for variant in wanted
        }
        yield lambda variant: running[variant].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("isa", targets.ISAS.get(HOST, ()))
def test_this_cpu_runs(isa):
    """What is skipped here runs in none of the tests below."""
    if isa not in NATIVE.isas(NATIVE.folder):
        pytest.skip(f"this CPU lacks {isa}")


@pytest.mark.parametrize("variant", EVERY_CASE + FEW_CASES, ids=str)
def test_bits_are_the_recorded_ones(variant, library):
    folder = library(variant)
    assert as_recorded(variant.build, folder) == set(variant.build.isas(folder))


@pytest.mark.parametrize("variant", EVERY_CASE, ids=str)
def test_every_case_of_the_accuracy_suite(variant, library):
    assert other_bits(variant, library(variant), regimes.REGIMES) == []


@pytest.mark.parametrize("variant", FEW_CASES, ids=str)
def test_few_cases_of_the_accuracy_suite(variant, library):
    """Slow code, or an emulated CPU. AFT_TEST_THOROUGH=1 leaves the emulated ones here alone."""
    assert other_bits(variant, library(variant), regimes.FEW) == []


@pytest.mark.skipif(HOST != "x86_64", reason="these CPUs are x86-64 ones")
@pytest.mark.parametrize("cpu", OLDER_CPUS)
def test_no_instruction_that_an_older_cpu_lacks(cpu):
    older = Build(NATIVE.preset, HOST, ("qemu-x86_64", "-cpu", cpu))
    assert as_recorded(older, NATIVE.folder) == OLDER_CPUS[cpu]


# What the tests above are there to see. clang's -ffp-contract=fast overrides what a source says.
@pytest.mark.parametrize(
    ("variant_at_fault", "pragma"),
    [
        pytest.param(variant, pragma, id=f"{variant}, without {pragma}" if pragma else str(variant))
        for variant, pragma in (
            (Variant(GCC, "-O2 -std=gnu17"), GCC_PRAGMA),
            (Variant(ARM_GCC, "-O2 -std=gnu17"), GCC_PRAGMA),
            (Variant(CLANG, "-O1 -ffp-contract=fast"), ""),
            (Variant(CLANG19, "-O1 -ffp-contract=fast"), ""),
        )
    ],
)
def test_contraction_is_noticed(variant_at_fault, pragma, dist, tmp_path):
    variant, source = variant_at_fault, edited(dist, tmp_path, pragma, "") if pragma else dist
    folder = shared_library(variant.compiler, variant.flags.split(), source, tmp_path)
    found = other_bits(variant, folder, ["trained"])
    assert found and all(" bits " in said for said in found)
