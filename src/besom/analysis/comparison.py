"""Sweeps beside each other: the incumbent of each over what it had spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from besom.analysis.columns import TrialColumns
from besom.analysis.spent import spent_when_ended
from besom.analysis.values import is_better
from besom.records import Run, Sweep


@dataclass(frozen=True, slots=True)
class Incumbency:
    """How the incumbent of a sweep improved.

    Attributes:
        sweep: The sweep.
        spent: What had been spent at each improvement, and at the last end of a trial; shape (n,), increasing.
        best: The incumbent's value from there on, shape (n,).
        holders: The trials that held it, shape (n,).
        metric, goal: What was optimised.
    """

    sweep: Sweep
    spent: tuple[float, ...]
    best: tuple[float, ...]
    holders: tuple[int, ...]
    metric: str
    goal: str


def incumbency(
    columns: TrialColumns, sweep: Sweep, metric: str, runs: Callable[[], Sequence[Run]], unit: str
) -> Incumbency:
    """How the incumbent improved over what was spent in `unit`; empty where that is not known."""
    spent = spent_when_ended(columns, sweep, runs, unit)
    at = columns.improvements[np.isfinite(spent[columns.improvements])]
    if not len(at) or (unit != "trials" and not np.nanmax(spent) > 0):
        return Incumbency(sweep, (), (), (), metric, columns.goal)
    trials = columns.by_end[at]
    ends = np.append(spent[at], np.nanmax(spent))
    best = np.append(columns.values[trials], columns.values[trials[-1]])
    holders = np.append(columns.numbers[trials], columns.numbers[trials[-1]])
    return Incumbency(sweep, tuple(ends.tolist()), tuple(best.tolist()), tuple(holders.tolist()), metric, columns.goal)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sweeps that optimise one thing.

    Attributes:
        metric, goal: What the first of the sweeps optimises.
        lines: Those that optimise the same and have a value, the best last.
        others: Those that optimise something else, or the same to another end: they share no axis with the first.
        untold: Those that optimise the same, but of which nothing is known on the axis.
    """

    metric: str
    goal: str
    lines: tuple[Incumbency, ...]
    others: tuple[Sweep, ...]
    untold: tuple[Sweep, ...]


def compare(found: Sequence[Incumbency]) -> Comparison:
    """The sweeps, held against the first one's metric and goal. Raises ValueError without any."""
    if not found:
        raise ValueError("compare: needs at least one sweep, got none; name one.")
    metric, goal = found[0].metric, found[0].goal
    same = [each for each in found if (each.metric, each.goal) == (metric, goal)]
    lines = [each for each in same if each.best]
    lines.sort(key=lambda each: each.best[-1], reverse=is_better(0.0, 1.0, goal))
    return Comparison(
        metric=metric,
        goal=goal,
        lines=tuple(lines),
        others=tuple(each.sweep for each in found if (each.metric, each.goal) != (metric, goal)),
        untold=tuple(each.sweep for each in same if not each.best),
    )
