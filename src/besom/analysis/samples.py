"""What a run took of the machine over time, from the rows that were sampled while it ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from besom.analysis.values import is_number


@dataclass(frozen=True, slots=True)
class Samples:
    """One resource over time: both of one length.

    Attributes:
        seconds: Since the run began, increasing.
        amounts: In the unit that the resource's name ends in.
    """

    seconds: tuple[float, ...]
    amounts: tuple[float, ...]


def samples_of(rows: Iterable[Mapping[str, Any]], started_at: float) -> dict[str, Samples]:
    """Each resource of the rows, by name.

    Args:
        rows: Numbers by name, with `_runtime` (seconds since the run began) or `_timestamp` (since the epoch).
        started_at: When the run began, for rows without `_runtime`.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        seconds = _seconds(row, started_at)
        for name, amount in row.items():
            if seconds is not None and is_number(amount) and not name.startswith("_"):
                found.setdefault(name, []).append((seconds, float(amount)))
    ordered = {name: sorted(points, key=lambda point: point[0]) for name, points in found.items()}
    return {
        name: Samples(tuple(at for at, _ in points), tuple(amount for _, amount in points))
        for name, points in ordered.items()
    }


def _seconds(row: Mapping[str, Any], started_at: float) -> float | None:
    if is_number(row.get("_runtime")):
        return float(row["_runtime"])
    return float(row["_timestamp"]) - started_at if is_number(row.get("_timestamp")) else None
