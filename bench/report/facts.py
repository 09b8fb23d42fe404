# SPDX-License-Identifier: MIT
"""What a result says of the machine, the build and the run, in words."""

import shlex
from collections.abc import Callable
from operator import attrgetter

from .machine import Cache
from .model import Isa, Result

Fact = tuple[str, str, Callable[[object], str]]  # name, path in the result, and how a value is written


def text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def yes_no(value: object) -> str:
    return "yes" if value else "no"


def size(value: float) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value:g} bytes"


def megahertz(value: float) -> str:
    return f"{value:,.0f} MHz"


def cache(found: Cache) -> str:
    name = f"L{found.level}" + {"data": "d", "instruction": "i", "unified": ""}[found.type]
    shared = f" for {found.shared_by} CPUs" if (found.shared_by or 1) > 1 else ""
    return f"{name} {size(found.bytes)}{shared}"


def isa(found: Isa) -> str:
    if found.skipped:
        return f"{found.name} skipped: {found.skipped}"
    lanes = "" if found.lanes is None else f"{found.lanes} lane{'s' * (found.lanes != 1)}"
    exp = "" if found.exp is None else f"exp from {found.exp}"
    about = ", ".join(filter(None, (lanes, exp)))
    return f"{found.name} ({about})" if about else found.name


def each(write: Callable, separator: str = ", ") -> Callable[[list], str]:
    return lambda values: separator.join(map(write, values)) or "none"


def command(options: list[str]) -> str:
    return shlex.join(["scripts/bench", *options])


FACTS: dict[str, list[Fact]] = {
    "CPU": [
        ("Model", "cpu.model", text),
        ("Vendor", "cpu.vendor", text),
        ("Architecture", "cpu.architecture", text),
        ("Family", "cpu.family", str),
        ("Model number", "cpu.model_number", str),
        ("Stepping", "cpu.stepping", str),
        ("Microcode", "cpu.microcode", text),
        ("Instruction sets", "isas", each(isa, "; ")),
        ("Feature bits", "cpu.features", each(str, " ")),
        ("Enabled by the OS (XCR0)", "cpu.xcr0", text),
    ],
    "Topology": [
        ("CPUs online", "topology.cpus_online", text),
        ("CPUs usable", "topology.cpus_usable", text),
        ("Affinity", "topology.affinity", text),
        ("Sockets", "topology.sockets", text),
        ("Cores", "topology.cores", text),
        ("Threads per core", "topology.threads_per_core", text),
        ("SMT", "topology.smt", yes_no),
        ("NUMA nodes", "topology.numa_nodes", text),
        ("Caches", "topology.caches", each(cache)),
    ],
    "Clock": [
        ("Measured", "clock.measured_mhz", megahertz),
        ("Least", "clock.minimum_mhz", megahertz),
        ("Most", "clock.maximum_mhz", megahertz),
        ("Boost", "clock.boost", yes_no),
        ("Governor", "clock.governor", text),
        ("Driver", "clock.driver", text),
    ],
    "System": [
        ("Kernel", "system.kernel", text),
        ("Hypervisor", "system.hypervisor", text),
        ("Container", "system.container", text),
        ("Limit of CPUs", "system.cpu_limit", text),
        ("Limit of memory", "system.memory_limit_bytes", size),
        ("Memory", "system.memory_bytes", size),
        ("Page", "system.page_bytes", size),
        ("Huge pages", "system.huge_pages", text),
        ("Load before the run", "system.load", text),
    ],
    "Build": [
        ("libaft", "libaft.version", text),
        ("Commit", "libaft.commit", text),
        ("Files changed since", "libaft.dirty", yes_no),
        ("SLEEF", "libaft.sleef_version", text),
        ("Compiler", "build.compiler", text),
        ("Build type", "build.type", text),
        ("Google Benchmark", "build.benchmark_library", text),
    ],
    "Run": [
        ("Command", "command", command),
        ("Began", "created", text),
        ("Took", "seconds", lambda value: f"{value:,.0f} s"),
        ("Workload", "workload.name", text),
        ("Workload's version", "workload.version", text),
        ("Tensors", "workload.tensors", text),
        ("Seed", "seed", str),
        ("Processes", "settings.processes", text),
        ("Samples a process", "settings.repetitions", text),
        ("Least time of a sample", "settings.sample_seconds", lambda value: f"{value:g} s"),
        ("Threads pinned", "settings.pinned", yes_no),
    ],
}
NOTHING_SEEN = {  # null and without a reason: there is none
    "system.hypervisor": "none seen",
    "system.container": "none seen",
    "system.cpu_limit": "none",
    "system.memory_limit_bytes": "none",
    "libaft.sleef_version": "not used",
}


def told(result: Result, path: str, write: Callable[[object], str]) -> tuple[str, bool]:
    """The fact, and whether it is known."""
    if (value := attrgetter(path)(result)) is not None:
        return write(value), True
    if reason := result.unreadable.get(path):
        return f"not readable: {reason}", False
    return NOTHING_SEEN.get(path, "not known"), path in NOTHING_SEEN


def other_reasons(results: list[Result]) -> list[str]:
    """Paths that no fact above has: a part of one, or one of a newer machine."""
    known = {path for facts in FACTS.values() for _, path, _ in facts}
    return sorted({path for result in results for path in result.unreadable} - known)


def flags(result: Result) -> dict[str, list[str]]:
    """Files by the flags that they were compiled with."""
    groups: dict[str, list[str]] = {}
    for source in result.build.files:
        groups.setdefault(source.flags, []).append(f"{source.file} ({source.isa})" if source.isa else source.file)
    return groups


def headline(result: Result) -> str:
    """The machine in a line."""
    topology, clock = result.topology, result.clock
    ran = [found.name for found in result.isas if not found.skipped]
    parts = [
        None if topology.cpus_usable is None else f"{topology.cpus_usable} CPU{'s' * (topology.cpus_usable != 1)}",
        None if clock.measured_mhz is None else f"{clock.measured_mhz / 1000:.2f} GHz measured",
        ", ".join(ran),
        result.system.kernel,
        result.system.hypervisor,
        result.build.compiler,
    ]
    return " · ".join(filter(None, parts))
