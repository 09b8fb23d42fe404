# SPDX-License-Identifier: MIT
"""The library as one file: does every compiler make the same of it?"""
