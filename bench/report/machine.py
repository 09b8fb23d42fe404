# SPDX-License-Identifier: MIT
"""What a result says of its machine; null where it could not be read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cpu:
    model: str | None
    vendor: str | None
    architecture: str
    family: int | None
    model_number: int | None
    stepping: int | None
    microcode: str | None
    features: list[str] | None
    xcr0: str | None


@dataclass(frozen=True)
class Cache:
    level: int
    type: str
    bytes: int
    shared_by: int | None
    line_bytes: int | None


@dataclass(frozen=True)
class Topology:
    cpus_online: int | None
    cpus_usable: int | None
    affinity: str | None
    sockets: int | None
    cores: int | None
    threads_per_core: int | None
    smt: bool | None
    numa_nodes: int | None
    caches: list[Cache] | None


@dataclass(frozen=True)
class Clock:
    driver: str | None
    governor: str | None
    boost: bool | None
    minimum_mhz: float | None
    maximum_mhz: float | None
    measured_mhz: float | None


@dataclass(frozen=True)
class System:
    kernel: str | None
    hypervisor: str | None
    container: str | None
    cpu_limit: float | None
    memory_limit_bytes: int | None
    memory_bytes: int | None
    page_bytes: int | None
    huge_pages: str | None
    load: float | None
