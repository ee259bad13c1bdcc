"""What is shown of a sweep: its progress from its state, its curves from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from besom.analysis.audit import audit
from besom.analysis.costs import seconds_left
from besom.analysis.curves import thin
from besom.analysis.tables import flat
from besom.engine import State
from besom.errors import MessageError
from besom.records import Agent, Run, Trial
from besom.server.tally import Tally
from besom.server.wandb.resources import measured
from besom.service import MetricCurve, Progress
from besom.store.contract import Column, Floats, Store
from besom.tracked import TrackedRun

_FAILURES = 5
_SAMPLES = 2000
_FEWEST_POINTS = 5


def progress(state: State, tally: Tally, agents: Sequence[Agent], now: float) -> Progress:
    """Where the sweep stands at `now`, with the agents that were seen lately; `tally` follows its trials."""
    plan, trials = state.plan, state.trials
    spent, allowed = state.spent(now), state.allowed()
    fidelity = plan.file.besom.fidelity
    goal = plan.file.metric.goal if plan.file.metric else ""
    return Progress(
        sweep=state.sweep,
        counts=tally.counts,
        best=state.incumbent,
        baseline=trials[tally.baselines[0]] if tally.baselines else None,
        first=trials[tally.valued[0]] if tally.valued else None,
        spent=spent,
        budget=allowed,
        seconds_left=seconds_left(state.sweep, spent, allowed, now, _under_way(state), has_agents=bool(agents)),
        running=tuple(state.live_runs()),
        agents=tuple(agents),
        failures=tuple(trials[number] for number in reversed(tally.failed[-_FAILURES:])),
        goal=goal,
        metric=plan.metric or "",
        fidelity_max=plan.fidelity_max,
        fidelity_unit=fidelity.unit if fidelity else "",
        cut_off=tally.cut_off,
        # Of the audit only the sentence, which tells of the audited alone.
        audit=str(audit([tally.audited[number] for number in sorted(tally.audited)], goal)),
    )


def summaries(store: Store, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """What each run ended with, by its id: the last number of each metric; over these, what its script set."""
    ids = [run.id for run in runs]
    numbers, told = store.last_numbers(ids), store.tracked_values(ids)
    found = {}
    for run in runs:
        by_client = told[run.id].summary if run.id in told else {}
        found[run.id] = {**_public(numbers.get(run.id, {})), **_public(by_client), **_public(run.summary)}
    return found


def _public(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted names, without those that clients keep for themselves (`_step`) and what stands for a file."""
    plain = {name: value for name, value in values.items() if not (isinstance(value, Mapping) and "_type" in value)}
    return {name: value for name, value in flat(plain).items() if not name.startswith("_")}


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


def resource_rows(store: Store, run: Run | None, tracked: TrackedRun | None) -> list[dict[str, Any]]:
    """What a run used over time, as its agent measured it; as W&B's client did, where no agent of ours was there."""
    if run is not None and run.samples:
        return list(store.rows(run.samples_id))
    if tracked is None or not tracked.events.shown:
        return []
    events = tracked.events
    wanted = np.unique(np.linspace(events.first, events.count - 1, min(events.shown, _SAMPLES)).astype(np.int64))
    lines = store.rows_at(tracked.events_id, wanted).values()
    return [
        {name: line[name] for name in ("_timestamp", "_runtime") if name in line} | found
        for line in lines
        if (found := measured(line))
    ]


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
    if np.array_equal(logged.rows, against.rows):
        return against.values, logged.values
    _, left, right = np.intersect1d(against.rows, logged.rows, assume_unique=True, return_indices=True)
    return against.values[left], logged.values[right]
