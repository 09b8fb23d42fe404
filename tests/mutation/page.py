# SPDX-License-Identifier: MIT
"""tests/MUTATION.md: what a whole run found."""

import collections

from common import whole_file

HEAD = """# Mutation testing of the argument checks

Written by `scripts/mutation --record`; `scripts/mutation` repeats the run, and fails where a mutant survives that
`tests/mutation/survivors.toml` does not explain, or an explanation there has no survivor.

A mutant is one of these files with one line changed by the rules of {tool}. One that does not
compile, or whose object is that of the file itself or of another mutant, is left out. The others are linked with the
tests in place of the library's object, one after the other, with small sizes (`AFT_TEST_EMULATED=1`), until a test
fails, or takes ten times the time that it should: then it is killed.
"""


def table(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def score(classes):
    killed = sum(one.killed is not None for one in classes)
    return f"{killed} of {len(classes)} ({100 * killed / len(classes):.1f} %)" if classes else "none"


def row(result):
    how = collections.Counter(one.killed[1] if one.killed else "survived" for one in result.classes)
    ends = how["failed"], how["too slow"], how["survived"]
    return [f"`{result.file}`", result.made, result.rejected, result.same, result.repeated, len(result.classes), *ends]


def counted(counter):
    return [[name, count] for name, count in counter.most_common()]


def write(path, results, explained, facts):
    classes = [one for result in results for one in result.classes]
    survivors = [next(m for m in one.mutants if m.key in explained) for one in classes if one.killed is None]
    by_kind = collections.defaultdict(list)
    for one in classes:
        by_kind[one.mutants[0].kind].append(one)
    by_test = collections.Counter(one.killed[0] for one in classes if one.killed)
    by_reason = collections.defaultdict(list)
    for mutant in survivors:
        by_reason[explained[mutant.key]].append(mutant)
    parts = [
        HEAD.format(tool=facts["tool"]),
        f"Killed: **{score(classes)}**; the other {len(survivors)} change nothing that could be seen (below).\n"
        f"{facts['compiler']}; the tests took {facts['minutes']:.0f} minutes of one {facts['cpu']}.\n",
        table(
            ["file", "made", "not compiled", "same object", "repeated", "tried", "failed", "too slow", "survived"],
            [row(result) for result in results],
        ),
        "\n" + table(["kind", "killed"], [[kind, score(members)] for kind, members in sorted(by_kind.items())]),
        "\n" + table(["the first test that sees it", "mutants"], counted(by_test)),
        "\n## Survivors, and why no test can see them\n",
    ]
    for why, members in by_reason.items():
        lines = [f"# {m.file}, {m.function}\n-{m.before}\n+{m.after}" for m in members]
        parts.append("\n".join([f"{why}\n\n```diff", *lines, "```\n"]))
    whole_file.write(path, "\n".join(parts))
