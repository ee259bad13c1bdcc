"""What a trial ended with, from what its runs did."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from besom.analysis.values import is_number
from besom.records import Run, RunState

Summaries = Mapping[str, Mapping[str, Any]]
"""By a run's id what it ended with: see `Service.summaries`."""


def summary_of(runs: Sequence[Run], summaries: Summaries) -> dict[str, Any]:
    """What a trial ended with: numbers are means over its finished repeats, all else is as in the last of its runs.

    Args:
        runs: The trial's, in order of their lease.
        summaries: At least theirs.
    """
    ended = [run for run in runs if run.state is RunState.FINISHED] or list(runs[-1:])
    found = [summaries.get(run.id, {}) for run in ended]
    names = dict.fromkeys(name for each in found for name in each)
    return {name: _merged([each[name] for each in found if name in each]) for name in names}


def _merged(values: Sequence[Any]) -> Any:
    """The mean of numbers; of all else, and where all are one, the last."""
    if all(value == values[-1] for value in values) or not all(map(is_number, values)):
        return values[-1]
    return statistics.fmean(values)
