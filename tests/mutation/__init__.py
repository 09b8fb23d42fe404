# SPDX-License-Identifier: MIT
"""Mutation testing: do the tests see a change of the code that checks arguments?"""
