"""What the surrogate of a sweep says of it, worked out once for several pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from besom.analysis.importance import Importance, importance_of
from besom.analysis.surrogate import Surrogate, surrogate_of
from besom.records import Trial
from besom.space import Space


@dataclass(frozen=True, slots=True)
class Insight:
    """The surrogate of a sweep and what it says.

    Attributes:
        importance: What mattered, or why that cannot be told.
        surrogate: What that and slices come from; None where there is none.
    """

    importance: Importance
    surrogate: Surrogate | None = None


def insight(trials: Iterable[Trial], space: Space | None, goal: str) -> Insight:
    """The insight into these trials; `space` is None where this version cannot read the sweep's file."""
    if space is None:
        return Insight(Importance(why="this version cannot read the sweep's file"))
    found = surrogate_of(trials, space, goal)
    return Insight(Importance(why=found)) if isinstance(found, str) else Insight(importance_of(found), found)
