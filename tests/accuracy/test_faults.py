# SPDX-License-Identifier: MIT
"""It can fail: faults planted in a copy of the library, one at a time, and what the run says of each."""

import contextlib
import dataclasses
import os
import pathlib
import platform
import re
import shutil
import subprocess

import pytest

from accuracy import gates, measure, suite, targets
from accuracy.__main__ import SEED
from accuracy.case import LONG, Target
from accuracy.problem import KERNELS
from accuracy.programs import supports

CHANGED = "the bits of the result changed"
WORSE = r"\w+ error .* was"
ABOVE = r"\w+ error .* above the hard ceiling"
ENDED = "ended by SIGSEGV"


@dataclasses.dataclass(frozen=True)
class Report:
    """Patterns of what a case with a fault must say, and of what it must not. EVERY stands for each instruction set,
    VECTOR for each but the scalar one, HIGHEST for the last."""

    said: tuple[str, ...]
    unsaid: tuple[str, ...]


def noticed_in(*said, unsaid=()):
    """Right when run once: only what follows tells."""
    return Report(said, (CHANGED, ABOVE, "other bits than on", *unsaid))


WRONG = Report((CHANGED, f"EVERY: {ABOVE}"), ("other bits than on",))
WRONG_ON_VECTORS = Report((f"VECTOR: {ABOVE}", "VECTOR: other bits than on scalar"), (CHANGED, "^scalar: "))
OTHER_BITS = Report((CHANGED,), ("other bits", ABOVE))
OTHER_BITS_ON_AVX2 = Report(("^avx2: other bits than on scalar",), (CHANGED, ABOVE, "^scalar: ", "^avx512: "))
OTHER_BITS_PREPARED = noticed_in("EVERY: other bits with the bias prepared")
NO_FAULT = Report((), ("",))


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    file: str
    text: str  # there once
    replacement: str
    cases: str  # separated by semicolons; each must give the report
    report: Report

    def __str__(self):
        return self.name


EXP, AVX2, KERNEL, KEY = (f"kernels/{name}.h" for name in ("vec/vec_exp", "vec/vec_avx2", "kernel", "key"))
STATE, EXACT, WEIGHTS, NEAR = (f"kernels/{name}.h" for name in ("state", "exact", "weights", "near"))
BIAS_ROWS, LOCAL = (f"kernels/{name}.h" for name in ("bias_rows", "bias_local"))
AGGREGATE, STREAM, SCAN = (f"kernels/{name}_rows.c" for name in ("aggregate", "stream", "scan"))
PREPARE, FORWARD, DISPATCH = (f"dispatch/{name}.c" for name in ("prepare", "forward", "dispatch"))
PACK_BIAS = "kernels/pack_bias.c"

EXP_OF_ONE_SIXTH = "0.166666671633720397949219f", "0x1.555558p-3f"  # and one ULP more
LOAD = "return lanes == VF32_LANES ? vf32_load(p) : vf32_load_n(p, lanes);"
SWITCH = "atomic_store_explicit(&active, levels[level].table(), memory_order_release);"
BEGIN_MODE = "aft_float_mode host = aft_float_mode_begin();"
FOLD = "level_2 = AFT_FAN_IN * AFT_FAN_IN;"
KEY_MAXIMUM = "maxima.n = vf32_max(maxima.n, vf32_load(chain->n + i));"
KEY_MAXIMUM_OVER_CHANNELS = "maxima.n = vf32_max(maxima.n, vf32_set1(vf32_reduce_max(vf32_load(chain->n + i))));"
JOINT_MAXIMUM = "top_n = vf32_max(top_n, joint);"

