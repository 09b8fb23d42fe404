# SPDX-License-Identifier: MIT
"""Runs of aft_bench: what they leave, also where something goes wrong. No test looks at how long a thing took."""

import json
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

import pytest
import scipy.stats
from program import ROOT, command, run
from report.results import read

BRIEF = ("--quick", "--filter=^full.*T=10,")
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")


def folder_in(results: pathlib.Path) -> pathlib.Path:
    (folder,) = results.iterdir()
    return folder


def measured(results: pathlib.Path, *options: str):
    """A short run, as scripts/compare reads it."""
    ended = run(*BRIEF, f"--results={results}", *options)
    assert ended.returncode == 0, ended.stderr
    return read(folder_in(results))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "results"


@pytest.fixture(scope="module")
def result(results):
    return measured(results, "--processes=6", "--repetitions=2")


def test_every_cell_has_its_samples(result):
    names = run(*BRIEF, "--list").stdout.split()
    assert [cell.name for cell in result.cells] == names
    assert len(set(names)) == len(names) >= 4  # forms; times as many instruction sets as there are
    for cell in result.cells:
        assert cell.process == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert cell.failure is None and cell.max_error_u < 24 and cell.isa_ran == cell.isa
        assert (cell.threads, cell.clock) == (1, "cpu")
    assert result.complete
    assert result.command == [*BRIEF, "--processes=6", "--repetitions=2"]  # and no path of this machine


def test_several_threads_are_timed_by_the_wall(tmp_path):
    result = measured(tmp_path, "--processes=1", "--threads=2,1,2", "--isa=scalar")
    assert result.settings.threads == [1, 2]
    assert {(cell.threads, cell.clock) for cell in result.cells} == {(1, "cpu"), (2, "wall")}
    assert {ceiling.threads for ceiling in result.ceilings} == {1, 2}


def test_the_summary_is_that_of_the_processes(result):
    for cell in result.cells:
        medians = sorted(statistics.mean(cell.samples_ns[2 * i : 2 * i + 2]) for i in range(6))
        summary = cell.summary
        assert summary.median_ns == pytest.approx(statistics.median(medians))
        # Of six the smallest and the largest: with any other pair less than 95 %.
        assert (summary.low_ns, summary.high_ns) == pytest.approx((medians[0], medians[-1]))
        assert summary.confidence == pytest.approx(1 - 2 * scipy.stats.binom.cdf(0, 6, 0.5))
        # In units of the speed at that moment too: a clock that drifts is no noise.
        rates = cell.beside.stream if summary.binds == "stream" else cell.beside.fma
        works = [ns * rate for ns, rate in zip(cell.samples_ns, rates, strict=True)]
        steadied = sorted(statistics.mean(works[2 * i : 2 * i + 2]) for i in range(6))
        widths = [(values[-1] - values[0]) / 2 / statistics.median(values) for values in (medians, steadied)]
        assert summary.noisy == (min(widths) > 0.05)


def test_more_processes_give_an_interval_of_the_wanted_confidence(tmp_path):
    options = ("--quick", "--filter=^full/.*T=10,.*scalar", "--processes=12", f"--results={tmp_path}")
    assert run(*options).returncode == 0
    (cell,) = read(folder_in(tmp_path)).cells
    ordered = sorted(cell.samples_ns)
    k = max(k for k in range(1, 7) if 1 - 2 * scipy.stats.binom.cdf(k - 1, 12, 0.5) >= 0.95)
    assert k == 3
    assert (cell.summary.low_ns, cell.summary.high_ns) == pytest.approx((ordered[k - 1], ordered[-k]))
    assert cell.summary.confidence == pytest.approx(1 - 2 * scipy.stats.binom.cdf(k - 1, 12, 0.5))


def test_the_ceiling_that_binds_is_the_one_of_the_largest_share(result):
    for cell in result.cells:
        shares = {}
        for name, work in (("fma", cell.work.flops), ("exp", cell.work.exps), ("stream", cell.work.bytes)):
            rates = getattr(cell.beside, name)
            shares[name] = statistics.median(
                work / rate / ns * 1e9 for rate, ns in zip(rates, cell.samples_ns, strict=True)
            )
        assert cell.summary.binds == max(shares, key=shares.get)
        assert cell.summary.share == pytest.approx(max(shares.values()))


def test_the_work_is_that_of_the_formula(result):
    work = {cell.name: cell.work for cell in result.cells}
    outputs, pairs, bytes_a_float = 32 * 10 * 64, 10 * 10, 4
    full = work["full/B=32,T=10,d=64/scalar/threads=1"]
    assert (full.elements, full.flops) == (outputs, 4 * 32 * pairs * 64)
    assert (full.exps, full.bytes) == (2 * outputs + pairs, (4 * outputs + pairs) * bytes_a_float)
    prepared = work["full,prepared/B=32,T=10,d=64/scalar/threads=1"]
    assert (prepared.exps, prepared.bytes) == (2 * outputs, full.bytes)
    causal = work["full,causal/B=32,T=10,d=64/scalar/threads=1"]
    assert causal.flops == 4 * 32 * 55 * 64


def test_ceilings_are_measured_for_each_instruction_set(result):
    samples = {(ceiling.isa, ceiling.name): len(ceiling.samples) for ceiling in result.ceilings}
    for isa in {cell.isa for cell in result.cells}:
        assert {samples[isa, name] for name in ("fma", "exp", "L1", "L2")} == {6}
        assert 1 <= samples[isa, "memory"] <= 6  # as often as there was memory enough


