"""Trials that would be stopped and are let finish, to see how often that would have been wrong."""

from __future__ import annotations

from typing import Any

import pytest
from driven_sweep import Driven, sweep_file

from besom.engine import restore
from besom.records import Reason, SweepState, TrialState
from besom.search.contract import History, Suggestion
from besom.stopping.contract import Decision

HYPERBAND = {"type": "hyperband", "min_iter": 1, "eta": 2}


class Stopper:
    """Sends every trial to epoch 2 and stops it there."""

    def ask(self, history: History) -> Suggestion:
        return Suggestion({"lr": len(history.observations) / 1000, "layers": 1}, Reason("test"), until=2.0)

    def review(self, history: History, trial: int) -> Decision:
        return Decision("stop", Reason("review", "every one", {"mean": 0.5}))


def reviewed(audit: float, **besom: Any) -> Driven:
    file = sweep_file(besom={"fidelity": {"metric": "epoch", "max": 4}, "audit": audit, **besom})
    return Driven(file).play(Stopper())


def epochs(sweep: Driven, run: Any, *losses: float) -> list[str]:
    return [sweep.report(run, {"epoch": e, "loss": loss}).order for e, loss in enumerate(losses, 1)]


def test_an_audited_trial_is_let_finish_and_keeps_the_reason_it_would_have_been_stopped_by() -> None:
    sweep = reviewed(1.0)
    run = sweep.assigned()
    assert epochs(sweep, run, 4.0, 3.0, 2.0, 1.0) == ["continue"] * 4
    trial = sweep.finish(run)
    assert (trial.state, trial.value, trial.until) == (TrialState.FINISHED, 1.0, 4)
    assert trial.audited == Reason("review", "every one", {"mean": 0.5, "at": 2.0})
    run = sweep.assigned()
    epochs(sweep, run, 4.0, 3.0)
    assert sweep.state.trials[2].audited.details == {"mean": 0.5, "at": 2.0, "incumbent": 1.0}


def test_what_a_rule_would_have_stopped_is_audited_too_and_asked_no_more() -> None:
    sweep = Driven(sweep_file(early_terminate=HYPERBAND, besom={"audit": 1}))
    for loss in (1.0, 2.0):
        sweep.measure(loss, loss)
    run = sweep.assigned()
    orders = [sweep.report(run, {"loss": loss}).order for loss in (9.0, 8.0, 0.5)]
    trial = sweep.finish(run)
    assert orders == ["continue"] * 3
    assert (trial.audited.phase, trial.audited.details["at"], trial.audited.details["incumbent"]) == (
        "hyperband",
        1,
        1.0,
    )
    assert sweep.state.incumbent.number == 3


def test_the_incumbent_noted_is_in_the_users_own_units() -> None:
    metric = {"name": "loss", "goal": "maximize"}
    sweep = Driven(sweep_file(metric=metric, early_terminate=HYPERBAND, besom={"audit": 1}))
    for value in (0.9, 0.8):
        sweep.measure(value)
    run = sweep.assigned()
    sweep.report(run, {"loss": 0.1})
    assert sweep.state.trials[3].audited.details["incumbent"] == 0.9


def test_without_a_share_nothing_is_audited() -> None:
    sweep = reviewed(0.0)
    assert epochs(sweep, sweep.assigned(), 2.0, 1.0) == ["continue", "stop"]


def test_the_share_is_about_kept_and_each_choice_depends_on_seed_and_number_alone() -> None:
    def chosen(seed: int) -> list[int]:
        sweep = reviewed(0.3, seed=seed)
        for _ in range(100):
            run = sweep.assigned()
            if epochs(sweep, run, 2.0, 1.0)[-1] == "stop":
                sweep.finish(run, "stopped")
            else:
                epochs(sweep, run, 1.0, 1.0, 1.0, 1.0)
                sweep.finish(run)
        return [number for number, trial in sweep.state.trials.items() if trial.audited is not None]

    first = chosen(1)
    assert first == chosen(1)
    assert first != chosen(2)
    assert 15 <= len(first) <= 45


def test_the_choice_is_the_same_after_a_restart() -> None:
    sweep = reviewed(0.5, seed=3)
    runs = [sweep.assigned(str(number)) for number in range(8)]
    state = sweep.state
    again = reviewed(0.5, seed=3)
    again.state = restore(state.sweep, state.trials.values(), state.runs.values(), state.curves)
    again.play(Stopper())
    assert [epochs(sweep, run, 2.0, 1.0) for run in runs] == [epochs(again, run, 2.0, 1.0) for run in runs]
    assert len({trial.audited is None for trial in again.state.trials.values()}) == 2


@pytest.mark.parametrize("how", ["budget", "person"])
def test_a_budget_or_a_person_still_stops_an_audited_trial(how: str) -> None:
    sweep = reviewed(1.0, budget={"epochs": 3} if how == "budget" else {})
    run = sweep.assigned()
    epochs(sweep, run, 4.0, 3.0)
    if how == "person":
        sweep.command("stop_trial", trial=1)
    assert sweep.report(run, {"epoch": 3, "loss": 2.0}).order == "stop"
    trial = sweep.finish(run, "stopped")
    assert trial.state is TrialState.STOPPED
    assert trial.ended_by.phase == ("budget" if how == "budget" else "requested")


def test_an_audited_trial_with_repeats_gets_them_all() -> None:
    sweep = reviewed(1.0, repeats={"count": 2}, budget={"trials": 1})
    first = sweep.assigned()
    epochs(sweep, first, 4.0, 3.0)
    second = sweep.assigned("b")
    assert (second.trial, second.repeat) == (1, 1)
    for run, loss in ((first, 1.0), (second, 3.0)):
        sweep.report(run, {"epoch": 4, "loss": loss})
        trial = sweep.finish(run)
    assert (trial.state, trial.value) == (TrialState.FINISHED, 2.0)
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_a_script_with_checkpoints_that_ended_where_it_was_told_to_goes_on_when_audited() -> None:
    sweep = reviewed(1.0, checkpoints=True)
    run = sweep.assigned()
    assert run.until == 2
    epochs(sweep, run, 4.0, 3.0)
    assert sweep.finish(run).state is TrialState.WAITING
    again = sweep.assigned()
    assert (again.trial, again.fidelity, again.until) == (1, 2, 4)
