# SPDX-License-Identifier: MIT
"""Errors of outputs, and what a case says about them."""

import dataclasses

import numpy as np

U = 2.0**-24
TINY = 2.0**-136  # allowed for each visible key: subnormal values and results
# Hard: no baseline lifts them. In u. The mean of one u holds where the errors of many terms average out; by the nature
# of FP32 sums it is above that where few terms carry an output and the others round it, or where all round alike.
CEILINGS = {"max": 24, "mean": 1}
CEILINGS_OF = {"few terms": CEILINGS | {"mean": 1.25}, "alike terms": CEILINGS | {"mean": 2.5}}
MUTANTS = {"mean_of_v": "a kernel that returned the mean of v", "dropped_keys": "one that dropped one key in a hundred"}
# Half powers of two, in u; a last bin holds what is above.
HISTOGRAM_EDGES = np.concatenate([[0], np.exp2(np.arange(-20, 15) / 2)])


def distance(y, exact):
    """|y - exact|, with twice a double's precision in the exact value; infinite where y is not finite."""
    with np.errstate(invalid="ignore"):
        error = np.abs((y.astype(np.float64) - exact["y"]) - exact["y_rest"])
    return np.where(np.isfinite(y), error, np.inf)


def scaled(error, exact):
    """(error - n 2^-136) / (u sigmoid(q) sum p|v|), at least 0."""
    beyond = np.maximum(error - exact["visible"] * TINY, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(beyond == 0, 0, beyond / (U * exact["scale"]))


def ulps(error, exact):
    """In units of the last place of the exact value, as a float has it."""
    _, exponent = np.frexp(np.maximum(np.abs(exact["y"]), 2.0**-126))
    return error / np.ldexp(1.0, exponent - 24)


def mutants(exact):
    """The largest error of kernels that are wrong: it tells what a case can notice."""
    return {name: float(scaled(np.abs(exact[name] - exact["y"]), exact).max(initial=0)) for name in MUTANTS}


@dataclasses.dataclass
class Errors:
    """Those of one instruction set on all problems of a case."""

    parts: list[np.ndarray] = dataclasses.field(default_factory=list)
    ulp_parts: list[np.ndarray] = dataclasses.field(default_factory=list)
    sizes: list[dict] = dataclasses.field(default_factory=list)

    def add(self, problem, y, exact):
        error = distance(problem.sampled(y), exact)
        parts = scaled(error, exact)
        self.parts.append(parts.ravel())
        self.ulp_parts.append(ulps(error, exact).ravel())
        self.sizes.append(
            {
                "kv_len": problem.kv_len,
                "channels": problem.q.shape[3],
                "max": float(parts.max(initial=0)),
                "mean": float(parts.mean()),
            }
        )
        return parts

    def summary(self):
        errors, in_ulps = np.concatenate(self.parts), np.concatenate(self.ulp_parts)
        bins = np.searchsorted(HISTOGRAM_EDGES, errors, side="right") - 1
        return {
            "max": float(errors.max()),
            "mean": float(errors.mean()),
            "p999": float(np.quantile(errors, 0.999, method="higher")),
            "ulp_max": float(in_ulps.max()),
            "ulp_mean": float(in_ulps.mean()),
            "histogram": np.bincount(bins, minlength=len(HISTOGRAM_EDGES)).tolist(),
            "sizes": self.sizes,
        }
