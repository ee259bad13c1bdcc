"""All that is known of one sweep, immutable: what the engine decides from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from besom.engine.curves import inherited
from besom.engine.plan import Plan, compile_plan
from besom.records import (
    Curve,
    Observation,
    Run,
    RunState,
    Status,
    Sweep,
    Trial,
    TrialState,
)

_STATUS = {
    TrialState.WAITING: Status.PENDING,
    TrialState.RUNNING: Status.PENDING,
    TrialState.PAUSED: Status.PAUSED,
    TrialState.FINISHED: Status.FINISHED,
    TrialState.STOPPED: Status.STOPPED,
    TrialState.FAILED: Status.FAILED,
}


SILENCE_S = 15.0
"""An agent calls every few seconds: what is silent for longer may not be running at all, and is not charged for it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What runs that have ended have spent."""

    fidelity: float = 0.0
    gpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """One sweep's records, and what follows from them.

    Attributes:
        plan: The sweep file, ready to run.
        sweep, trials, runs: The records, which are also what the store keeps.
        curves: Objective curve of each run by its id; one that goes on from a checkpoint begins with what it inherited.
        observations: Each trial as strategies see it.
        run_ids: Ids of each trial's runs, in order of their lease.
        live: Ids of the runs under way, in order of their lease.
        open: Numbers of trials that still need a run.
        last_lease: The highest lease given so far.
        totals: Spent by runs that have ended.
        incumbent_number: The best trial that is not running.
    """

    plan: Plan
    sweep: Sweep
    trials: Mapping[int, Trial] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    observations: Mapping[int, Observation] = field(default_factory=dict)
    run_ids: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    live: tuple[str, ...] = ()
    open: tuple[int, ...] = ()
    last_lease: int = 0
    totals: Totals = Totals()
    incumbent_number: int | None = None

    @property
    def incumbent(self) -> Trial | None:
        """The best trial by the objective among those that are not running."""
        return self.trials[self.incumbent_number] if self.incumbent_number is not None else None

    def observation(self, number: int) -> Observation:
        return self.observations[number]

    def live_runs(self, trial: int | None = None) -> list[Run]:
        """Runs under way, of one trial if named."""
        runs = (self.runs[run_id] for run_id in self.live)
        return [run for run in runs if trial is None or run.trial == trial]

    def runs_of(self, trial: int) -> list[Run]:
        """All runs of a trial in order of their lease."""
        return [self.runs[run_id] for run_id in self.run_ids.get(trial, ())]

    def allowed(self) -> dict[str, float]:
        """The budget by unit, for those that have a limit; one set while the sweep ran goes before the file's."""
        in_file = self.plan.file.besom.budget
        limits = {
            "trials": self.plan.file.max_trials,
            "epochs": in_file.epochs,
            "hours": in_file.hours,
            "gpu_hours": in_file.gpu_hours,
            **self.sweep.budget,
        }
        return {unit: float(limit) for unit, limit in limits.items() if limit is not None}

    def spent(self, now: float) -> dict[str, float]:
        """What was spent up to `now`, by unit."""
        live = self.live_runs()
        fidelity = self.totals.fidelity + sum(fidelity_spent(run) for run in live)
        gpu_seconds = self.totals.gpu_seconds + sum(gpu_seconds_of(self.plan, run, now) for run in live)
        return {
            "trials": float(len(self.trials)),
            "epochs": fidelity,
            "hours": running_seconds(self.sweep, now) / 3600,
            "gpu_hours": gpu_seconds / 3600,
        }

    def exceeded(self, now: float, units: Iterable[str] = ("trials", "epochs", "hours", "gpu_hours")) -> str | None:
        """The first unit among `units` whose budget is spent; None while all have something left."""
        allowed = self.allowed()
        if not allowed:
            return None
        spent = self.spent(now)
        return next((unit for unit in units if unit in allowed and spent[unit] >= allowed[unit]), None)


def fidelity_spent(run: Run) -> float:
    """Fidelity that this run itself added."""
    return max(0.0, run.fidelity - run.first_fidelity)


def gpu_seconds_of(plan: Plan, run: Run, now: float) -> float:
    """GPU time of a run up to `now`; one that shares its GPU is charged its share, one without GPU nothing."""
    share = run.resources.get("gpu_share_mean", 1 / plan.file.besom.resources.least_per_gpu)
    return run_seconds(plan, run, now) * len(run.gpus) * share


def run_seconds(plan: Plan, run: Run, now: float) -> float:
    """How long a run took, or has taken up to `now` as far as anything was heard of it."""
    if run.ended_at is not None:
        return max(0.0, run.ended_at - run.started_at)
    return max(0.0, min(now, seen_at(plan, run) + SILENCE_S) - run.started_at - run.silent_s)


def seen_at(plan: Plan, run: Run) -> float:
    """When a run that is under way was last heard of."""
    return run.lease_until - plan.file.besom.lease


def running_seconds(sweep: Sweep, now: float) -> float:
    """Wall-clock seconds since the first run, without pauses and without times when nothing ran."""
    if sweep.started_at is None:
        return 0.0
    until = min(instant for instant in (sweep.ended_at, sweep.paused_at, sweep.idle_at, now) if instant is not None)
    return max(0.0, until - sweep.started_at - sweep.paused_s)


