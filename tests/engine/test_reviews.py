"""A strategy that decides on trials under way: reviews, checkpoints, and trials that run again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scripted_strategy import Scripted, Sender, epochs, sweep

from besom.encoding import from_json, to_json
from besom.engine import restore
from besom.errors import WrongState
from besom.records import Cause, Failure, Reason, Run, RunState, TrialState
from besom.stopping.contract import Decision
from besom.store.text import from_text, to_text
from besom.wire import Finish, Report

CRASH = Failure(Cause.EXIT_CODE, "exit code 1", exit_code=1)
STOP = Decision("stop", Reason("review", "hopeless", {"mean": -0.25, "trials": 3}))
PAUSE = Decision("pause", Reason("review", "later perhaps"))


def go_on(until: float | None = None) -> Decision:
    return Decision("continue", until=until)


def test_a_trial_is_reviewed_where_it_was_sent_to_and_goes_on_in_the_same_run() -> None:
    strategy = Scripted(script=[go_on(6), go_on()])
    driven = sweep(strategy)
    run = driven.assigned()
    assert epochs(driven, run, 1, 9) == ["continue"] * 9
    assert strategy.reviews == [(1, 2), (1, 6)]
    assert driven.state.trials[1].until == 9
    assert driven.finish(run).state is TrialState.FINISHED
    assert len(driven.state.runs) == 1


def test_a_review_may_stop_a_trial_and_its_reason_is_in_the_users_units() -> None:
    driven = sweep(Scripted(script=[STOP]), metric={"name": "acc", "goal": "maximize"})
    run = driven.assigned()
    assert epochs(driven, run, 1, 3) == ["continue", "stop", "stop"]
    trial = driven.finish(run, "stopped")
    assert trial.state is TrialState.STOPPED
    assert trial.ended_by == Reason("review", "hopeless", {"mean": 0.25, "trials": 3})
    assert driven.state.observation(1).ended_by == "review"


def test_each_decision_to_go_on_is_kept_with_its_reason_in_the_users_units_and_after_a_restart() -> None:
    further = Decision("continue", Reason("model", "promises most", {"mean": -0.5}), 6.0)
    strategy = Scripted(script=[further, go_on(8), PAUSE])
    driven = sweep(strategy, checkpoints=True, metric={"name": "acc", "goal": "maximize"})
    first = driven.assigned()
    epochs(driven, first, 1, 8)
    driven.finish(first, "paused")
    strategy.resume = 1
    second = driven.assigned()
    one, two = (driven.state.runs[run.run_id] for run in (first, second))
    assert (one.because, two.because) == (None, Reason("test"))
    assert one.passed == (
        Reason("model", "promises most", {"rung": 2.0, "mean": 0.5}),
        Reason("review", "The search lets it go on.", {"rung": 6.0}),
    )
    for run in (one, two):
        assert from_text(Run, to_text(run)) == run
        assert from_json(Run, to_json(run)) == run
    before = {name: value for name, value in to_json(one).items() if name not in ("because", "passed")}
    assert from_text(Run, to_text(before)) == replace(one, passed=())


@pytest.mark.parametrize(("checkpoints", "order"), [(True, "pause"), (False, "stop")])
def test_only_a_trial_with_checkpoints_can_be_paused(checkpoints: bool, order: str) -> None:
    driven = sweep(Scripted(script=[PAUSE]), checkpoints=checkpoints)
    assert epochs(driven, driven.assigned(), 1, 2) == ["continue", order]


@pytest.mark.parametrize(("checkpoints", "order"), [(True, "pause"), (False, "stop")])
def test_a_strategy_that_reviews_nothing_gets_its_trials_back_where_it_sent_them(checkpoints: bool, order: str) -> None:
    driven = sweep(Sender(), checkpoints=checkpoints)
    run = driven.assigned()
    assert epochs(driven, run, 1, 2) == ["continue", order]
    driven.finish(run, "paused" if checkpoints else "stopped")
    assert driven.state.trials[1].ended_by == Reason("rung", "ran to 2 as asked")


def test_a_trial_that_a_person_brought_back_is_reviewed_no_more() -> None:
    strategy = Scripted(script=[STOP])
    driven = sweep(strategy)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    driven.finish(run, "stopped")
    driven.command("resume_trial", trial=1)
    assert epochs(driven, driven.assigned(), 1, 9) == ["continue"] * 9
    assert strategy.reviews == [(1, 2)]


def test_a_further_repeat_starts_once_the_first_has_passed_and_is_not_reviewed() -> None:
    strategy = Scripted(script=[go_on()])
    driven = sweep(strategy, besom={"repeats": {"count": 2}})
    first = driven.assigned("a")
    other = driven.assigned("b")
    assert (first.trial, other.trial) == (1, 2)
    epochs(driven, first, 1, 2)
    second = driven.assigned("c")
    assert (second.trial, second.repeat) == (1, 1)
    assert epochs(driven, second, 1, 9) == ["continue"] * 9
    assert strategy.reviews == [(1, 2)]


def test_a_first_repeat_that_ends_before_its_review_lets_the_others_follow() -> None:
    driven = sweep(Scripted(), besom={"repeats": {"count": 2}})
    first = driven.assigned()
    epochs(driven, first, 1, 1)
    assert driven.finish(first).state is TrialState.WAITING
    second = driven.assigned()
    assert (second.trial, second.repeat) == (1, 1)
    assert epochs(driven, second, 1, 5) == ["continue"] * 5


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_trial_whose_first_repeat_is_finished_goes_on_with_the_others_and_is_not_reviewed(checkpoints: bool) -> None:
    strategy = Scripted(until=None)
    driven = sweep(strategy, checkpoints=checkpoints, besom={"repeats": {"count": 2}})
    for _ in range(2):
        run = driven.assigned()
        epochs(driven, run, 1, 3)
        if run.repeat == 1:
            driven.command("stop_trial", trial=1)
        driven.finish(run, "stopped" if run.repeat else "finished")
    strategy.resume, strategy.until = 1, 5.0
    again = driven.assigned()
    assert (again.trial, again.repeat, again.until) == (1, 1, 9)
    assert epochs(driven, again, 4, 9) == ["continue"] * 6
    assert driven.finish(again).state is TrialState.FINISHED
    assert strategy.reviews == []


@pytest.mark.parametrize("rule", [{"type": "none"}, {"type": "median"}])
def test_a_rule_in_the_file_takes_the_decision_from_the_strategy(rule: dict[str, Any]) -> None:
    strategy = Scripted()
    driven = sweep(strategy, early_terminate=rule)
    assert epochs(driven, driven.assigned(), 1, 9) == ["continue"] * 9
    assert strategy.reviews == []
    assert not strategy.seen[0].can_stop


def test_a_script_that_could_not_go_on_is_told_the_most_and_not_where_it_is_reviewed() -> None:
    assert sweep(Scripted()).assigned().until == 9
    assert sweep(Scripted(), checkpoints=True).assigned().until == 2


def test_asking_again_gets_the_same_run_although_the_trial_is_wanted_further_by_now() -> None:
    driven = sweep(Scripted(script=[go_on(5)]), checkpoints=True)
    first = driven.ask(request="same")
    epochs(driven, first, 1, 2)
    assert driven.ask(request="same") == first


def test_a_script_that_ends_where_it_was_told_to_is_paused_and_saying_so_twice_changes_nothing() -> None:
    driven = sweep(Scripted(script=[PAUSE]), checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    trial = driven.finish(run)
    assert (trial.state, trial.ended_by.text) == (TrialState.PAUSED, "later perhaps")
    assert driven.finish(run) == trial


def test_a_script_that_ends_where_it_was_told_to_goes_on_if_it_is_wanted_further_meanwhile() -> None:
    driven = sweep(Scripted(script=[go_on(5)]), checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    assert driven.finish(run).state is TrialState.WAITING
    assert driven.state.runs[run.run_id].state is RunState.PAUSED
    again = driven.assigned()
    assert (again.trial, again.fidelity, again.until) == (1, 2, 5)


def test_a_script_that_ends_where_it_was_told_to_stays_stopped_if_it_was_to_stop() -> None:
    driven = sweep(Scripted(script=[STOP]), checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    assert driven.finish(run).state is TrialState.STOPPED


@pytest.mark.parametrize(("reached", "state"), [(8, TrialState.STOPPED), (9, TrialState.FINISHED)])
def test_a_run_that_was_told_to_stop_and_came_to_its_end_all_the_same_is_finished(reached: int, state: Any) -> None:
    driven = sweep(Scripted(script=[STOP]))
    run = driven.assigned()
    epochs(driven, run, 1, reached)
    assert driven.state.runs[run.run_id].ordered == "stop"
    trial = driven.finish(run, "stopped")
    assert (trial.state, trial.fidelity) == (state, reached)
    assert driven.finish(run, "stopped") == trial


def test_a_script_that_went_further_than_it_was_told_to_has_come_to_its_own_end() -> None:
    driven = sweep(Scripted(script=[go_on(5)]), checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 4)
    assert driven.finish(run).state is TrialState.FINISHED


def test_a_script_that_ends_at_the_most_is_finished() -> None:
    driven = sweep(Scripted(until=None), checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 9)
    assert driven.finish(run).state is TrialState.FINISHED


@pytest.mark.parametrize("script", [[PAUSE], [STOP], [go_on(5)]])
def test_what_a_run_logged_last_is_reviewed_alike_where_it_comes_with_its_end(script: list[Any]) -> None:
    apart, together = (sweep(Scripted(script=list(script)), checkpoints=True) for _ in range(2))
    run = apart.assigned()
    epochs(apart, run, 1, 2)
    apart.finish(run)
    run = together.assigned()
    epochs(together, run, 1, 1)
    last = Report(run.run_id, run.lease, 1, ({"epoch": 2, "loss": 0.5},))
    together.handle(Finish(run.run_id, run.lease, "finished", report=last))
    assert together.state.trials[1].state == apart.state.trials[1].state
    assert together.state.runs[run.run_id].state == apart.state.runs[run.run_id].state
    assert together.state.trials[1].fidelity == apart.state.trials[1].fidelity == 2


def test_a_paused_trial_goes_on_from_its_checkpoint_and_is_reviewed_further_on() -> None:
    strategy = Scripted(script=[PAUSE, go_on()])
    driven = sweep(strategy, checkpoints=True)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    driven.finish(run, "paused")
    strategy.resume, strategy.until = 1, 6.0
    again = driven.assigned()
    assert (again.trial, again.fidelity, again.until) == (1, 2, 6)
    assert driven.state.trials[1].ended_by is None
    epochs(driven, again, 3, 9)
    assert strategy.reviews == [(1, 2), (1, 6)]


def test_a_stopped_trial_runs_again_from_the_start_and_nothing_known_of_it_is_lost() -> None:
    strategy = Scripted(script=[go_on(4), STOP, go_on()])
    driven = sweep(strategy, besom={"budget": {"epochs": 100}})
    run = driven.assigned()
    epochs(driven, run, 1, 4)
    stopped = driven.finish(run, "stopped")
    strategy.resume, strategy.until = 1, 6.0
    again = driven.assigned()
    trial = driven.state.trials[1]
    assert (again.trial, again.fidelity, again.attempt) == (1, 0.0, 1)
    assert (trial.state, trial.until, trial.ended_by, trial.ended_at) == (TrialState.RUNNING, 6.0, None, None)
    epochs(driven, again, 1, 3, value=2.0)
    seen = driven.state.observation(1)
    assert list(seen.curve.values) == [1.0, 1 / 2, 1 / 3, 1 / 4]
    assert (seen.value, seen.fidelity) == (stopped.value, 4)
    assert strategy.reviews == [(1, 2), (1, 4)]
    curves = {name: driven.state.curves[name] for name in driven.state.runs}
    restored = restore(driven.state.sweep, driven.state.trials.values(), driven.state.runs.values(), curves)
    assert restored.observations == driven.state.observations
    epochs(driven, again, 4, 6, value=2.0)
    assert list(driven.state.observation(1).curve.values) == [2 / e for e in range(1, 7)]
    assert strategy.reviews[-1] == (1, 6)
    assert driven.state.spent(driven.now)["epochs"] == 10
    assert strategy.seen[-1].fidelity_left == 90


def test_a_stopped_trial_that_has_to_run_again_is_the_same_after_a_restart() -> None:
    strategy = Scripted(script=[STOP])
    driven = sweep(strategy)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    driven.finish(run, "stopped")
    strategy.resume = 1
    curves = {run.run_id: driven.state.curves[run.run_id]}
    lived = driven.assigned()
    restored = restore(driven.state.sweep, driven.state.trials.values(), driven.state.runs.values(), curves)
    assert replace(restored, plan=driven.state.plan) == driven.state
    assert lived.trial == 1


def test_a_crash_on_the_second_way_does_not_bring_back_the_first_value_as_a_result() -> None:
    strategy = Scripted(script=[STOP])
    driven = sweep(strategy)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    driven.finish(run, "stopped")
    strategy.resume = 1
    assert driven.finish(driven.assigned(), "failed", CRASH).state is TrialState.FAILED
    assert driven.state.incumbent is None


@pytest.mark.parametrize(("number", "named"), [(1, "is running"), (7, "does not exist")])
def test_a_strategy_that_resumes_what_is_not_paused_or_stopped_is_refused(number: int, named: str) -> None:
    strategy = Scripted()
    driven = sweep(strategy)
    driven.assigned()
    strategy.resume = number
    with pytest.raises(WrongState, match=named):
        driven.ask()


def test_a_pause_is_no_failure_and_ends_a_series_of_them() -> None:
    driven = sweep(Scripted(script=[PAUSE]), checkpoints=True)
    for _ in range(3):
        driven.finish(driven.assigned(), "failed", CRASH)
    run = driven.assigned()
    epochs(driven, run, 1, 2)
    driven.finish(run, "paused")
    assert driven.state.sweep.failures_in_a_row == 0
