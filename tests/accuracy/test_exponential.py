# SPDX-License-Identifier: MIT
"""The check of the exponential fails where it should. Run: PYTHONPATH=tests:scripts python -m pytest tests/accuracy"""

import copy
import pathlib
import shutil
import subprocess
import sys

import pytest

from accuracy import exponential

REPOSITORY = pathlib.Path(__file__).parents[2]
STEP = 509
SOUND = """\
active avx2
isa avx2
provider sleef
inputs 8999889
nans 32961
normal_misrounded 133357
normal_distance 1 -0x1.5d50c4p+6
normal_error 0.97569092 -0x1.790d5p+2
subnormal_misrounded 1359
subnormal_distance 1 -0x1.80748ep+6
subnormal_error 0.74878797 -0x1.5d5e92p+6
last_zero -0x1.9fe36ap+6
correct_last_zero -0x1.9fe36ap+6
first_infinity 0x1.62e43p+6
correct_first_infinity 0x1.62e43p+6
wrong_specials 0
descents 0
first_descent nan
digest bbde963222dbb695
parts_error 1.37940281 -0x1.790d5p+2
p_least 0x1.55e5c4p-1
p_most 0x1.7f5dc8p+0
n_fractions 0
wrong_saturations 0
parts_digest c03ff8e5e8c71068
libm_error 1.10558552e-16 0x1.88088ep-48
"""


def broken_by(name, value, step=STEP):
    """The rules that a report with one other figure breaks."""
    report = exponential.parse(SOUND)
    report[name] = {"value": value, "at": 1.5} if isinstance(report[name], dict) else value
    return list(exponential.broken_rules("avx2", report, step))


def test_sound_report_breaks_no_rule():
    assert broken_by("descents", 0) == []


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("active", "scalar", "scalar active"),
        ("isa", "scalar", "that of scalar"),
        ("active", "avx2 and scalar", "avx2 and scalar active"),
        ("inputs", 8300000, "not every one in 509"),
        ("normal_error", 1.001, "normal_error is 1.001 at 1.5: above 1"),
        ("normal_error", float("inf"), "inf"),
        ("normal_distance", 2, "normal_distance"),
        ("subnormal_error", 1.001, "subnormal_error"),
        ("subnormal_distance", 2, "subnormal_distance"),
        ("parts_error", 1.501, "parts_error"),
        ("libm_error", 2.0**-47, "libm_error"),
        ("last_zero", -104.0, "where correctly rounded"),
        ("last_zero", None, "last_zero is None"),
        ("first_infinity", 100.0, "where correctly rounded"),
        ("wrong_specials", 1, "1 wrong results"),
        ("descents", 1, "below that of a smaller input"),
        ("n_fractions", 1, "no integers"),
        ("wrong_saturations", 1, "2^20"),
        ("p_least", 0.64, "p lies in [0.64"),
        ("p_most", 1.55, "1.55]"),
    ],
)
def test_broken_rule_is_told(name, value, complaint):
    (rule,) = broken_by(name, value)
    assert complaint in rule


def test_all_floats_are_all_floats():
    assert "not every one in 1" in broken_by("inputs", 2**32 - 2 * (2**23 - 1), step=1)[0]  # too few NaNs


def test_output_is_whole():
    with pytest.raises(exponential.ProgramError, match="parts_digest"):
        exponential.parse(SOUND.replace("parts_digest", "part_digest"))


def test_parts_make_the_whole():
    low = exponential.parse(SOUND)
    high = copy.deepcopy(low) | {
        "descents": 2,
        "first_descent": 3.0,
        "last_zero": None,
        "normal_error": {"value": 0.99, "at": 3.0},
        "digest": "ffffffffffffffff",
        "active": "scalar",
    }
    whole = exponential.join([low, high])
    assert (whole["inputs"], whole["descents"], whole["first_descent"]) == (2 * 8999889, 2, 3.0)
    assert whole["normal_error"] == {"value": 0.99, "at": 3.0}
    assert whole["last_zero"] == low["last_zero"]
    assert whole["digest"] == "bbde963222dbb694"
    assert whole["active"] == "avx2 and scalar"


@pytest.fixture
def program(tmp_path):
    """Makes a program that answers as told, whatever it is asked."""

    def make(output="", status=0):
        path = tmp_path / f"program{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f"print({output!r}, end='')\nraise SystemExit({status})\n")
        return [sys.executable, str(path)]

    return make


def of_isa(isa, output=SOUND):
    return output.replace("avx2", isa)


def test_progress_and_shape(program):
    seen = []
    result = exponential.check({"avx2": program(SOUND)}, STEP, seen.append)
    assert seen[-1] == 1 and seen == sorted(seen)
    assert result["failures"] == [] and result["skipped"] == {}
    assert result["isas"]["avx2"]["inputs"] == 4 * 8999889