def observe(plan: Plan, trial: Trial, curve: Curve, before: Observation | None = None) -> Observation:
    """A trial as strategies see it: its objective minimised, its configuration flat."""
    return Observation(
        trial=trial.number,
        config=before.config if before else plan.space.flatten(trial.config),
        status=_STATUS[trial.state],
        value=plan.minimised(trial.value),
        curve=_minimised(plan, curve, before.curve if before else None),
        fidelity=trial.fidelity,
        seconds=trial.seconds,
        phase=trial.reason.phase,
        details=trial.reason.details,
        failure=trial.failure,
        spread=trial.spread,
        ended_by=trial.ended_by.phase if trial.ended_by else "",
        resources=trial.resources,
    )


def _minimised(plan: Plan, curve: Curve, before: Curve | None) -> Curve:
    if not plan.maximizes:
        return curve
    if before is not None and _continues(curve, before):
        return before.extended((curve[i][0], -curve[i][1]) for i in range(len(before), len(curve)))
    return Curve((fidelity, -value) for fidelity, value in zip(curve.fidelity, curve.values, strict=True))


def _continues(curve: Curve, negated: Curve) -> bool:
    """Whether `negated` is the beginning of `curve` with its sign turned."""
    count = len(negated)
    if not 0 < count <= len(curve):
        return False
    same = np.array_equal(np.frombuffer(curve.fidelity)[:count], np.frombuffer(negated.fidelity), equal_nan=True)
    return same and np.array_equal(np.frombuffer(curve.values)[:count], -np.frombuffer(negated.values), equal_nan=True)


def wants_run(plan: Plan, trial: Trial, runs: Iterable[Run]) -> int | None:
    """The repeat of `trial` that is to be run next; None if none is, or all that are left are under way.

    While the trial is on probation its first repeat is run alone: nothing is spent on more of what may be stopped. Once
    that is finished, the trial has passed.
    """
    if trial.state not in (TrialState.WAITING, TrialState.RUNNING):
        return None
    taken = {run.repeat: run.state for run in runs if run.state in (RunState.RUNNING, RunState.FINISHED)}
    is_alone = is_on_probation(plan, trial) and taken.get(0) is not RunState.FINISHED
    return next((repeat for repeat in range(1 if is_alone else plan.repeats) if repeat not in taken), None)


def is_on_probation(plan: Plan, trial: Trial) -> bool:
    """Whether the strategy sent the trial to a fidelity short of the end, to decide on it there."""
    return trial.until is not None and trial.until < (math.inf if plan.fidelity_max is None else plan.fidelity_max)


def glance(sweep: Sweep, trials: Iterable[Trial], runs: Iterable[Run]) -> State:
    """The state of a sweep that has ended, to be looked at: without curves and observations nothing is decided from it.

    Args:
        sweep: The sweep.
        trials: Its trials, by number.
        runs: Its runs, in order of their lease.

    Raises:
        SweepFileError: The sweep's file is not valid for this version.
    """
    plan = compile_plan(sweep.file)
    by_number, by_id = {trial.number: trial for trial in trials}, {run.id: run for run in runs}
    run_ids: dict[int, tuple[str, ...]] = {}
    best: tuple[float, int] | None = None
    for run in by_id.values():
        run_ids[run.trial] = (*run_ids.get(run.trial, ()), run.id)
    for trial in by_number.values():
        loss = plan.minimised(trial.value) if trial.is_comparable else None
        if loss is not None and (best is None or loss < best[0]):
            best = loss, trial.number
    ended = [run for run in by_id.values() if run.ended_at is not None]
    totals = Totals(
        math.fsum(map(fidelity_spent, by_id.values())), math.fsum(gpu_seconds_of(plan, run, 0.0) for run in ended)
    )
    return State(
        plan,
        sweep,
        by_number,
        by_id,
        run_ids=run_ids,
        totals=totals,
        incumbent_number=best[1] if best else None,
    )


def restore(sweep: Sweep, trials: Iterable[Trial], runs: Iterable[Run], curves: Mapping[str, Curve]) -> State:
    """The state of a sweep from its records.

    Args:
        sweep: The sweep.
        trials: Its trials, in any order.
        runs: Its runs, in any order.
        curves: Objective curve of each run's own rows, by run id; see `curve_from_columns`.

    Raises:
        SweepFileError: The sweep's file is not valid for this version.
    """
    from besom.engine.draft import Draft

    draft = Draft(State(compile_plan(sweep.file), sweep))
    by_number = sorted(trials, key=lambda trial: trial.number)
    by_lease = sorted(runs, key=lambda run: run.lease)
    latest: dict[tuple[int, int], Curve] = {}
    for run in by_lease:
        own = curves.get(run.id, Curve())
        before = latest.get((run.trial, run.repeat), Curve()) if draft.plan.can_resume else Curve()
        whole = inherited(before, own[0][0]).extended(zip(own.fidelity, own.values, strict=True)) if own else before
        latest[run.trial, run.repeat] = whole
        draft.put_run(run, whole)
    for trial in by_number:
        draft.put_trial(trial)
    return draft.state()
