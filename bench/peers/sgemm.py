# SPDX-License-Identifier: MIT
"""The product inside AFT-full alone: [time][time] times [time][batch * 2 * channels]."""

import ctypes
from collections.abc import Callable, Iterator

import torch

from .case import Problem
from .entrant import PREPARED, Entrant, Skipped
from .pytorch import exp_below_max, weighted_keys

FAMILY = "sgemm"
ROW_MAJOR, NO_TRANSPOSE = 101, 111  # of CBLAS

# A product on row-major matrices: (rows, columns, depth, a, b, c).
Product = Callable[[int, int, int, torch.Tensor, torch.Tensor, torch.Tensor], None]


def product_of(function, head: tuple, head_type: type, size: type) -> Product:
    """Of a function (*head, rows, columns, depth, alpha, a, stride, b, stride, beta, c, stride)."""
    number, pointer = ctypes.c_float, ctypes.c_void_p
    function.argtypes = (
        [head_type] * len(head) + [size] * 3 + [number, pointer, size, pointer, size, number, pointer, size]
    )

    def product(rows, columns, depth, a, b, c):
        function(*head, rows, columns, depth, 1, a.data_ptr(), depth, b.data_ptr(), columns, 0, c.data_ptr(), columns)

    return product


def cblas_product(library: ctypes.CDLL) -> Product:
    return product_of(library.cblas_sgemm, (ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE), ctypes.c_int, ctypes.c_int)


def openblas() -> tuple[str, Product]:
    library = ctypes.CDLL("libopenblas.so.0")
    library.openblas_get_config.restype = ctypes.c_char_p
    description = f"{library.openblas_get_config().decode()}, threads {library.openblas_get_num_threads()}"
    return description, cblas_product(library)


def blis() -> tuple[str, Product]:
    library = ctypes.CDLL("libblis.so.4")
    library.bli_info_get_version_str.restype = library.bli_arch_string.restype = ctypes.c_char_p
    library.bli_thread_get_num_threads.restype = ctypes.c_long
    library.bli_init()
    version, kernels = library.bli_info_get_version_str(), library.bli_arch_string(library.bli_arch_query_id())
    description = f"BLIS {version.decode()}, {kernels.decode()}, threads {library.bli_thread_get_num_threads()}"
    return description, cblas_product(library)


def onednn() -> tuple[str, Product]:
    library = ctypes.CDLL("libdnnl.so")
    library.dnnl_version.restype = ctypes.POINTER(ctypes.c_int * 3)  # dnnl_version_t begins with these
    description = "oneDNN " + ".".join(map(str, library.dnnl_version().contents))
    return description, product_of(library.dnnl_sgemm, (b"N", b"N"), ctypes.c_char, ctypes.c_int64)


class Products:
    """The libraries that this machine has, and why it lacks the others."""

    def __init__(self):
        self.products: dict[str, Product] = {}
        self.descriptions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        for name, open_library in (("oneDNN", onednn), ("OpenBLAS", openblas), ("BLIS", blis)):
            try:
                self.descriptions[name], self.products[name] = open_library()
            except (OSError, AttributeError) as error:  # no such file, or a file without these functions
                self.missing[name] = str(error)

    def entrants(self, problem: Problem) -> Iterator[Entrant | Skipped]:
        if problem.case.kernel != "full":
            return
        yield from (Skipped(FAMILY, name, reason) for name, reason in self.missing.items())
        weights = exp_below_max(problem.w, dim=1)
        # A bias that the batches share is one product for all of them.
        keys = weighted_keys(problem.k, problem.v).transpose(0, 1).reshape(problem.case.time, -1)
        for name, product in self.products.items():
            yield entrant(problem, name, product, weights, keys)


def entrant(problem: Problem, name: str, product: Product, weights: torch.Tensor, keys: torch.Tensor) -> Entrant:
    case, sums = problem.case, torch.full_like(keys, torch.nan)  # what is not written shows

    def run() -> torch.Tensor:
        product(case.time, keys.shape[1], case.time, weights, keys, sums)
        return sums

    def finish(sums: torch.Tensor) -> torch.Tensor:
        weighted, total = sums.view(case.time, case.batch, -1).transpose(0, 1).chunk(2, dim=2)
        return problem.q.sigmoid() * weighted / total

    return Entrant(FAMILY, name, run, PREPARED, finish)
