# SPDX-License-Identifier: MIT
"""Numerical accuracy regression: every kernel, instruction set and regime against an exact reference."""
