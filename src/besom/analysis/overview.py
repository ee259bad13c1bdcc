"""A sweep in one line: where it stands against its budget, its best value, and the incumbent as a sparkline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from besom.analysis.columns import TrialColumns
from besom.analysis.wording import counted, duration, number
from besom.records import Trial
from besom.service import Progress

SPARK_POINTS = 60
"""Values that a sparkline has at most."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What a list of sweeps shows of one.

    Attributes:
        id, name, project, state, why: Of the sweep; `why` it is in that state.
        method, metric, goal: How it searches, and for what.
        created_at, started_at, ended_at: Instants; None where that is still to come.
        counts: Trials by state.
        trials: How many there are.
        best_trial, best_value: The incumbent; None while no trial has a value.
        best_text: Its value as it is shown; empty without one.
        spent, budget: Amounts by unit; the budget only for units that have a limit.
        share: The part of the budget that is spent, of the unit nearest to its end, 0 to 1; None without a budget.
        share_text: That in words: "14 of 24 trials"; how many trials there are, without a budget.
        seconds_left: Estimate of the time to the end; None if unknown.
        agents: Those seen lately.
        spark: Best values so far in the order in which trials ended, at most `SPARK_POINTS`.
    """

    id: str
    name: str
    project: str
    state: str
    why: str
    method: str
    metric: str
    goal: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    counts: Mapping[str, int]
    trials: int
    best_trial: int | None
    best_value: float | None
    best_text: str
    spent: Mapping[str, float]
    budget: Mapping[str, float]
    share: float | None
    share_text: str
    seconds_left: float | None
    agents: int
    spark: tuple[float, ...]


def overview(progress: Progress, trials: Sequence[Trial], project: str = "") -> Overview:
    """The sweep's line: everything that `progress` says, and the sparkline of `trials`, in any order."""
    sweep, best = progress.sweep, progress.best
    share = tightest_budget(progress)
    return Overview(
        id=sweep.id,
        name=sweep.name,
        project=project,
        state=sweep.state.value,
        why=sweep.why,
        method=str(sweep.file.get("method") or ""),
        metric=progress.metric,
        goal=progress.goal,
        created_at=sweep.created_at,
        started_at=sweep.started_at,
        ended_at=sweep.ended_at,
        counts=dict(progress.counts),
        trials=len(trials),
        best_trial=best.number if best else None,
        best_value=best.value if best else None,
        best_text=number(best.value, 5) if best and best.value is not None else "",
        spent=dict(progress.spent),
        budget=dict(progress.budget),
        share=None if share is None else min(1.0, share[1]),
        share_text=spent_text(progress),
        seconds_left=progress.seconds_left,
        agents=len(progress.agents),
        spark=spark(trials, progress.goal),
    )


def tightest_budget(progress: Progress) -> tuple[str, float] | None:
    """The unit of the budget that is nearest to its end, and the share of it that is spent; None without a budget."""
    shares = {unit: progress.spent.get(unit, 0.0) / limit for unit, limit in progress.budget.items() if limit > 0}
    return max(shares.items(), key=itemgetter(1), default=None)


def spent_text(progress: Progress) -> str:
    """What is spent of the tightest budget, `14 of 24 trials` or `1 h 10 min of 2 h`; all trials without a budget."""
    tight = tightest_budget(progress)
    if tight is None:
        return counted(sum(progress.counts.values()), "trial")
    unit = tight[0]
    limit = progress.budget[unit]
    amounts = (progress.spent.get(unit, 0.0), limit)
    spent, allowed = (_amount(unit, amount) for amount in amounts)
    named = {"epochs": progress.fidelity_unit or "epoch", "trials": "trial"}.get(unit)
    plural = "" if named is None else f" {named}" if max(amounts) == 1 else f" {named}s"
    return f"{spent} of {allowed}" + (" on GPUs" if unit == "gpu_hours" else plural)


def _amount(unit: str, amount: float) -> str:
    return duration(amount * 3600) if unit.endswith("hours") else number(amount)


def spark(trials: Sequence[Trial], goal: str) -> tuple[float, ...]:
    """The best value so far as trials with one ended: after each of them, or at `SPARK_POINTS` evenly spread over them.

    The first and the last are among those; of several steps between two, the last shows.
    """
    columns = TrialColumns(trials, goal)
    return sparse(columns.best_so_far[~np.isnan(columns.values[columns.by_end])])


def sparse(best: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """At most `SPARK_POINTS` of these values, evenly spread, the first and the last among them."""
    if len(best) > SPARK_POINTS:
        best = best[np.linspace(0, len(best) - 1, SPARK_POINTS).round().astype(np.intp)]
    return tuple(best.tolist())
