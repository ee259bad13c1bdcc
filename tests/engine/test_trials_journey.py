"""One trial's journey through the engine: asked, reported, ended, retried, lost, resumed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from besom.errors import LeaseLost, OutOfOrder, UnknownName, WrongState
from besom.records import Cause, Failure, RunState, SweepState, TrialState
from besom.wire import Assignment, Done, Finish, Report, Wait

CRASH = Failure(Cause.EXIT_CODE, "exit code 1", exit_code=1)


def test_a_finished_trial_has_the_last_value_it_logged(driven: Any) -> None:
    trial = driven().measure(0.9, 0.5, 0.6)
    assert (trial.state, trial.value, trial.fidelity) == (TrialState.FINISHED, 0.6, 3)


def test_asking_twice_with_one_request_gets_the_same_run(driven: Any) -> None:
    sweep = driven()
    first, second = sweep.ask(request="same"), sweep.ask(request="same")
    assert first == second
    assert len(sweep.state.runs) == 1


def test_rows_sent_again_are_kept_once(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, {"loss": 3.0}, {"loss": 2.0}, first=0)
    receipt = sweep.report(run, {"loss": 3.0}, {"loss": 2.0}, {"loss": 1.0}, first=0)
    assert receipt.next_row == 3
    assert sweep.instructions[-1].rows.first_row == 2
    assert list(sweep.state.curves[run.run_id].values) == [3.0, 2.0, 1.0]


def test_rows_that_would_leave_a_gap_are_refused_and_say_what_is_next(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    before = sweep.state
    with pytest.raises(OutOfOrder) as refused:
        sweep.report(run, {"loss": 1.0}, first=5)
    assert refused.value.expected == 0
    assert sweep.state is before


def test_output_sent_again_is_kept_once(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.handle(Report(run.run_id, run.lease, output="épo", output_from=0))
    receipt = sweep.handle(Report(run.run_id, run.lease, output="époch", output_from=0))
    assert receipt.next_byte == len("époch".encode())
    assert sweep.instructions[-1].output.text == "ch"


def test_samples_sent_again_are_kept_once_and_a_gap_stays_one(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()

    def send(first: int, *samples: float) -> tuple[int, list[float]] | None:
        rows = [{"cpu_percent": each} for each in samples]
        sweep.handle(Report(run.run_id, run.lease, first_sample=first, samples=rows))
        kept = sweep.instructions[-1].histories
        assert all(each.run_id == f"{run.run_id}/samples" for each in kept)
        return next(((each.first_row, [row["cpu_percent"] for row in each.rows]) for each in kept), None)

    assert send(0, 1.0, 2.0) == (0, [1.0, 2.0])
    assert send(0, 1.0, 2.0) is None
    assert send(0, 1.0, 2.0, 3.0) == (2, [3.0])
    assert send(9, 4.0) == (9, [4.0])
    assert send(9, 4.0, 5.0) == (10, [5.0])
    assert sweep.state.runs[run.run_id].samples == 11
    assert sweep.state.runs[run.run_id].rows == 0
    sweep.report(run, {"loss": 1.0})
    sweep.finish(run)
    assert sweep.instructions[-1].ended_runs == (run.run_id, f"{run.run_id}/samples")


def test_an_unknown_run_is_named(driven: Any) -> None:
    with pytest.raises(UnknownName, match="nosuch"):
        driven().handle(Report("nosuch", 1))


def test_finishing_twice_changes_nothing_the_second_time(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, {"loss": 1.0})
    sweep.finish(run)
    sweep.now += 5
    once = sweep.state.trials
    sweep.finish(run)
    assert sweep.state.trials == once


@pytest.mark.parametrize(
    ("rows", "cause"),
    [((), Cause.NO_METRIC), (({"loss": math.nan},), Cause.NOT_FINITE), (({"accuracy": 1.0},), Cause.NO_METRIC)],
)
def test_a_run_without_a_usable_objective_is_a_failure_with_its_cause(driven: Any, rows: Any, cause: Cause) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, *rows)
    trial = sweep.finish(run)
    assert (trial.state, trial.failure.cause) == (TrialState.FAILED, cause)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "the script ended without logging val_loss"),
        ([{"epoch": 1}, {"a": 1, "b": 2}], "no value of 'val_loss' was logged; the run logged 'epoch', 'a' and 1 more"),
        ([{"epoch": 1, "_step": 0}], "no value of 'val_loss' was logged; the run logged 'epoch'"),
        (
            [{"at": 1, "lr": 0.1, "loss": 0.2}, {"val/loss": 0.5, "acc": 0.1}],
            "no value of 'val_loss' was logged; the run logged 'val/loss', 'at' and 3 more: did you mean 'val/loss'?",
        ),
        ([{"val_loss": "0.5"}], "'val_loss' was logged, but never as a number"),
    ],
)
def test_a_failure_without_the_objective_names_what_was_logged(driven: Any, rows: Any, told: str) -> None:
    sweep = driven(metric={"name": "val_loss", "goal": "minimize"})
    run = sweep.assigned()
    for row in rows:
        sweep.report(run, row)
    assert sweep.finish(run).failure == Failure(Cause.NO_METRIC, told)


def test_names_of_a_run_are_few_and_forgotten_when_its_objective_comes(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, {f"metric{number}": 1.0 for number in range(1000)})
    assert len(sweep.state.runs[run.run_id].logged) == 100
    sweep.report(run, {"loss": 1.0})
    assert sweep.state.runs[run.run_id].logged == ()


def test_a_failed_trial_is_retried_as_often_as_the_file_says_and_then_fails(driven: Any) -> None:
    sweep = driven(besom={"retries": 1})
    first = sweep.assigned()
    assert sweep.finish(first, "failed", CRASH).state is TrialState.WAITING
    second = sweep.assigned()
    assert (second.trial, second.attempt, second.seed) == (first.trial, 1, first.seed)
    assert sweep.finish(second, "failed", CRASH).state is TrialState.FAILED
    assert sweep.assigned().trial == 2


def test_out_of_memory_is_not_retried(driven: Any) -> None:
    sweep = driven(besom={"retries": 3})
    trial = sweep.finish(sweep.assigned(), "failed", Failure(Cause.CUDA_OUT_OF_MEMORY))
    assert trial.state is TrialState.FAILED


def test_a_silent_agent_loses_its_lease_and_its_late_writes_are_refused(driven: Any) -> None:
    sweep = driven()
    lost = sweep.assigned("a")
    sweep.report(lost, {"loss": 1.0})
    sweep.tick(61)
    again = sweep.assigned("b")
    assert (again.trial, again.attempt) == (lost.trial, 1)
    with pytest.raises(LeaseLost):
        sweep.report(lost, {"loss": 0.0}, first=1)
    with pytest.raises(LeaseLost):
        sweep.finish(lost)
    sweep.report(again, {"loss": 2.0})
    assert sweep.finish(again).value == 2.0


def test_a_heartbeat_renews_the_lease(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    for _ in range(3):
        sweep.tick(50)
        sweep.report(run)
    assert sweep.state.runs[run.run_id].state is RunState.RUNNING


def test_a_server_that_was_away_gives_agents_a_whole_lease_to_come_back(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.now += 600
    sweep.tick(up_since=sweep.now)
    assert sweep.report(run, {"loss": 1.0}).order == "continue"


def test_a_trial_that_loses_every_agent_fails_in_the_end(driven: Any) -> None:
    sweep = driven()
    for _ in range(6):
        sweep.assigned()
        sweep.tick(61)
    assert sweep.state.trials[1].failure.cause is Cause.LOST
    assert sweep.assigned().trial == 2


def test_a_trial_that_is_given_back_again_and_again_fails_with_what_was_said_last(driven: Any) -> None:
    sweep = driven()
    interrupted = Failure(Cause.LOST, "the script was interrupted (exit code 255)", last_lines="KeyboardInterrupt")
    trials = [sweep.finish(sweep.assigned(), "lost", interrupted) for _ in range(6)]
    assert {trial.state for trial in trials[:5]} == {TrialState.WAITING}
    assert (trials[5].state, trials[5].failure.last_lines) == (TrialState.FAILED, "KeyboardInterrupt")
    said = "lost or given back 6 times in a row, the last: the script was interrupted (exit code 255)"
    assert trials[5].failure.message == said


def test_a_run_given_back_goes_on_at_once_as_the_same_trial(driven: Any) -> None:
    sweep = driven(besom={"checkpoints": True, "fidelity": {"metric": "epoch", "max": 9}})
    first = sweep.assigned()
    sweep.report(first, *({"epoch": e, "loss": 1 / e} for e in (1, 2, 3)))
    assert sweep.finish(first, "lost").state is TrialState.WAITING
    second = sweep.assigned()
    assert (second.trial, second.fidelity) == (1, 3)
    sweep.report(second, {"epoch": 3, "loss": 0.3}, {"epoch": 4, "loss": 0.2})
    assert list(sweep.state.observation(1).curve.fidelity) == [1, 2, 3, 4]
    assert sweep.state.spent(sweep.now)["epochs"] == 5


def test_a_run_that_finds_a_complete_checkpoint_has_the_value_it_left_off_with(driven: Any) -> None:
    sweep = driven(besom={"checkpoints": True, "fidelity": {"metric": "epoch", "max": 2}})
    first = sweep.assigned()
    sweep.report(first, {"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.4})
    sweep.finish(first, "lost")
    trial = sweep.finish(sweep.assigned())
    assert (trial.state, trial.value) == (TrialState.FINISHED, 0.4)


def test_a_retry_without_checkpoints_begins_a_new_curve(driven: Any) -> None:
    sweep = driven(besom={"retries": 1})
    first = sweep.assigned()
    sweep.report(first, {"loss": 5.0}, {"loss": 4.0})
    sweep.finish(first, "failed", CRASH)
    second = sweep.assigned()
    sweep.report(second, {"loss": 3.0})
    assert list(sweep.state.observation(1).curve.values) == [3.0]


def test_repeats_are_runs_of_one_trial_whose_mean_is_its_value(driven: Any) -> None:
    sweep = driven(besom={"repeats": {"count": 3, "parameter": "fold", "values": [10, 20, 30]}})
    runs = [sweep.assigned(f"agent{i}") for i in range(3)]
    assert [run.trial for run in runs] == [1, 1, 1]
    assert [run.config["fold"] for run in runs] == [10, 20, 30]
    assert len({run.seed for run in runs}) == 3
    for run, value in zip(runs, (1.0, 2.0, 6.0), strict=True):
        sweep.report(run, {"loss": value})
        trial = sweep.finish(run)
    assert (trial.state, trial.value, trial.repeats_done) == (TrialState.FINISHED, 3.0, 3)
    assert trial.spread == pytest.approx(math.sqrt(7))


def test_a_trial_without_all_its_repeats_is_not_the_incumbent(driven: Any) -> None:
    sweep = driven(besom={"repeats": {"count": 2}})
    for value in (3.0, 3.0):
        sweep.measure(value)
    run = sweep.assigned()
    sweep.report(run, {"loss": 1.0})
    sweep.command("stop_trial", trial=2)
    assert sweep.finish(run, "stopped").state is TrialState.STOPPED
    assert sweep.state.incumbent.number == 1


def test_a_failed_repeat_is_run_again_under_the_same_number(driven: Any) -> None:
    sweep = driven(besom={"repeats": {"count": 2}, "retries": 1})
    first, second = sweep.assigned("a"), sweep.assigned("b")
    sweep.finish(second, "failed", CRASH)
    again = sweep.assigned("b")
    assert (again.trial, again.repeat, again.attempt) == (first.trial, 1, 1)


def test_a_stopped_trial_can_be_brought_back_and_is_then_left_alone(driven: Any) -> None:
    sweep = driven(early_terminate={"type": "hyperband", "min_iter": 1, "eta": 2}, run_cap=4)
    for value in (1.0, 2.0, 3.0):
        sweep.measure(value)
    run = sweep.assigned()
    assert sweep.report(run, {"loss": 9.0}).order == "stop"
    assert sweep.finish(run, "stopped").state is TrialState.STOPPED
    assert sweep.state.sweep.state is SweepState.FINISHED
    sweep.command("resume_trial", trial=run.trial)
    again = sweep.assigned()
    assert again.trial == run.trial
    assert sweep.report(again, {"loss": 9.0}, {"loss": 0.1}).order == "continue"
    trial = sweep.finish(again)
    assert (trial.state, trial.value) == (TrialState.FINISHED, 0.1)
    assert isinstance(sweep.ask(), Done)


def test_a_finished_trial_cannot_be_brought_back(driven: Any) -> None:
    sweep = driven()
    sweep.measure(1.0)
    with pytest.raises(WrongState, match="finished"):
        sweep.command("resume_trial", trial=1)


def test_an_agent_that_says_finished_after_its_run_was_stopped_is_refused(driven: Any) -> None:
    sweep = driven()
    run = sweep.assigned()
    sweep.report(run, {"loss": 1.0})
    sweep.command("stop_trial", trial=1)
    sweep.finish(run, "stopped")
    with pytest.raises(LeaseLost, match="stopped already"):
        sweep.handle(Finish(run.run_id, run.lease, "failed", CRASH))


def test_agents_wait_while_only_last_runs_are_under_way(driven: Any) -> None:
    sweep = driven(run_cap=1)
    assert isinstance(sweep.ask("a"), Assignment)
    assert isinstance(sweep.ask("b"), Wait)
