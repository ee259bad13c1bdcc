"""A state being changed by one message. Tables are copied at their first write: the state it began from stays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from besom.engine.messages import AppendOutput, AppendRows, Instructions
from besom.engine.plan import Plan
from besom.engine.state import State, Totals, fidelity_spent, gpu_seconds_of, observe, wants_run
from besom.records import Curve, Observation, Record, Run, RunState, Sweep, Trial, TrialState


class Draft:
    """The next state of a sweep, and the instructions that go with it.

    Everything that follows from the records (what is live or open, totals, the incumbent, observations) is kept up here
    and nowhere else, so that a state that was restored equals one that has lived.
    """

    def __init__(self, state: State) -> None:
        self._before = state
        self.plan = state.plan
        self.sweep = state.sweep
        self.trials = state.trials
        self.runs = state.runs
        self.curves = state.curves
        self.observations = state.observations
        self.run_ids = state.run_ids
        self.live = state.live
        self.open = state.open
        self.last_lease = state.last_lease
        self.totals = state.totals
        self.incumbent_number = state.incumbent_number
        self.rows: AppendRows | None = None
        self.output: AppendOutput | None = None
        self.histories: list[AppendRows] = []
        self._changed: dict[object, Record] = {}
        self._ended_runs: list[str] = []

    def state(self) -> State:
        """The state as drafted so far."""
        return State(
            plan=self.plan,
            sweep=self.sweep,
            trials=self.trials,
            runs=self.runs,
            curves=self.curves,
            observations=self.observations,
            run_ids=self.run_ids,
            live=self.live,
            open=self.open,
            last_lease=self.last_lease,
            totals=self.totals,
            incumbent_number=self.incumbent_number,
        )

    def done(self, reply: Any = None) -> tuple[State, Instructions]:
        """The new state, and what is to be kept before `reply` is given."""
        return self.state(), Instructions(
            reply=reply,
            save=tuple(self._changed.values()),
            rows=self.rows,
            output=self.output,
            ended_runs=tuple(self._ended_runs),
            histories=tuple(self.histories),
        )

    def replan(self, plan: Plan) -> None:
        """Go on by another plan: what follows from the records is worked out anew."""
        self.plan = plan
        self.observations, self.incumbent_number = {}, None
        for trial in sorted(self.trials.values(), key=lambda trial: trial.number):
            self._observe(trial)
            self._settle_open(trial)
            self._challenge(trial)

    def put_sweep(self, **changes: Any) -> Sweep:
        self.sweep = replace(self.sweep, **changes)
        self._changed["sweep"] = self.sweep
        return self.sweep

    def put_trial(self, trial: Trial) -> Trial:
        self._writable("trials")[trial.number] = trial
        self._changed[trial.number] = trial
        self._observe(trial)
        self._settle_open(trial)
        self._settle_incumbent(trial)
        return trial

    def put_run(self, run: Run, curve: Curve | None = None) -> Run:
        """Insert or replace a run, and its curve if it is new."""
        before = self.runs.get(run.id)
        self._writable("runs")[run.id] = run
        self._changed[run.id] = run
        if curve is not None:
            self._writable("curves")[run.id] = curve
        if before is None:
            self._writable("run_ids")[run.trial] = (*self.run_ids.get(run.trial, ()), run.id)
            self.last_lease = max(self.last_lease, run.lease)
        self._settle_live(run, before)
        if run.trial in self.trials:
            self._observe(self.trials[run.trial])
            self._settle_open(self.trials[run.trial])
        return run

    def change_trial(self, number: int, **changes: Any) -> Trial:
        return self.put_trial(replace(self.trials[number], **changes))

    def change_run(self, run_id: str, curve: Curve | None = None, **changes: Any) -> Run:
        return self.put_run(replace(self.runs[run_id], **changes), curve)

    def runs_of(self, trial: int) -> list[Run]:
        return [self.runs[run_id] for run_id in self.run_ids.get(trial, ())]

    def live_runs(self, trial: int | None = None) -> list[Run]:
        runs = (self.runs[run_id] for run_id in self.live)
        return [run for run in runs if trial is None or run.trial == trial]

    def state_of_open(self, trial: int) -> TrialState:
        """The state of a trial that has not ended: running where a run of it is under way, waiting otherwise."""
        return TrialState.RUNNING if self.live_runs(trial) else TrialState.WAITING

    def others(self, trial: int) -> list[Observation]:
        others = dict(self.observations)
        others.pop(trial, None)
        return list(others.values())

    def _settle_live(self, run: Run, before: Run | None) -> None:
        is_live, was_live = run.state is RunState.RUNNING, before is not None and before.state is RunState.RUNNING
        if is_live and not was_live:
            self.live = (*self.live, run.id)
        elif was_live and not is_live:
            self.live = tuple(run_id for run_id in self.live if run_id != run.id)
            self._ended_runs += [run.id, run.samples_id] if run.samples else [run.id]
        if not is_live and before is not None and not was_live:  # more became known of a run that is over
            self.totals = replace(
                self.totals, fidelity=self.totals.fidelity + fidelity_spent(run) - fidelity_spent(before)
            )
        elif not is_live:
            self.totals = Totals(
                self.totals.fidelity + fidelity_spent(run),
                self.totals.gpu_seconds + gpu_seconds_of(self.plan, run, run.ended_at or run.started_at),
            )

    def _settle_open(self, trial: Trial) -> None:
        is_open = wants_run(self.plan, trial, self.runs_of(trial.number)) is not None
        if is_open and trial.number not in self.open:
            self.open = tuple(sorted((*self.open, trial.number)))
        elif not is_open and trial.number in self.open:
            self.open = tuple(number for number in self.open if number != trial.number)

    def _settle_incumbent(self, trial: Trial) -> None:
        if trial.number == self.incumbent_number:
            self.incumbent_number = None
            for other in self.trials.values():
                self._challenge(other)
        else:
            self._challenge(trial)

    def _challenge(self, trial: Trial) -> None:
        if not trial.is_comparable:
            return
        if self.plan.minimised(trial.value) is None or trial.value is None:
            return
        best = self.trials[self.incumbent_number].value if self.incumbent_number is not None else None
        if best is None or self.plan.is_better(trial.value, best):
            self.incumbent_number = trial.number

    def shown_run(self, trial: int) -> Run | None:
        """The run whose curve a trial is known by: its latest, or an earlier one of that repeat that got further.

        A run that begins again from nothing forgets what is known until it has come as far. What a failed run logged
        is not held against the next.
        """
        runs = self.runs_of(trial)
        if not runs or runs[-1].state is RunState.FINISHED:
            return runs[-1] if runs else None
        latest = runs[-1]
        earlier = [run for run in runs[:-1] if run.repeat == latest.repeat and run.state is not RunState.FAILED]
        return max((latest, *earlier), key=lambda run: self._reached(run.id))

    def _reached(self, run_id: str) -> float:
        """The fidelity of the last point on a run's curve; below any while there is none."""
        curve = self.curves.get(run_id)
        return curve[-1][0] if curve else -math.inf

    def _observe(self, trial: Trial) -> None:
        run = self.shown_run(trial.number)
        curve = self.curves.get(run.id, Curve()) if run else Curve()
        before = self.observations.get(trial.number)
        if before is None and not self.plan.knows(trial.config):
            return  # of a space that the sweep has no longer
        seen = observe(self.plan, trial, curve, before)
        self._writable("observations")[trial.number] = seen

    def _writable(self, name: str) -> dict[Any, Any]:
        """The table of that name, copied at its first write."""
        table: dict[Any, Any] = getattr(self, name)
        if table is getattr(self._before, name):
            table = dict(table)
            setattr(self, name, table)
        return table
