# SPDX-License-Identifier: MIT
"""One run over the chosen cases."""

import re
import sys
from argparse import Namespace

import torch
from rich.console import Console

from . import facts, pytorch
from .case import CASES, QUICK_CASES, Case, Problem
from .entrant import Entrant, Skipped
from .libaft import Library
from .load import Watch
from .measure import FULL_PACE, QUICK_PACE, Pace, measure
from .report import print_case, print_facts, print_summary
from .results import CaseResult, to_json
from .sgemm import Products


class NoCase(Exception):
    pass


def choose(options: Namespace) -> list[Case]:
    cases = QUICK_CASES if options.quick else CASES
    chosen = [case for case in cases if re.search(options.filter, case.name)]
    if not chosen:
        raise NoCase(f"--filter '{options.filter}' fits no shape; there are: {', '.join(case.name for case in cases)}")
    return chosen


def compare(case: Case, library: Library, products: Products, threads: int, pace: Pace) -> CaseResult:
    problem = Problem(case)
    everyone = [
        *library.entrants(problem, threads),
        *pytorch.entrants(problem),
        *products.entrants(problem),
    ]
    entrants = [entrant for entrant in everyone if isinstance(entrant, Entrant)]
    skipped = [entrant for entrant in everyone if isinstance(entrant, Skipped)]
    watch = Watch()
    outcomes = measure(problem, entrants, threads, pace)
    return CaseResult(case, outcomes, skipped, threads, watch.other_cpus())


def run(options: Namespace) -> tuple[dict, bool]:
    """What the results file holds, and whether all results agree with float64."""
    chosen = choose(options)
    torch.set_num_threads(options.threads)
    library, products = Library(facts.BUILD / "bench/peers/libaft_peers.so", options.isa), Products()
    about = {"machine": facts.machine(), "libaft": facts.libaft(library), "peers": facts.peers(products)}
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_facts(about, console)
    results, pace = [], QUICK_PACE if options.quick else FULL_PACE
    with torch.inference_mode():
        for case in chosen:
            results.append(compare(case, library, products, options.threads, pace))
            print_case(results[-1], console)
    print_summary(results, console)
    return about | to_json(results), not any(result.wrong for result in results)
