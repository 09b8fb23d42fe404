# SPDX-License-Identifier: MIT
"""Why a mutant that no test sees changes nothing that could be seen: survivors.toml."""

import pathlib
import tomllib

FILE = pathlib.Path(__file__).parent / "survivors.toml"


def explanations(path=FILE):
    """{key of a mutant: why}"""
    found = {}
    for entry in tomllib.loads(path.read_text()).get("survivor", []):
        for mutant in entry["mutants"]:
            key = (mutant["file"], mutant["in"], mutant["from"], mutant["to"])
            if key in found:
                raise SystemExit(f"{path}: explained twice: {key}")
            found[key] = " ".join(entry["why"].split())
    return found


def judge(classes, explained, tried_all):
    """(survivors that nothing explains, explanations without a survivor). A class holds mutants of the same object."""
    survivors = [one for one in classes if one.killed is None]
    unexplained = [one for one in survivors if not any(mutant.key in explained for mutant in one.mutants)]
    alive = {mutant.key for one in survivors for mutant in one.mutants}
    killed = {mutant.key for one in classes if one.killed is not None for mutant in one.mutants}
    stale = [key for key in explained if key not in alive and (key in killed or tried_all)]
    return unexplained, stale