def test_googles_compare_tool_reads_the_other_file(results, result):
    file = folder_in(results) / "google_benchmark.json"
    entries = json.loads(file.read_text())["benchmarks"]
    assert len(entries) == sum(len(cell.samples_ns) for cell in result.cells)
    ended = subprocess.run([sys.executable, COMPARE, "benchmarks", file, file], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "full,causal/B=32,T=10,d=64/scalar/threads=1_mean" in ended.stdout or result.cells[0].name in ended.stdout


def test_nothing_else_is_left(results, result):
    assert sorted(path.name for path in folder_in(results).iterdir()) == ["google_benchmark.json", "results.json"]


def order_of(results: pathlib.Path) -> list[str]:
    entries = json.loads((folder_in(results) / "google_benchmark.json").read_text())["benchmarks"]
    return [entry["name"].partition("/threads")[0].rpartition("/")[0] for entry in entries]


def test_the_seed_settles_the_order(tmp_path):
    orders = []
    for run_number, seed in enumerate((1, 1, 2)):
        results = tmp_path / str(run_number)
        result = measured(results, "--processes=3", f"--seed={seed}", "--isa=scalar")
        assert result.seed == seed
        orders.append(order_of(results))
    assert orders[0] == orders[1] != orders[2]


def test_few_processes_are_never_quiet(tmp_path):
    result = measured(tmp_path, "--processes=4", "--isa=scalar")
    assert all(cell.summary.noisy for cell in result.cells)
    assert result.settings.pinned


def test_one_process_starts_no_other(tmp_path):
    result = measured(tmp_path, "--processes=1", "--isa=scalar")
    assert [len(cell.samples_ns) for cell in result.cells] == [1] * len(result.cells)
    assert not result.settings.pinned


def test_the_folder_is_named_to_who_asks(tmp_path):
    named = tmp_path / "named"
    measured(tmp_path / "results", "--processes=1", "--isa=scalar", f"--folder-to={named}")
    assert pathlib.Path(named.read_text().strip()) == folder_in(tmp_path / "results")


def test_runs_that_begin_in_one_second_have_a_folder_each(tmp_path):
    options = (*BRIEF, "--processes=1", "--isa=scalar", f"--results={tmp_path}")
    runs = [subprocess.Popen(command(*options), stdout=subprocess.PIPE, text=True) for _ in range(6)]
    named = [one.communicate()[0].split("results in ")[-1].strip() for one in runs]
    assert [one.returncode for one in runs] == [0] * len(runs)
    assert {pathlib.Path(name).resolve() for name in named} == set(tmp_path.iterdir())
    assert len(list(tmp_path.glob("*/results.json"))) == len(runs)


def interrupt(ready, *options: str) -> subprocess.CompletedProcess:
    process = subprocess.Popen(command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not ready(process):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def test_an_interrupted_run_leaves_what_it_has(tmp_path):
    def first_pass_is_over(_):
        return any(tmp_path.glob("*/google_benchmark.json"))

    ended = interrupt(first_pass_is_over, *BRIEF, "--processes=900", "--isa=scalar", f"--results={tmp_path}")
    assert ended.returncode == 128 + signal.SIGINT
    assert "interrupted: partial results" in ended.stdout
    result = read(folder_in(tmp_path))
    assert not result.complete
    assert all(0 < len(cell.samples_ns) < 900 and cell.failure is None for cell in result.cells)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_run_interrupted_before_its_first_result_leaves_nothing(tmp_path):
    def begun(process):
        return process.stderr.readline().startswith("pass 1")

    ended = interrupt(begun, "--filter=^full/T=4096.*scalar", "--processes=2", f"--results={tmp_path}")
    assert ended.returncode == 128 + signal.SIGINT
    assert "nothing is kept" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--filter=nothing",), 2, "no cell matches --filter='nothing'"),
        (("--filter=(",), 2, "--filter is '('"),
        (("--isa=sse9",), 2, "--isa is 'sse9': this CPU and build run scalar"),
        (("--threads=0",), 2, "--threads is '0'"),
        (("--threads=1,,2",), 2, "--threads is ''"),
        (("--processes=many",), 2, "--processes is 'many'"),
        (("--benchmark_repetitions=2",), 2, "--benchmark_repetitions=2 goes with --case=NAME"),
        (("--table=fast",), 2, "--table is 'fast': it must be speed or exp"),
        (("--case=none",), 2, "--case is 'none'"),
        (("--unheard",), 2, "--help lists the options"),
        (("word",), 2, "'word' is not an option"),
        (("--results=/dev/null/results",), 3, "choose another folder with --results=FOLDER"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(options, status, said):
    ended = run(*options)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert said in ended.stderr


def test_a_damaged_tensor_is_named_at_once(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "tests/data", data)
    (data / "masked/full_w.npy").write_bytes(b"\x93NUMPY")
    ended = run("--quick", f"--data={data}", f"--results={tmp_path / 'results'}")
    assert ended.returncode == 3
    assert str(data / "masked/full_w.npy") in ended.stderr
    assert not (tmp_path / "results").exists()


def test_a_process_that_dies_fails_its_own_cells_alone(tmp_path):
    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (80 << 20, 80 << 20))

    chosen = "--filter=^(full/T=4096|simple/B=32).*scalar"
    options = (chosen, "--processes=2", "--repetitions=1", f"--results={tmp_path}")
    ended = run(*options, preexec_fn=little_memory)
    assert ended.returncode == 1, ended.stderr
    large, small = sorted(read(folder_in(tmp_path)).cells, key=lambda cell: cell.kernel)
    assert large.failure.startswith("its process ended with status 3: aft_bench: ")
    assert large.samples_ns == [] and large.summary is None
    assert small.failure is None and len(small.samples_ns) == 2
    assert "FAILED, not timed" in ended.stdout
