"""A sweep's life: budgets, targets, pauses, and what a person asks of it."""

from __future__ import annotations

from typing import Any

import pytest

from besom.errors import ConfigError, WrongState
from besom.records import Cause, Failure, SweepState, TrialState
from besom.wire import Ask, Done, Finish, Wait

CRASH = Failure(Cause.EXIT_CODE, "exit code 1", exit_code=1)


def test_a_sweep_ends_when_its_trials_are_spent_and_says_so(driven: Any) -> None:
    sweep = driven(run_cap=3)
    for value in (3.0, 1.0, 2.0):
        sweep.measure(value)
    assert sweep.state.sweep.state is SweepState.FINISHED
    assert sweep.state.sweep.why == "budget spent: 3 trials"
    assert sweep.state.incumbent.value == 1.0
    assert isinstance(sweep.ask(), Done)


def test_a_grid_ends_after_each_cell_once(driven: Any) -> None:
    sweep = driven(method="grid", parameters={"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}})
    configs = [sweep.measure(float(i)).config for i in range(4)]
    assert sorted((c["a"], c["b"]) for c in configs) == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert isinstance(sweep.ask(), Done)
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_baselines_come_first_in_their_order(driven: Any) -> None:
    sweep = driven(besom={"baseline": [{"lr": 0.5, "layers": 2}, {"lr": 0.25}]})
    first, second, third = (sweep.measure(1.0) for _ in range(3))
    assert first.config == {"lr": 0.5, "layers": 2}
    assert second.config["lr"] == 0.25
    assert [t.reason.phase for t in (first, second)] == ["baseline", "baseline"]
    assert third.reason.phase != "baseline"


def test_an_epochs_budget_stops_what_runs(driven: Any) -> None:
    sweep = driven(besom={"budget": {"epochs": 3}, "fidelity": {"metric": "epoch", "max": 10}})
    run = sweep.assigned()
    orders = [sweep.report(run, {"epoch": e, "loss": 1.0}).order for e in (1, 2, 3)]
    assert orders == ["continue", "continue", "stop"]
    trial = sweep.finish(run, "stopped")
    assert (trial.state, trial.value, trial.ended_by.phase) == (TrialState.STOPPED, 1.0, "budget")
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_hours_are_counted_without_pauses(driven: Any) -> None:
    sweep = driven(besom={"budget": {"hours": 1}, "lease": "30d"})
    run = sweep.assigned()
    sweep.now += 1800
    sweep.command("pause")
    sweep.now += 36000
    sweep.command("resume")
    sweep.tick(1000)
    assert sweep.state.sweep.state is SweepState.RUNNING
    sweep.tick(900)
    assert sweep.report(run).order == "stop"
    sweep.finish(run, "stopped")
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_hours_are_not_counted_while_nothing_runs(driven: Any) -> None:
    sweep = driven(besom={"budget": {"hours": 1}})
    sweep.measure(1.0)
    sweep.tick(360_000)
    assert sweep.state.sweep.state is SweepState.RUNNING
    run = sweep.assigned()
    sweep.now += 360
    sweep.report(run)
    assert sweep.state.spent(sweep.now)["hours"] == pytest.approx(0.1)


def test_time_in_which_an_agent_was_dead_is_not_charged(driven: Any) -> None:
    sweep = driven(besom={"lease": "1d", "resources": {"gpus": 1}})
    run = sweep.handle(Ask("a", "r", gpus=("0",)))
    sweep.now += 4
    sweep.report(run, {"loss": 1.0})
    sweep.now += 3600
    assert sweep.state.spent(sweep.now)["gpu_hours"] * 3600 == pytest.approx(4 + 15)
    sweep.handle(Finish(run.run_id, run.lease, "lost", seconds=5.0))
    assert sweep.state.trials[1].seconds == 5.0
    assert sweep.state.spent(sweep.now)["gpu_hours"] * 3600 == pytest.approx(5)


def test_trials_that_the_budget_kept_from_going_on_come_back_with_a_larger_one(driven: Any) -> None:
    sweep = driven(besom={"budget": {"epochs": 1}, "fidelity": {"metric": "epoch", "max": 9}, "checkpoints": True})
    run = sweep.assigned()
    sweep.command("enqueue", config={"lr": 0.5})
    sweep.report(run, {"epoch": 1, "loss": 1.0})
    sweep.finish(run, "stopped")
    assert sweep.state.sweep.state is SweepState.FINISHED
    sweep.command("set_budget", budget={"epochs": 100})
    assert [(again := sweep.assigned(name)).trial for name in "ab"] == [1, 2]
    assert again.config["lr"] == 0.5


def test_a_target_ends_the_sweep(driven: Any) -> None:
    sweep = driven(metric={"name": "acc", "goal": "maximize", "target": 0.9})
    a, b = sweep.assigned("a"), sweep.assigned("b")
    assert sweep.report(a, {"acc": 0.8}).order == "continue"
    assert sweep.report(a, {"acc": 0.95}).order == "stop"
    assert sweep.report(b, {"acc": 0.1}).order == "stop"
    sweep.finish(a, "stopped")
    sweep.finish(b, "stopped")
    assert sweep.state.sweep.state is SweepState.FINISHED
    assert sweep.state.sweep.why.startswith("target reached")
    assert sweep.state.incumbent.value == 0.95


def test_maximized_objectives_are_minimised_for_strategies_and_kept_as_they_are(driven: Any) -> None:
    sweep = driven(metric={"name": "acc", "goal": "maximize"})
    run = sweep.assigned()
    for value in (0.25, 0.5, 0.75):
        sweep.report(run, {"acc": value})
    assert sweep.finish(run).value == 0.75
    seen = sweep.state.observation(1)
    assert seen.value == -0.75
    assert list(seen.curve.values) == [-0.25, -0.5, -0.75]


def test_twenty_failures_in_a_row_pause_the_sweep_and_say_why(driven: Any) -> None:
    sweep = driven()
    for _ in range(20):
        sweep.finish(sweep.assigned(), "failed", CRASH)
    assert sweep.state.sweep.state is SweepState.PAUSED
    assert "20 trials in a row failed" in sweep.state.sweep.why
    assert isinstance(sweep.ask(), Wait)
    sweep.command("resume")
    sweep.finish(sweep.assigned(), "failed", CRASH)
    assert sweep.state.sweep.state is SweepState.RUNNING


def test_a_paused_sweep_gives_nothing_out_and_lets_runs_go_on(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.command("pause")
    assert isinstance(sweep.ask(), Wait)
    assert sweep.report(run, {"loss": 1.0}).order == "continue"
    sweep.finish(run)
    sweep.command("resume")
    assert sweep.assigned().trial == 2


def test_a_stopped_sweep_ends_with_its_last_run(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.command("stop")
    assert isinstance(sweep.ask("b"), Done)
    assert sweep.report(run, {"loss": 1.0}).order == "continue"
    sweep.finish(run)
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_a_cancelled_sweep_kills_its_runs(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.command("cancel")
    receipt = sweep.report(run)
    assert (receipt.order, receipt.kill) == ("stop", True)
    assert sweep.finish(run, "stopped").state is TrialState.STOPPED
    with pytest.raises(WrongState, match="cancelled"):
        sweep.command("resume")


def test_a_configuration_asked_for_comes_next(driven: Any) -> None:
    sweep = driven()
    sweep.command("enqueue", config={"lr": 0.125})
    run = sweep.assigned()
    assert run.config["lr"] == 0.125
    assert run.config["layers"] in (1, 2, 3)


def test_a_configuration_outside_the_space_is_refused(driven: Any) -> None:
    with pytest.raises(ConfigError):
        driven().command("enqueue", config={"lr": 0.5, "layers": "many"})


def test_a_raised_budget_opens_a_sweep_that_had_spent_it(driven: Any) -> None:
    sweep = driven(run_cap=1)
    sweep.measure(1.0)
    with pytest.raises(WrongState, match="besom budget"):
        sweep.command("resume")
    sweep.command("set_budget", budget={"trials": 2})
    assert sweep.measure(2.0).number == 2
    assert sweep.state.sweep.state is SweepState.FINISHED


def test_a_limit_can_be_taken_away_the_files_own_too(driven: Any) -> None:
    sweep = driven(run_cap=1)
    sweep.measure(1.0)
    sweep.command("set_budget", budget={"trials": None})
    assert sweep.state.allowed() == {}
    assert sweep.measure(2.0).number == 2
    assert sweep.state.sweep.state is SweepState.RUNNING


def test_a_budget_below_what_is_spent_ends_the_sweep_though_no_agent_asks(driven: Any) -> None:
    sweep = driven()
    sweep.measure(1.0)
    sweep.command("set_budget", budget={"trials": 1})
    assert sweep.state.sweep.state is SweepState.FINISHED
    assert sweep.state.sweep.why == "budget spent: 1 trial"


@pytest.mark.parametrize("amount", [0, 0.5, 1.5, -1, float("nan"), float("inf")])
def test_a_number_of_trials_is_a_whole_one(driven: Any, amount: float) -> None:
    with pytest.raises(ConfigError, match=r"budget\.trials: needs a whole number from 1"):
        driven().command("set_budget", budget={"trials": amount})


def test_a_trial_stopped_by_request_keeps_its_value(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, {"loss": 0.5})
    sweep.command("stop_trial", trial=1)
    assert sweep.report(run).order == "stop"
    assert sweep.finish(run, "stopped").value == 0.5