# fmt: off
FAULTS = [
    Fault(
        "levels are added from the last where an element is computed again",
        EXACT,
        "for (size_t l = 0; l < AFT_LEVELS; l++) {\n        sum.chains.numerator",
        "for (size_t l = AFT_LEVELS; l-- > 0;) {\n        sum.chains.numerator",
        "full, opposed logits",
        OTHER_BITS,
    ),
    Fault(
        "panels of a later set are looked for in the wrong place",
        KERNEL,
        "(pair - set) * plan->pair_floats",
        "pair * plan->pair_floats",
        "full, normal",
        Report((CHANGED, f"EVERY: .*{ENDED}"), ()),
    ),
    # The exponential.
    Fault("exp, one ULP in a coefficient", EXP, *EXP_OF_ONE_SIXTH, "full, masked", OTHER_BITS),
    Fault("exp, one ULP in a coefficient on one instruction set", EXP,
          EXP_OF_ONE_SIXTH[0], "VF32_LANES == 8 ? {1} : {0}".format(*EXP_OF_ONE_SIXTH),
          "full, masked", OTHER_BITS_ON_AVX2),
    Fault("exp, one ULP in ln 2", EXP, "LN2_HIGH 0x1.62e43p-1f", "LN2_HIGH 0x1.62e432p-1f",
          "full, masked", Report((CHANGED, f"EVERY: {WORSE}"), ("other bits",))),
    Fault("an FMA that rounds twice on one instruction set", AVX2,
          "_mm256_fmadd_ps(a, b, c)", "_mm256_add_ps(_mm256_mul_ps(a, b), c)", "full, masked", OTHER_BITS_ON_AVX2),

    # A maximum along the wrong axis.
    Fault("maximum over channels of the joint exponents", EXACT,
          JOINT_MAXIMUM, JOINT_MAXIMUM.replace("joint", "vf32_set1(vf32_reduce_max(joint))"),
          "full causal, logits ±1e4", WRONG_ON_VECTORS),
    Fault("maximum over channels of a chain", KEY,
          KEY_MAXIMUM, KEY_MAXIMUM_OVER_CHANNELS, "simple, logits ±1e4", WRONG_ON_VECTORS),
    Fault("maximum over channels of two states", STATE,
          "vf32_max(a.denominator_exponent, b.denominator_exponent);",
          "vf32_set1(vf32_reduce_max(vf32_max(a.denominator_exponent, b.denominator_exponent)));",
          "local, far key", WRONG_ON_VECTORS),
    Fault("maximum over one lane of a row's biases", WEIGHTS,
          "vf32_set1(vf32_reduce_max(r.top))", "r.top", "full causal, logits ±1e4", WRONG_ON_VECTORS),
    Fault("maximum over biases beside the first key alone", EXACT,
          JOINT_MAXIMUM, JOINT_MAXIMUM.replace("joint", "vf32_add(vf32_load(chain->n), n)"),
          "full causal, logits ±1e4", Report((CHANGED, f"EVERY: {ABOVE}"), ())),

    # Keys that are left out, or seen too early.
    Fault("the last key is dropped", KEY,
          "smaller(AFT_CHAIN_KEYS, rows->count - begin)", "smaller(AFT_CHAIN_KEYS, rows->count - 1 - begin)",
          "simple, trained; full, trained", WRONG),
    Fault("the keys after the window are dropped", STATE,
          "if (plan->problem.shape.causal)\n        return before;", "if (plan)\n        return before;",
          "local, masked", WRONG),
    Fault("the keys before the window are dropped", BIAS_ROWS,
          "row->prefix = row->dense_begin / AFT_CHAIN_KEYS;", "row->prefix = 0;", "local causal, masked", WRONG),
    Fault("all chains but the last are dropped where keys are scanned", SCAN,
          "s->seen = state_tree_total(&s->before);", "s->seen = own;", "simple causal, masked", WRONG),
    Fault("the last group of keys is dropped", STREAM,
          "group < plan->key_groups; group++", "group + 1 < plan->key_groups; group++", "simple, normal", WRONG),
    Fault("the window begins one key late", LOCAL,
          "row->position + 1 - plan->window : 0", "row->position + 2 - plan->window : 0",
          "local causal, masked", WRONG),
    Fault("the window ends one key late", LOCAL,
          "end = row->position + plan->window;", "end = row->position + plan->window + 1;", "local, masked", WRONG),
    Fault("a band is read one column off", BIAS_ROWS,
          "begin + (bias->window - 1) - row->position", "begin + bias->window - row->position",
          "local, masked", noticed_in("EVERY: other bits with the bias stored as a band")),
    Fault("a causal row sees one key of its future", BIAS_ROWS,
          "smaller(row->position + 1, keys)", "smaller(row->position + 2, keys)", "full causal, masked",
          Report((*WRONG.said, "EVERY: other bits as a sequence of its first"), WRONG.unsaid)),
    Fault("a scanned row sees one key of its future", SCAN,
          "first_key - begin};", "first_key + 1 - begin};", "simple causal, masked",
          Report(WRONG.said, ())),
    Fault("the offset of the queries is forgotten", BIAS_ROWS,
          "smaller(row->position + 1, keys)", "smaller(index + 1, keys)", "full causal, alike terms", WRONG),
    Fault("all batches have the length of the first", KERNEL,
          "shape->kv_lengths[batch_of(plan, pair)]", "shape->kv_lengths[0]", "full, masked",
          Report((*WRONG.said, "EVERY: other bits one batch and head at a time"), WRONG.unsaid)),

    # Sums in another order, as exact as before.
    Fault("groups are added from the last", STREAM,
          "size_t group = 0; group < plan->key_groups; group++", "size_t group = plan->key_groups; group-- > 0;",
          "simple, normal", OTHER_BITS),
    Fault("levels are added from the last", STATE,
          "state total = tree->levels[0];\n    for (size_t l = 1; l <= AFT_LEVELS; l++)",
          "state total = tree->levels[AFT_LEVELS];\n    for (size_t l = AFT_LEVELS; l-- > 0;)",
          "simple, uniform ±20", OTHER_BITS),
    Fault("two sums make one of the next level", AGGREGATE,
          FOLD, "level_2 = AFT_FAN_IN * 2;", "full, trained", OTHER_BITS),
    Fault("two sums make one of the next level on one instruction set", AGGREGATE,
          FOLD, "level_2 = AFT_FAN_IN * (VF32_LANES == 8 ? 2 : AFT_FAN_IN);", "full, trained", OTHER_BITS_ON_AVX2),

    # The host's floating-point mode.
    Fault("a task forgets to set its mode", FORWARD,
          BEGIN_MODE, f"{BEGIN_MODE}\n    if (task > 0)\n        aft_float_mode_end(host);", "full, subnormal",
          Report((r"EVERY: (\w+ ended by SIGFPE|other bits on a host rounding up, 2 threads)",),  # where hosts may trap
                 ("not put back", "other bits than on"))),
    Fault("a task forgets to put the mode back", FORWARD,
          "    aft_float_mode_end(host);\n", "    (void)host;\n", "full, subnormal",
          noticed_in("EVERY: other bits on a host flush to zero, denormals are zero: the mode was not put back")),

    # Another instruction set than asked: right as well.
    Fault("aft_use_isa switches nothing", DISPATCH, f"{SWITCH}\n    return AFT_OK;", "return AFT_OK;",
          "full, masked", noticed_in("scalar: the library ran HIGHEST instead", unsaid=["^HIGHEST: "])),
    Fault("a table stands in another's place", DISPATCH,
          SWITCH, SWITCH.replace("[level]", "[level > 0 ? level - 1 : 0]"),
          "full, masked", noticed_in("VECTOR: the library ran .* instead", unsaid=["^scalar: "])),

    # Threads, alignment and memory.
    Fault("the last task is lost among threads", FORWARD,
          "work.phase.tasks, run_job_task", "work.phase.tasks - 1, run_job_task",
          "full, masked", noticed_in(*(f"EVERY: other bits with {threads} threads" for threads in (2, 3, 7)))),
    Fault("loads round addresses down", KERNEL,
          LOAD, LOAD.replace("load(p)", "load((const float *)((uintptr_t)p & ~(uintptr_t)(4 * VF32_LANES - 1)))"),
          "simple, trained", noticed_in("VECTOR: other bits 1 floats off alignment", unsaid=["^scalar: "])),
    Fault("loads need alignment", AVX2, "_mm256_loadu_ps(p)", "_mm256_load_ps(p)",
          "simple, trained", noticed_in(f"^avx2: .*{ENDED}", unsaid=["^scalar: ", "^avx512: "])),
    Fault("the rest of a row is read as a whole vector", KERNEL, LOAD, "(void)lanes;\n    return vf32_load(p);",
          "full, masked", noticed_in(f"VECTOR: .*{ENDED}", unsaid=["^scalar: "])),
    Fault("the rest of a row is written as a whole vector", KERNEL,
          "if (lanes == VF32_LANES)\n        vf32_store(p, x);", "if (lanes)\n        vf32_store(p, x);",
          "full, masked", noticed_in(f"VECTOR: .*{ENDED}", unsaid=["^scalar: "])),

    # Prepared biases.
    Fault("a prepared bias loses the scales of its rows", PACK_BIAS,
          "scales[0] = row->exponent;", "scales[0] = 0.0f;",
          "local, masked; local causal, masked", OTHER_BITS_PREPARED),
    Fault("a prepared bias loses what elements computed again need", PACK_BIAS,
          "keep_logits(plan, row, packed->logits + place);", "(void)keep_logits;",
          "full, logits ±1e4; local causal, logits ±1e4", OTHER_BITS_PREPARED),
    Fault("a prepared bias has a narrower window", PREPARE,
          ".window = clipped_window(shape, bias),", ".window = clipped_window(shape, bias) - 1,",
          "local causal, trained", OTHER_BITS_PREPARED),

    # No faults in results: these maxima choose a scale of the panels. What it loses fails the test of trust (kernel.h)
    # and is computed again.
    Fault("no fault: maximum over channels of a panel's denominators", KEY,
          KEY_MAXIMUM, KEY_MAXIMUM_OVER_CHANNELS, "full causal, logits ±1e4; full causal, masked", NO_FAULT),
    Fault("no fault: maximum over channels of a panel's numerators", KEY,
          "maxima.ng = vf32_max(maxima.ng, ng);", "maxima.ng = vf32_max(maxima.ng, vf32_set1(vf32_reduce_max(ng)));",
          "full, huge v; full causal, masked", NO_FAULT),
    # Whether a chain is near (near.h) chooses the path, and no bit.
    Fault("no fault: nothing is near", EXP, "#define NEAR_LARGEST_LOGIT 6.0f", "#define NEAR_LARGEST_LOGIT (-1e30f)",
          "simple, trained; simple causal, trained; full, trained; full causal, trained; local, trained; "
          "local causal, trained; simple, uniform ±20; simple causal, few terms; local, alike terms", NO_FAULT),
    Fault("a near chain has no bounds", NEAR,
          "vm32_and(no_nan, vm32_and(k_near, ng_near))", "((void)k_near, (void)ng_near, no_nan)",
          "simple, logits ±1e4", Report((CHANGED,), ())),
]
# fmt: on


