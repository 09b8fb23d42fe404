# SPDX-License-Identifier: MIT
"""Makes the archive that takes the benchmark to machines without compilers: `scripts/bench --bundle`."""


class Refusal(Exception):
    """Why no bundle can be made, and what to do."""
