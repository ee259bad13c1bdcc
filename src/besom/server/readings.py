"""What is shown of a sweep: its progress from its state, its curves from the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from besom.analysis.audit import audit
from besom.analysis.costs import seconds_left, was_cut_off
from besom.analysis.curves import thin
from besom.engine import State
from besom.errors import MessageError
from besom.records import Agent, Run, Trial, TrialState
from besom.service import MetricCurve, Progress
from besom.store.contract import Column, Floats, Store

_FAILURES = 5
_FEWEST_POINTS = 5


def progress(state: State, agents: Sequence[Agent], now: float) -> Progress:
    """Where the sweep stands at `now`, with the agents that were seen lately."""
    trials = sorted(state.trials.values(), key=lambda trial: trial.number)
    failed = [trial for trial in reversed(trials) if trial.state is TrialState.FAILED]
    plan = state.plan
    spent, allowed = state.spent(now), state.allowed()
    fidelity = plan.file.besom.fidelity
    return Progress(
        sweep=state.sweep,
        counts=dict(Counter(trial.state.value for trial in trials)),
        best=state.incumbent,
        baseline=next((trial for trial in trials if trial.reason.phase == "baseline"), None),
        first=_first_with_value(trials),
        spent=spent,
        budget=allowed,
        seconds_left=seconds_left(state.sweep, spent, allowed, now, _under_way(state)),
        running=tuple(state.live_runs()),
        agents=tuple(agents),
        failures=tuple(failed[:_FAILURES]),
        goal=plan.file.metric.goal if plan.file.metric else "",
        metric=plan.metric or "",
        fidelity_max=plan.fidelity_max,
        fidelity_unit=fidelity.unit if fidelity else "",
        cut_off=sum(trial.state is TrialState.STOPPED and was_cut_off(trial) for trial in trials),
        audit=str(audit(trials, plan.file.metric.goal if plan.file.metric else "")),
    )


def _under_way(state: State) -> list[float]:
    """The share of each trial with a run under way that is still to come; half where nothing says how far it goes."""
    most = state.plan.fidelity_max
    numbers = sorted({run.trial for run in state.live_runs()})
    if most is None:
        return [0.5] * len(numbers)
    return [_rest(state.trials[number], state.live_runs(number), most) for number in numbers]


def _rest(trial: Trial, live: Sequence[Run], most: float) -> float:
    done = trial.repeats_done + sum(min(1.0, run.fidelity / most) for run in live)
    return max(0.0, 1.0 - done / trial.repeats)


def _first_with_value(trials: Sequence[Trial]) -> Trial | None:
    return next((trial for trial in trials if trial.value is not None), None)


def curves(store: Store, runs: Sequence[Run], metric: str, x: str, points: int) -> list[MetricCurve]:
    """One metric of each run that logged it against another, at most `points` of each.

    A point is where both were logged in one row; against `_step`, which counts rows where a script did not log it,
    every point counts.
    """
    if points < _FEWEST_POINTS:
        raise MessageError(f"points: must be at least {_FEWEST_POINTS}, got {points}; ask for more.")
    ids = [run.id for run in runs]
    logged, against = store.columns(ids, metric), store.columns(ids, x)
    found = []
    for run in runs:
        xs, ys = _paired(logged[run.id], against[run.id], x)
        if len(ys):
            xs, ys = thin(xs, ys, points)
            where = (run.id, run.trial, run.repeat, run.attempt)
            found.append(MetricCurve(*where, tuple(xs.tolist()), tuple(ys.tolist())))
    return found


def _paired(logged: Column, against: Column, x: str) -> tuple[Floats, Floats]:
    if x == "_step" and not len(against.rows):
        return logged.rows.astype(np.float64), logged.values
    _, left, right = np.intersect1d(against.rows, logged.rows, assume_unique=True, return_indices=True)
    return against.values[left], logged.values[right]
