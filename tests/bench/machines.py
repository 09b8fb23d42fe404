# SPDX-License-Identifier: MIT
"""Machines of fabricated results."""

from dataclasses import dataclass

LANES = {"scalar": 1, "avx2": 8, "avx512": 16, "neon": 4}
CYCLES_OF_EXP = 6  # of a vector
BYTES_A_CYCLE = {"L1": 4, "L2": 2, "L3": 1}  # and lane


@dataclass(frozen=True)
class Machine:
    slug: str
    model: str
    vendor: str
    architecture: str
    isas: tuple[str, ...]
    features: tuple[str, ...]
    ghz: float
    cores: int
    cache_bytes: tuple[int, int, int]
    memory_rate: float  # bytes per second
    hypervisor: str | None = None

    def clocks(self, isa: str) -> float:
        return self.ghz * 1e9 * (0.85 if isa == "avx512" else 1)

    def ceilings(self, isa: str, threads: int) -> dict[str, tuple[str, float, int | None]]:
        """Unit, rate and footprint of each."""
        work = self.clocks(isa) * LANES[isa] * threads
        found = {"fma": ("flop/s", 4 * work, None), "exp": ("exp/s", work / CYCLES_OF_EXP, None)}
        for (level, factor), size in zip(BYTES_A_CYCLE.items(), self.cache_bytes, strict=True):
            found[level] = ("byte/s", max(factor * work, self.memory_rate), size // 2)
        found["memory"] = ("byte/s", self.memory_rate * (1 if threads == 1 else 1.6), 8 * self.cache_bytes[2])
        return found

    def rates(self, isa: str, threads: int, footprint: int) -> dict[str, float]:
        """Beside a cell that streams so many bytes."""
        found = {name: rate for name, (_, rate, _) in self.ceilings(isa, threads).items()}
        level = next((i for i, size in enumerate(self.cache_bytes) if footprint <= size), 3)
        return {"fma": found["fma"], "exp": found["exp"], "stream": found[("L1", "L2", "L3", "memory")[level]]}

    def to_json(self) -> dict:
        """What a result says of the machine and the build."""
        x86 = self.architecture == "x86_64"
        types = zip((1, 2, 3), ("data", "unified", "unified"), self.cache_bytes, (1, 1, self.cores), strict=True)
        caches = [
            {"level": level, "type": kind, "bytes": size, "shared_by": shared, "line_bytes": 64}
            for level, kind, size, shared in types
        ]
        return {
            "libaft": {"version": "0.3.0", "commit": "5830a6b", "dirty": False, "sleef_version": "3.5.1"},
            "build": {
                "compiler": "GNU 12.2.0",
                "type": "Release",
                "benchmark_library": "1.7.1",
                "files": [{"file": "kernels/table.c", "isa": isa, "flags": "-O3"} for isa in self.isas],
            },
            "isas": [{"name": isa, "lanes": LANES[isa], "exp": "sleef", "skipped": None} for isa in self.isas],
            "cpu": {
                "model": self.model,
                "vendor": self.vendor,
                "architecture": self.architecture,
                "family": 6 if x86 else None,
                "model_number": 143 if x86 else None,
                "stepping": 8 if x86 else None,
                "microcode": "0x2b000603" if x86 else None,
                "features": sorted(self.features),
                "xcr0": "0xe7" if x86 else None,
            },
            "topology": {
                "cpus_online": self.cores,
                "cpus_usable": self.cores,
                "affinity": f"0-{self.cores - 1}",
                "sockets": 1,
                "cores": self.cores,
                "threads_per_core": 1,
                "smt": False,
                "numa_nodes": 1,
                "caches": caches,
            },
            "clock": {
                "driver": None,
                "governor": None,
                "boost": None,
                "minimum_mhz": None,
                "maximum_mhz": None,
                "measured_mhz": 1000 * self.ghz,
            },
            "system": {
                "kernel": "Linux 6.1.0",
                "hypervisor": self.hypervisor,
                "container": None,
                "cpu_limit": None,
                "memory_limit_bytes": None,
                "memory_bytes": 16 << 30,
                "page_bytes": 4096,
                "huge_pages": "madvise",
                "load": 0.1,
            },
            "unreadable": {"clock." + name: "there is no cpufreq here" for name in ("driver", "governor")},
        }


XEON = Machine(
    "xeon",
    "Intel(R) Xeon(R) Platinum 8481C",
    "GenuineIntel",
    "x86_64",
    ("scalar", "avx2", "avx512"),
    ("avx2", "avx512f", "fma"),
    ghz=2.7,
    cores=2,
    cache_bytes=(48 << 10, 2 << 20, 105 << 20),
    memory_rate=12e9,
    hypervisor="KVM",
)
RYZEN = Machine(
    "ryzen",
    "AMD Ryzen 7 5800X 8-Core Processor",
    "AuthenticAMD",
    "x86_64",
    ("scalar", "avx2"),
    ("avx2", "fma"),
    ghz=4.7,
    cores=8,
    cache_bytes=(32 << 10, 512 << 10, 32 << 20),
    memory_rate=30e9,
)
ALTRA = Machine(
    "altra",
    "Neoverse-N1",
    "ARM",
    "aarch64",
    ("scalar", "neon"),
    ("asimd", "fphp"),
    ghz=3.0,
    cores=4,
    cache_bytes=(64 << 10, 1 << 20, 16 << 20),
    memory_rate=20e9,
    hypervisor="KVM",
)
