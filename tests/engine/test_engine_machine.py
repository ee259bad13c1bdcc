"""Whatever happens in whatever order: no trial is lost or leased twice, and a restart anywhere changes nothing."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
from driven_sweep import Driven, sweep_file
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from besom.engine import State, curve_from_columns, restore
from besom.errors import LeaseLost, WrongState
from besom.records import Cause, Curve, Failure, RunState, SweepState, TrialState
from besom.wire import Assignment, Done, Wait

FILE = sweep_file(
    run_cap=8,
    early_terminate={"type": "hyperband", "min_iter": 2, "eta": 2},
    besom={
        "seed": 3,
        "retries": 1,
        "checkpoints": True,
        "fidelity": {"metric": "epoch", "max": 6},
        "repeats": {"count": 2},
    },
)


class SweepMachine(RuleBasedStateMachine):
    """Agents that come, log, end, vanish and come back, and a server that is killed at any point."""

    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.driven = Driven(FILE)
        self.logged: dict[str, list[dict[str, float]]] = {}

    @rule(target=runs, agent=st.sampled_from("abc"))
    def ask(self, agent: str) -> Any:
        answer = self.driven.ask(agent)
        if isinstance(answer, Wait | Done):
            return multiple()
        assert isinstance(answer, Assignment)
        assert answer.run_id not in self.logged
        self.logged[answer.run_id] = []
        return answer

    @rule(
        run=runs, values=st.lists(st.floats(0, 1) | st.just(math.nan), min_size=1, max_size=3), resend=st.integers(0, 2)
    )
    def report(self, run: Assignment, values: list[float], resend: int) -> None:
        known = self.logged[run.run_id]
        first = len(known)
        rows = [{"epoch": run.fidelity + first + i + 1.0, "loss": value} for i, value in enumerate(values)]
        again = known[max(0, first - resend) :]
        try:
            self.driven.report(run, *again, *rows, first=first - len(again))
        except LeaseLost:
            assert self.driven.state.runs[run.run_id].state is not RunState.RUNNING
        else:
            known.extend(rows)

    @rule(run=consumes(runs), ended=st.sampled_from(["finished", "stopped", "failed", "lost"]))
    def finish(self, run: Assignment, ended: str) -> None:
        failure = Failure(Cause.EXIT_CODE, exit_code=1) if ended == "failed" else None
        try:
            self.driven.finish(run, ended, failure)
        except LeaseLost:
            assert self.driven.state.runs[run.run_id].state is not RunState.RUNNING

    @rule(seconds=st.sampled_from([1, 30, 100]))
    def time_passes(self, seconds: int) -> None:
        self.driven.tick(seconds)

    @rule(number=st.integers(1, 8), verb=st.sampled_from(["stop_trial", "resume_trial"]))
    def person(self, number: int, verb: str) -> None:
        if number in self.driven.state.trials:
            with suppress(WrongState):
                self.driven.command(verb, trial=number)

    @rule()
    def restart(self) -> None:
        self.driven.state = self._restored()

    @invariant()
    def what_follows_from_the_records_is_kept_up(self) -> None:
        state, again = self.driven.state, self._restored()
        assert again.live == state.live
        assert again.open == state.open
        assert again.curves.keys() == state.curves.keys()
        for run_id, curve in state.curves.items():
            assert np.array_equal(curve.values, again.curves[run_id].values, equal_nan=True)
            assert curve.fidelity == again.curves[run_id].fidelity
        assert again.incumbent == state.incumbent or again.incumbent.value == state.incumbent.value  # type: ignore[union-attr]
        assert math.isclose(again.totals.fidelity, state.totals.fidelity)
        assert again.last_lease == state.last_lease

    @invariant()
    def each_repeat_is_leased_once_at_a_time(self) -> None:
        live = [(run.trial, run.repeat) for run in self.driven.state.live_runs()]
        assert len(live) == len(set(live))

    @invariant()
    def no_trial_is_forgotten(self) -> None:
        state = self.driven.state
        for number, trial in state.trials.items():
            if trial.state is TrialState.WAITING:
                assert number in state.open
            if trial.state is TrialState.RUNNING:
                assert state.live_runs(number)
            if trial.state.has_ended:
                assert trial.ended_at is not None
        if state.sweep.state is SweepState.FINISHED:
            assert all(trial.state.has_ended for trial in state.trials.values())

    def _restored(self) -> State:
        state = self.driven.state
        curves: dict[str, Curve] = {}
        for run_id, run in state.runs.items():
            rows = self.logged[run_id]
            numbers = np.arange(len(rows))
            losses = np.array([row["loss"] for row in rows], dtype=float)
            epochs = np.array([row["epoch"] for row in rows], dtype=float)
            curves[run_id] = curve_from_columns(state.plan, numbers, losses, numbers, epochs, run.first_fidelity)
        return restore(state.sweep, state.trials.values(), state.runs.values(), curves)


SweepMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrderOfEvents = SweepMachine.TestCase
