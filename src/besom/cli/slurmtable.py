"""How agents stand in SLURM, as a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from besom.analysis.wording import duration
from besom.cli.columns import columns
from besom.launch.slurm import Standing

_HEADER = ("job", "agent", "state", "node", "restarts", "heard of", "trial")


def standing_table(standings: Sequence[Standing], now: float) -> list[str]:
    """A line for each agent, under a header."""
    rows = [
        [
            each.job or "-",
            str(each.index),
            f"{each.state} ({each.reason})" if each.reason and each.state == "pending" else each.state,
            each.node or "-",
            "" if each.restarts is None else str(each.restarts),
            "never" if each.seen_at is None else f"{duration(max(0.0, now - each.seen_at))} ago",
            "" if each.trial is None else str(each.trial),
        ]
        for each in standings
    ]
    return columns(_HEADER, rows, right=(1, 4, 6))
