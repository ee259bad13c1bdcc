"""Whatever happens in whatever order: no trial is lost or leased twice, and a restart anywhere changes nothing."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
from driven_sweep import Driven, played, sweep_file
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from besom.engine import State, curve_from_columns, handle, restore
from besom.errors import LeaseLost, WrongState
from besom.records import Cause, Curve, Failure, Reason, RunState, Status, SweepState, TrialState
from besom.search.contract import Exhausted, History, Suggestion
from besom.stopping.contract import Decision
from besom.wire import Ask, Assignment, Done, Wait

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
REVIEWED = {key: value for key, value in FILE.items() if key != "early_terminate"} | {
    "run_cap": 5,
    "besom": {**FILE["besom"], "retries": 0, "audit": 0.3, "budget": {"epochs": 60}},
}
WITHOUT_CHECKPOINTS = REVIEWED | {
    "metric": {"name": "loss", "goal": "maximize"},
    "besom": {**REVIEWED["besom"], "checkpoints": False, "repeats": {"count": 1}},
}


class Halver:
    """Sends each trial to epoch 2, where the worse half ends; each second ask goes on with the best of those."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        seen = history.observations
        ended = [o for o in seen if o.status in (Status.PAUSED, Status.STOPPED) and o.ended_by == "half"]
        if ended and len(ended) % 2 == 0:
            best = min(ended, key=lambda o: (math.inf if o.value is None else o.value, o.trial))
            return Suggestion(best.config, Reason("again"), until=2 * best.fidelity, resume=best.trial)
        if len(seen) > 12:
            return Exhausted("enough")
        config = {"lr": len(seen) / 20, "layers": 1}
        left = history.fidelity_left or 0.0
        return Suggestion(config, Reason("next", f"{left} epochs left"), until=2.0)

    def review(self, history: History, trial: int) -> Decision:
        values = {o.trial: o.value for o in history.observations if o.value is not None and o.fidelity >= 2}
        curve = next(o.curve for o in history.observations if o.trial == trial)
        if sum(value <= values.get(trial, math.inf) for value in values.values()) <= 1 + len(values) / 2:
            return Decision("continue", until=2 * curve[-1][0])
        return Decision("pause" if history.can_resume else "stop", Reason("half", "in the worse half"))


class SweepMachine(RuleBasedStateMachine):
    """Agents that come, log, end, vanish and come back, and a server that is killed at any point."""

    file: Any = FILE
    strategy: Any = None
    probes = (Ask("probe", "probe"),)
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.driven = Driven(self.file)
        if self.strategy is not None:
            self.driven.play(self.strategy)
        self.logged: dict[str, list[dict[str, float]]] = {}

    @rule(target=runs, agent=st.sampled_from("abc"))
    def ask(self, agent: str) -> Any:
        host = f"host of {agent}"
        answer = self.driven.ask(agent, host=host)
        if isinstance(answer, Wait | Done):
            return multiple()
        assert isinstance(answer, Assignment)
        assert answer.run_id not in self.logged
        assert host not in [aside.host for aside in self.driven.state.sweep.set_aside]
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
        if ended == "stopped" and self.driven.state.runs[run.run_id].ordered == "pause":
            ended = "paused"
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
        for number, seen in state.observations.items():
            same = again.observations[number]
            assert (same.status, same.value, same.fidelity) == (seen.status, seen.value, seen.fidelity)
            assert np.array_equal(same.curve.values, seen.curve.values, equal_nan=True)
            assert same.curve.fidelity == seen.curve.fidelity

    @invariant()
    def a_restart_changes_nothing_of_the_next_answer(self) -> None:
        again = self._restored()
        for probe in self.probes:
            _, lived = handle(self.driven.state, probe, self.driven.now)
            _, restored = handle(again, probe, self.driven.now)
            assert (restored.reply, restored.save) == (lived.reply, lived.save)

    @invariant()
    def what_is_known_of_a_trial_is_not_forgotten_while_it_runs_again(self) -> None:
        state = self.driven.state
        for number, seen in state.observations.items():
            last = state.runs_of(number)[-1:]
            if last and last[0].state is not RunState.FINISHED:
                same = [
                    r for r in state.runs_of(number) if r.repeat == last[0].repeat and r.state is not RunState.FAILED
                ]
                known = [state.curves[run.id][-1][0] for run in same if state.curves.get(run.id)]
                assert not known or seen.curve[-1][0] >= max(known)

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
            assert all(trial.state.has_ended or trial.state is TrialState.PAUSED for trial in state.trials.values())

    @invariant()
    def audited_trials_are_stopped_by_no_rule_and_no_strategy(self) -> None:
        for trial in self.driven.state.trials.values():
            if trial.audited is not None:
                assert trial.ended_by is None or trial.ended_by.phase in ("budget", "requested", "sweep ended")

    def _restored(self) -> State:
        state = self.driven.state
        curves: dict[str, Curve] = {}
        for run_id, run in state.runs.items():
            rows = self.logged[run_id]
            numbers = np.arange(len(rows))
            losses = np.array([row["loss"] for row in rows], dtype=float)
            epochs = np.array([row["epoch"] for row in rows], dtype=float)
            curves[run_id] = curve_from_columns(state.plan, numbers, losses, numbers, epochs, run.first_fidelity)
        again = restore(state.sweep, state.trials.values(), state.runs.values(), curves)
        return again if self.strategy is None else played(again, self.strategy)


class ReviewedMachine(SweepMachine):
    """The same where the strategy pauses and resumes trials."""

    file, strategy = REVIEWED, Halver()


class RestartingMachine(SweepMachine):
    """The same where the strategy stops trials, and has some of them run again from the start."""

    file, strategy = WITHOUT_CHECKPOINTS, Halver()


class BadHostMachine(SweepMachine):
    """The same where a host fails whatever it gets, within a second."""

    file = FILE | {"run_cap": 20}
    probes = (Ask("probe", "probe"), Ask("z", "probe", "bad"))

    @rule(times=st.integers(1, 6))
    def fail(self, times: int) -> None:
        for _ in range(times):
            run = self.driven.ask("z", host="bad")
            if isinstance(run, Assignment):
                self.logged[run.run_id] = []
                self.driven.now += 1.0
                self.driven.finish(run, "failed", Failure(Cause.EXIT_CODE, exit_code=1))

    @rule()
    def put_back(self) -> None:
        for aside in self.driven.state.sweep.set_aside:
            self.driven.command("resume_host", host=aside.host)

    @invariant()
    def no_trial_fails_for_what_a_host_set_aside_did(self) -> None:
        state = self.driven.state
        for aside in state.sweep.set_aside:
            event("a host is set aside")
            for number in aside.trials:
                if state.trials[number].state is TrialState.FAILED:
                    assert any(r.host != aside.host for r in state.runs_of(number) if r.state is RunState.FAILED)


for machine in (SweepMachine, ReviewedMachine, RestartingMachine):
    machine.TestCase.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
BadHostMachine.TestCase.settings = settings(max_examples=8, stateful_step_count=40, deadline=None)
TestAnyOrderOfEvents = SweepMachine.TestCase
TestAnyOrderWithPauses = ReviewedMachine.TestCase
TestAnyOrderWithRestarts = RestartingMachine.TestCase
TestAnyOrderWithABadHost = BadHostMachine.TestCase
