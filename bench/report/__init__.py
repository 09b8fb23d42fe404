# SPDX-License-Identifier: MIT
"""Reads the results of scripts/bench, shows them and compares them."""
