"""Agents whose time ends: they begin no run that it would cut off for nothing, and trials are not to blame for it."""

from __future__ import annotations

from typing import Any

import pytest
from driven_sweep import Driven

from besom.records import Cause, TrialState
from besom.wire import Answer, Ask, Assignment, Done

CHECKPOINTS = {"checkpoints": True, "fidelity": {"metric": "epoch", "max": 99}}


def _ask(sweep: Driven, seconds_left: float | None, request: str = "with a clock") -> Answer:
    answer: Answer = sweep.handle(Ask("a", request, seconds_left=seconds_left))
    return answer


def _ran(sweep: Driven, *seconds: float) -> Driven:
    """Trials that took so long, one after the other."""
    for each in seconds:
        run = sweep.assigned()
        sweep.report(run, {"loss": 1.0})
        sweep.now += each / 2
        sweep.report(run)
        sweep.now += each / 2
        sweep.finish(run)
    return sweep


@pytest.mark.parametrize("left", [29.0, 0.0, -5.0])
def test_an_agent_with_less_time_than_a_run_takes_gets_none_and_is_told_why(driven: Any, left: float) -> None:
    answer = _ask(_ran(driven(), 30), left)
    assert isinstance(answer, Done)
    assert answer.needs_time
    assert answer.why == f"a run takes 30 s, the agent has {max(left, 0):.0f} s"


@pytest.mark.parametrize("left", [31.0, None])
def test_an_agent_with_time_enough_gets_a_run(driven: Any, left: float | None) -> None:
    assert isinstance(_ask(_ran(driven(), 30), left), Assignment)


def test_nothing_is_known_before_the_first_run_has_finished(driven: Any) -> None:
    assert isinstance(_ask(driven(), 1.0), Assignment)


def test_nine_in_ten_runs_would_have_ended_in_time(driven: Any) -> None:
    sweep = _ran(driven(), *[10] * 17, 28, 28, 28)
    assert isinstance(_ask(sweep, 27.0), Done)
    assert isinstance(_ask(_ran(driven(), *[10] * 18, 28, 28), 11.0), Assignment)


def test_runs_with_checkpoints_begin_at_any_time(driven: Any) -> None:
    assert isinstance(_ask(_ran(driven(besom={"checkpoints": True}), 30), 1.0), Assignment)


def test_the_same_request_gets_its_run_again_however_little_time_is_left(driven: Any) -> None:
    sweep = _ran(driven(), 30)
    first = _ask(sweep, 31.0)
    assert _ask(sweep, 3.0) == first


def test_a_sweep_that_has_ended_says_so_whatever_the_time(driven: Any) -> None:
    answer = _ask(_ran(driven(run_cap=1), 30), 1.0)
    assert answer == Done("budget spent: 1 trial")


def test_a_trial_that_gets_further_each_time_may_be_cut_off_as_often_as_it_takes(driven: Any) -> None:
    sweep = driven(besom=CHECKPOINTS)
    for epoch in range(1, 12):
        run = sweep.assigned()
        sweep.report(run, {"epoch": epoch, "loss": 1.0})
        assert sweep.finish(run, "lost").state is TrialState.WAITING
    assert sweep.state.trials[1].losses == 1


def test_a_trial_that_gets_no_further_fails_in_the_end(driven: Any) -> None:
    sweep = driven(besom=CHECKPOINTS)
    for _ in range(6):
        run = sweep.assigned()
        sweep.report(run, {"epoch": 1, "loss": 1.0})
        trial = sweep.finish(run, "lost")
    # The first got further than nothing; from there on none did.
    assert trial.state is TrialState.FAILED
    assert trial.failure is not None
    assert trial.failure.cause is Cause.LOST