def test_unsupported_is_skipped_and_nowhere_is_a_failure(program):
    lacking = {"avx512": program(status=3)}
    result = exponential.check(lacking | {"avx2": program(SOUND)}, STEP)
    assert list(result["skipped"]) == ["avx512"] and result["failures"] == []
    assert exponential.check(lacking, STEP)["failures"] == ["exp: ran nowhere"]


def test_program_that_does_not_run_is_a_failure(program):
    programs = {"scalar": program(status=1), "neon": ["no-such-emulator", "program"], "avx2": program(SOUND)}
    scalar, neon = exponential.check(programs, STEP)["failures"]
    assert "exp on scalar" in scalar and "status 1" in scalar
    assert "exp on neon: cannot start no-such-emulator" in neon


def test_differing_bits_name_the_instruction_sets(program):
    other = SOUND.replace("digest bbde", "digest abde")
    programs = {"avx2": program(SOUND), "avx512": program(of_isa("avx512")), "neon": program(of_isa("neon", other))}
    assert exponential.check(programs, STEP)["failures"] == ["exp: other bits of exp on neon than on avx2"]


def test_other_bits_than_recorded(program):
    programs = {"avx2": program(SOUND)}
    recorded = exponential.check(programs, STEP)["digests"]
    assert exponential.check(programs, STEP, recorded=recorded)["failures"] == []
    (failure,) = exponential.check(programs, STEP, recorded=recorded | {"parts_digest": "0"})["failures"]
    assert "other bits of p or n on avx2 than recorded" in failure


def compile_scalar(*arguments):
    subprocess.run(
        [
            "gcc",
            "-std=c11",
            "-O1",
            "-ffp-contract=off",
            "-DAFT_HAVE_scalar",
            '-DAFT_VEC_HEADER="kernels/vec/vec_scalar.h"',
            '-DAFT_EXP_HEADER="kernels/vec/exp_builtin.h"',
            *arguments,
        ],
        check=True,
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds the program on the scalar level of a copy of the kernels, with one text of the exp replaced by another."""
    objects = tmp_path_factory.mktemp("objects")
    sources = [
        *REPOSITORY.glob("dispatch/*.c"),
        REPOSITORY / "kernels/table.c",
        REPOSITORY / "kernels/probe_list.c",
        *(REPOSITORY / "tests/accuracy" / f"{stem}.c" for stem in ("exp", "exp_survey", "correct_exp")),
    ]
    for source in sources:
        compile_scalar(f"-I{REPOSITORY}", f"-I{REPOSITORY}/include", "-c", source, "-o", objects / f"{source.stem}.o")

    def build_copy(text, replacement):
        folder = tmp_path_factory.mktemp("copy")
        shutil.copytree(REPOSITORY / "kernels", folder / "kernels")
        header = folder / "kernels/vec/vec_exp.h"
        assert header.read_text().count(text) == 1
        header.write_text(header.read_text().replace(text, replacement))
        compile_scalar(
            f"-I{folder}", folder / "kernels/probe.c", *objects.iterdir(), "-o", folder / "program", "-lmpfr", "-lm"
        )
        return [folder / "program"]

    return build_copy


COARSE = 40009


@pytest.fixture(scope="module")
def sound(build):
    result = exponential.check({"scalar": build("0.5f", "0.5f")}, COARSE)
    assert result["failures"] == []
    return result


@pytest.mark.parametrize(
    ("text", "fault", "complaint"),
    [  # one ULP more in a coefficient
        ("1.0f", "0x1.000002p+0f", "normal_error"),
        ("-0.693145751953125f", "-0x1.62e3fep-1f", "first_infinity"),
        ("0.0416664853692054748535156f", "0x1.5554f6p-5f", "other bits of exp"),
        ("0x1.62e43p-1f", "0x1.62e432p-1f", "parts_error"),
        # a lost special case
        ("vf32_set1(-104.0f)", "vf32_set1(-100.0f)", "last_zero"),
        ("vf32_gt(vf32_set1(-104.0f), x)", "vm32_not(vf32_ge(x, vf32_set1(-104.0f)))", "NaN"),
        ("u = vf32_ldexp(u, n)", "u = vf32_mul(u, vf32_pow2(n))", "below that"),
        ("return vf32_round(vf32_mul(x, vf32_set1(LOG2_E)))", "return vf32_mul(x, vf32_set1(LOG2_E))", "no integers"),
        ("vf32_set1(-LOGIT_LIMIT))", "vf32_set1(-0x1p+21f))", "other than at +-2^20"),
    ],
)
def test_planted_fault(build, sound, text, fault, complaint):
    faulty = exponential.check({"scalar": build(text, fault)}, COARSE, recorded=sound["digests"])
    assert any(complaint in failure for failure in faulty["failures"]), faulty["failures"]