class Copy:
    """A copy of the library, with the built-in exp, so that a fault in it reaches every instruction set."""

    def __init__(self, folder: pathlib.Path):
        self.source, self.build = folder / "source", folder / "build"
        unneeded = shutil.ignore_patterns("data", "*.py", "__pycache__")
        for name in ("cmake", "include", "dispatch", "kernels", "examples", "python/src", "tests"):
            shutil.copytree(targets.ROOT / name, self.source / name, ignore=unneeded)
        shutil.copy(targets.ROOT / "CMakeLists.txt", self.source)
        # The same bits as any build, compiled in half the time.
        options = ("AFT_BENCH=OFF", "AFT_EXP=builtin", "CMAKE_BUILD_TYPE=Release", "CMAKE_C_FLAGS_RELEASE=-O1")
        self.step("-S", self.source, "-B", self.build, "-G", "Ninja", *(f"-D{option}" for option in options))
        self.make()
        program = targets.program(self.build, "aft_accuracy_run")
        known = targets.ISAS.get(platform.machine(), ("scalar",))
        self.isas = [isa for isa in known if supports([program], isa)]
        self.targets = [Target(isa, (program,), every_way=LONG) for isa in self.isas]

    @staticmethod
    def step(*arguments):
        done = subprocess.run(["cmake", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def make(self):
        self.step("--build", self.build, "--target", "aft_accuracy_run")

    def require(self, fault: Fault):
        shown_by = " ".join([fault.file, *fault.report.said])
        if "avx2" in shown_by and "avx2" not in self.isas:
            pytest.skip("this CPU lacks avx2")
        if re.search("VECTOR|HIGHEST", shown_by) and len(self.isas) == 1:
            pytest.skip("this CPU has no instruction set beside the scalar one")

    @contextlib.contextmanager
    def planted(self, fault: Fault):
        path = self.source / fault.file
        sound = path.read_text()
        found = sound.count(fault.text)
        assert found == 1, f"{fault}: its text is {found} times in {fault.file}; plant it anew"
        path.write_text(sound.replace(fault.text, fault.replacement))
        try:
            self.make()
            yield
        finally:
            path.write_text(sound)  # the next build makes it sound again

    def run(self, cases: str):
        kernels = {str(kernel): kernel for kernel in KERNELS}
        chosen = [(kernels[name], regime) for name, regime in (case.split(", ", 1) for case in cases.split("; "))]
        exact = [targets.program(targets.NATIVE, "aft_accuracy_exact")]
        return suite.run(chosen, SEED, exact, self.targets, os.cpu_count(), lambda: None)

    def failures(self, cases: str):
        """Of each case, held against the baseline in git."""
        results, baseline = self.run(cases), gates.load()
        for case in results:
            gates.judge(case, baseline)
        return {gates.key(case): case["failures"] for case in results}

    def expand(self, patterns):
        """For the instruction sets that ran."""
        for pattern in patterns:
            every = self.isas if "EVERY" in pattern else self.isas[1:] if "VECTOR" in pattern else [""]
            for isa in every:
                yield re.sub("EVERY|VECTOR", f"^{isa}", pattern).replace("HIGHEST", self.isas[-1])


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Copy(tmp_path_factory.mktemp("copy"))


def test_sound_copy_fails_nowhere(copy):
    cases = dict.fromkeys(case for fault in FAULTS for case in fault.cases.split("; "))
    assert copy.failures("; ".join(cases)) == {case: [] for case in cases}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(copy, fault):
    copy.require(fault)
    with copy.planted(fault):
        of_cases = copy.failures(fault.cases)
    for case, failures in of_cases.items():
        everything = "\n".join([f"{fault}, on {case}:", *failures])
        for pattern in copy.expand(fault.report.said):
            assert any(re.search(pattern, text) for text in failures), f"nothing says '{pattern}'\n{everything}"
        for pattern in copy.expand(fault.report.unsaid):
            assert not any(re.search(pattern, text) for text in failures), f"something says '{pattern}'\n{everything}"


def fault_named(name):
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    return fault


def test_crash_does_not_end_the_run(copy):
    """Problems with whole vectors alone run, before and after others that end the program."""
    fault = fault_named("the rest of a row is read as a whole vector")
    copy.require(fault)
    with copy.planted(fault):
        failures = copy.failures("full, sizes; simple, trained")
    assert failures["simple, trained"] == []
    for isa, lanes in {"avx2": 8, "avx512": 16, "neon": 4}.items():
        ended = [re.search(rf"^{isa}: .*{ENDED}.* d=(\d+)$", text) for text in failures["full, sizes"]]
        with_rest = [channels for channels in range(1, 66) if channels % lanes]
        assert sorted(int(match[1]) for match in ended if match) == (with_rest if isa in copy.isas else [])


def test_baseline_of_a_faulty_library_lifts_no_ceiling(copy):
    fault = fault_named("a causal row sees one key of its future")
    with copy.planted(fault):
        (case,) = copy.run(fault.cases)
    gates.judge(case, {"cases": {gates.key(case): gates.entry(case)}})
    for pattern in copy.expand(f"EVERY: {name} error .* above the hard ceiling" for name in measure.CEILINGS):
        assert any(re.search(pattern, text) for text in case["failures"])


@pytest.mark.parametrize(("text", "times"), [("no such text", "0"), ("vf32", "[1-9]")])
def test_fault_whose_text_is_not_there_once_is_an_error(copy, text, times):
    rotten = Fault("rotten", KERNEL, text, "", "", NO_FAULT)
    with pytest.raises(AssertionError, match=f"rotten: its text is {times}"), copy.planted(rotten):
        pass
