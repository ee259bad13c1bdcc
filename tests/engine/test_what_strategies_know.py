"""What a strategy knows of a sweep, and how a search ends that has nothing more to gain."""

from __future__ import annotations

from typing import Any

import pytest
from driven_sweep import played
from scripted_strategy import Scripted, epochs, sweep

from besom.engine import restore
from besom.records import SweepState
from besom.search.contract import StopWhen
from besom.wire import Ask, Done, Finish, Wait


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"until_min": 1.0, "until_max": 9.0, "can_stop": True, "can_resume": False, "has_repeats": False}),
        ({}, {"fidelity_left": None, "trials_left": None, "cost": "fidelity", "stop_when": None}),
        ({"fidelity": {"metric": "epoch", "min": 3, "max": 27}}, {"until_min": 3.0, "until_max": 27.0}),
        ({"fidelity": None}, {"until_min": 1.0, "until_max": None, "can_stop": False}),
        ({"checkpoints": True, "repeats": {"count": 3}}, {"can_resume": True, "has_repeats": True}),
        ({"budget": {"epochs": 40, "trials": 5}}, {"fidelity_left": 37.0, "trials_left": 4, "cost": "fidelity"}),
        ({"budget": {"hours": 1}}, {"cost": "seconds", "fidelity_left": None, "trials_left": None}),
        ({"budget": {"gpu_hours": 1, "trials": 9}}, {"cost": "seconds"}),
        ({"budget": {"hours": 1, "epochs": 50}}, {"cost": "fidelity"}),
        ({"stop_when": 0.5}, {"stop_when": StopWhen(0.5, 5)}),
        ({"stop_when": {"gain": "noise", "decisions": 2}}, {"stop_when": StopWhen(None, 2)}),
    ],
)
def test_the_strategy_knows_how_far_trials_get_and_what_is_left(changes: Any, expected: dict[str, Any]) -> None:
    strategy = Scripted(until=None)
    driven = sweep(strategy, besom=changes)
    epochs(driven, driven.assigned("a"), 1, 3)
    driven.assigned("b")
    assert {name: getattr(strategy.seen[-1], name) for name in expected} == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, StopWhen(None, 5)),
        ({"run_cap": 9}, None),
        ({"besom": {"budget": {"hours": 2}}}, None),
        ({"besom": {"stop_when": "never"}}, None),
        ({"run_cap": 9, "besom": {"stop_when": "noise"}}, StopWhen(None, 5)),
    ],
)
def test_bayes_ends_in_the_noise_where_no_budget_ends_it(changes: Any, expected: StopWhen | None) -> None:
    strategy = Scripted()
    sweep(strategy, method="bayes", **changes).assigned()
    assert strategy.seen[0].stop_when == expected


def test_a_budget_set_while_the_sweep_runs_counts_as_one() -> None:
    strategy = Scripted()
    driven = sweep(strategy, method="bayes")
    driven.command("set_budget", budget={"trials": 3})
    driven.assigned()
    assert (strategy.seen[-1].stop_when, strategy.seen[-1].trials_left) == (None, 3)


def test_a_search_that_has_nothing_more_to_gain_ends_with_its_last_run_and_says_why() -> None:
    strategy = Scripted(until=None)
    driven = sweep(strategy)
    run = driven.assigned("a")
    strategy.ends = True
    assert isinstance(driven.ask("b"), Wait)
    epochs(driven, run, 1, 9)
    driven.finish(run)
    assert isinstance(driven.ask("b"), Done)
    assert (driven.state.sweep.state, driven.state.sweep.why) == (SweepState.FINISHED, "nothing more to gain")


def test_a_search_that_thinks_better_of_it_does_not_keep_the_reason_to_end() -> None:
    strategy = Scripted(until=None)
    driven = sweep(strategy)
    driven.assigned("a")
    strategy.ends = True
    driven.ask("b")
    strategy.ends = False
    driven.assigned("b")
    assert driven.state.sweep.why == ""


def test_the_same_history_follows_from_the_records_whatever_order_runs_ended_in() -> None:
    strategy = Scripted(until=None)
    driven = sweep(strategy, besom={"budget": {"epochs": 100}})
    runs = [driven.assigned(name) for name in "abc"]
    for run, fidelity in zip(runs, (0.1, 0.2, 0.3), strict=True):
        driven.report(run, {"epoch": fidelity, "loss": 1.0})
    for run in reversed(runs):
        driven.handle(Finish(run.run_id, run.lease, "finished"))
    restored = restore(
        driven.state.sweep, driven.state.trials.values(), driven.state.runs.values(), driven.state.curves
    )
    driven.handle(Ask("z", "z"))
    lived = strategy.seen[-1].fidelity_left
    driven.state = played(restored, strategy)
    driven.handle(Ask("z", "z"))
    assert strategy.seen[-1].fidelity_left == lived
