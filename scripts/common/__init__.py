# SPDX-License-Identifier: MIT
"""What the programs of this repository share: how they write files, and how they end."""
