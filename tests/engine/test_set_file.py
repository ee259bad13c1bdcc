"""A sweep that goes on by another sweep file: what was learned stays, what no longer belongs is not seen."""

from __future__ import annotations

from typing import Any

import pytest
from driven_sweep import Driven, sweep_file

from besom.engine import State, compile_plan, restore
from besom.engine.history import history_of
from besom.errors import SweepFileError, WrongState
from besom.records import SweepState, TrialState
from besom.wire import Done


def with_file(driven: Driven, **changes: Any) -> None:
    driven.command("set_file", file=sweep_file(**changes))


def restored(state: State) -> State:
    return restore(state.sweep, list(state.trials.values()), list(state.runs.values()), dict(state.curves))


def test_a_plan_knows_what_belongs_to_its_space():
    plan = compile_plan(sweep_file())
    assert plan.knows({"lr": 0.5, "layers": 2})
    assert plan.knows({"lr": 2.0, "layers": 2}), "what lies outside of a range tells of it all the same"
    for other in ({"lr": 0.5}, {"lr": 0.5, "layers": 2, "x": 1}, {"lr": "a", "layers": 2}, {}):
        assert not plan.knows(other), other


def test_a_wider_space_keeps_every_trial_and_suggests_from_it(driven):
    sweep = driven()
    trials = [sweep.measure(value) for value in (0.3, 0.1, 0.2)]
    with_file(sweep, parameters={"lr": {"min": 0.0, "max": 9.0}, "layers": {"values": [1, 2, 3, 4]}})

    assert list(sweep.state.trials.values()) == trials
    assert set(sweep.state.observations) == {1, 2, 3}
    assert sweep.state.incumbent == trials[1]
    assert max(sweep.measure(0.5).config["lr"] for _ in range(20)) > 1.0


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_trials_that_no_longer_belong_stay_but_the_search_sees_them_no_more(driven, method):
    sweep = driven(method=method)
    for value in (0.3, 0.1, 0.2):
        sweep.measure(value)
    under_way = sweep.assigned()
    with_file(sweep, method=method, parameters={"other": {"min": 0.0, "max": 1.0}})

    assert sweep.state.observations == {}
    assert len(history_of_state(sweep)) == 0
    assert len(sweep.state.trials) == 4
    sweep.report(under_way, {"loss": 0.4})
    assert sweep.finish(under_way).state is TrialState.FINISHED
    assert set(sweep.measure(0.05).config) == {"other"}
    assert set(sweep.state.observations) == {5}


def history_of_state(sweep: Driven) -> Any:
    from besom.engine.draft import Draft

    return history_of(Draft(sweep.state)).observations


def test_a_restart_after_the_change_gives_the_same_state(driven):
    sweep = driven()
    for value in (0.3, 0.1):
        sweep.measure(value)
    sweep.assigned()
    for parameters in ({"lr": {"min": 0.0, "max": 2.0}, "layers": {"values": [1, 2, 3]}}, {"x": {"values": [1, 2]}}):
        with_file(sweep, parameters=parameters)
        again = restored(sweep.state)
        assert (again.observations, again.incumbent_number) == (sweep.state.observations, sweep.state.incumbent_number)
        assert (again.open, again.live, again.totals) == (sweep.state.open, sweep.state.live, sweep.state.totals)
        assert again.plan.file == sweep.state.plan.file


def test_the_goal_may_turn_and_the_best_trial_with_it(driven):
    sweep = driven()
    for value in (0.3, 0.1, 0.2):
        sweep.measure(value)
    with_file(sweep, metric={"name": "loss", "goal": "maximize"})
    assert sweep.state.incumbent.value == 0.3


@pytest.mark.parametrize(
    "changes",
    [{"metric": {"name": "other", "goal": "minimize"}}, {"besom": {"fidelity": {"metric": "epoch", "max": 9}}}],
)
def test_what_its_trials_were_measured_by_stays(driven, changes):
    sweep = driven()
    with_file(sweep, **changes)  # nothing was measured yet
    sweep = driven()
    sweep.measure(0.3)
    before = sweep.state
    with pytest.raises(WrongState, match="start a new sweep"):
        with_file(sweep, **changes)
    assert sweep.state is before


def test_a_file_that_is_wrong_changes_nothing(driven):
    sweep = driven()
    before = sweep.state
    with pytest.raises(SweepFileError):
        with_file(sweep, method="nosuch")
    assert sweep.state is before


def test_a_larger_cap_brings_a_spent_sweep_back(driven):
    sweep = driven(run_cap=1)
    sweep.measure(0.3)
    assert isinstance(sweep.ask(), Done)
    assert sweep.state.sweep.state is SweepState.FINISHED
    with_file(sweep, run_cap=2)
    assert sweep.state.sweep.state is SweepState.RUNNING
    sweep.measure(0.2)
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_a_smaller_cap_ends_a_sweep_at_its_next_ask(driven):
    sweep = driven(run_cap=9)
    sweep.measure(0.3)
    sweep.measure(0.3)
    with_file(sweep, run_cap=2)
    assert isinstance(sweep.ask(), Done)
