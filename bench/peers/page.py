# SPDX-License-Identifier: MIT
"""The tables of bench/PERFORMANCE.md, from what the results file holds."""

from performance import NotRecorded, table

from .entrant import PREPARED

COMMAND = "scripts/peers --record"


def bias_of(whose: str, row: dict) -> str:
    return "" if row["shape"].startswith("simple") else row[f"{whose}_bias"].removeprefix("bias ")


def facts(results: dict) -> str:
    about = {subject: results[subject] for subject in ("machine", "libaft", "peers")}
    lines = [(f"{subject}: {name}", value) for subject, values in about.items() for name, value in values.items()]
    others = max(results["other_cpus"].values())
    return table("run |", [("date", results["date"]), *lines, ("CPUs busy with other work", f"up to {others:.1f}")])


def fastest(rows: list[dict]) -> str:
    return table(
        "shape | libaft, bias | fastest peer | its bias | >x | >half of the rounds | >aim |",
        (
            (
                row["shape"],
                bias_of("libaft", row),
                f"{row['family']}: {row['peer']}",
                bias_of("peer", row),
                f"{row['ratio']:.2f}",
                f"{row['low']:.2f} .. {row['high']:.2f}",
                f"{row['aim']:.2f}",
                "met" if row["ratio"] >= row["aim"] else "**short**",
            )
            for row in rows
        ),
    )


def everyone(rows: list[dict]) -> str:
    """A line for each shape and bias of libaft, a column for each peer."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    peers: dict[str, None] = {}  # in order
    for row in rows:
        peer = row["peer"] + (", prepared" if row["peer_bias"] == PREPARED and row["family"] == "PyTorch" else "")
        peers[peer] = None
        lines.setdefault((row["shape"], bias_of("libaft", row)), {})[peer] = f"{row['ratio']:.2f}"
    return table(
        " | ".join(["shape", "libaft, bias", *(f">{peer}" for peer in peers)]),
        ((*line, *(ratios.get(peer, "") for peer in peers)) for line, ratios in lines.items()),
    )


def section(results: dict) -> str:
    wrong = [f"{row['name']} on {row['shape']} is wrong" for row in results["wrong"]]
    if wrong:
        raise NotRecorded("; ".join(wrong))
    skipped = "".join(f"Skipped: {row['name']} on {row['shape']}: {row['reason']}\n" for row in results["skipped"])
    parts = [facts(results), fastest(results["fastest"]), everyone(results["rows"]), skipped]
    return "\n".join(part for part in parts if part)
