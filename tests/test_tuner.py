"""The search in one's own process: ask, report, tell."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import besom
from besom.errors import MessageError, StoreError, SweepFileError, TrialsFailed, UnknownName, WrongState
from besom.records import Cause, Reason, Status, TrialState
from besom.search.contract import History, Suggestion
from besom.stopping.contract import Decision
from besom.tuner import AskedTrial, Tuner


def file(**changes: Any) -> dict[str, Any]:
    return {
        "method": "bayes",
        "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}},
        "run_cap": 12,
        "besom": {"seed": 5},
        **changes,
    }


def loss(config: Any) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["kind"] == "b"))


def asked(tuner: Tuner) -> AskedTrial:
    trial = tuner.ask()
    assert trial is not None
    return trial


def test_a_loop_of_ask_and_tell_ends_with_the_best_trial() -> None:
    tuner = Tuner(file())
    values = []
    while trial := tuner.ask():
        values.append(loss(trial.config))
        tuner.tell(trial.id, values[-1])
    assert len(values) == 12
    assert tuner.best is not None
    assert tuner.best.value == min(values)
    assert tuner.sweep.why == "budget spent: 12 trials"


def test_the_same_seed_and_observations_give_the_same_suggestions() -> None:
    def configs() -> list[Any]:
        tuner, seen = Tuner(file()), []
        while trial := tuner.ask():
            seen.append(trial.config)
            tuner.tell(trial.id, loss(trial.config))
        return seen

    assert configs() == configs()


@pytest.mark.parametrize("saved_after", [0, 1, 6, 9])
def test_a_saved_tuner_goes_on_as_if_it_had_never_stopped(tmp_path: Path, saved_after: int) -> None:
    unbroken, broken = Tuner(file()), Tuner(file())
    for number in range(12):
        if number == saved_after:
            broken.save(tmp_path / "tuner.json")
            broken = Tuner.load(tmp_path / "tuner.json")
        a, b = asked(unbroken), asked(broken)
        assert a == b
        for tuner, trial in ((unbroken, a), (broken, b)):
            tuner.report(trial.id, 1, loss(trial.config) + 1)
            tuner.tell(trial.id, loss(trial.config))
    assert unbroken.ask() is None
    assert broken.ask() is None


def test_a_saved_tuner_has_what_was_measured_before_the_first_epoch(tmp_path: Path) -> None:
    tuner = Tuner(file(besom={"seed": 1, "fidelity": {"metric": "epoch", "max": 9}, "checkpoints": True}))
    trial = asked(tuner)
    tuner.report(trial.id, 0, 1.0)
    tuner.save(tmp_path / "t.json")
    Tuner.load(tmp_path / "t.json").save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "t.json").read_text()
    assert "[0.0, 1.0]" in (tmp_path / "t.json").read_text()


def test_a_trial_under_way_is_still_under_way_after_loading(tmp_path: Path) -> None:
    tuner = Tuner(file())
    trial = asked(tuner)
    tuner.report(trial.id, 1, math.nan)
    tuner.save(tmp_path / "t.json")
    again = Tuner.load(tmp_path / "t.json")
    again.tell(trial.id, 0.5)
    assert again.best is not None
    assert again.best.number == trial.id


def test_parallel_trials_get_different_configurations() -> None:
    tuner = Tuner(file())
    xs = [asked(tuner).config["x"] for _ in range(8)]
    assert len(set(xs)) == 8


def test_a_report_says_when_to_stop_and_telling_then_changes_nothing() -> None:
    tuner = Tuner(file(early_terminate={"type": "hyperband", "min_iter": 1, "eta": 2}))
    for value in (1.0, 2.0, 3.0):
        trial = asked(tuner)
        assert tuner.report(trial.id, 1, value) == ("stop" if value == 3.0 else "continue")
        tuner.tell(trial.id, value)
    assert [t.state for t in tuner.trials] == [TrialState.FINISHED, TrialState.FINISHED, TrialState.STOPPED]


def test_a_trial_with_checkpoints_that_is_told_where_it_was_sent_to_is_paused_and_comes_back(tmp_path: Path) -> None:
    class Steps:
        """Two trials to epoch 2, then the first of them to its end."""

        def ask(self, history: History) -> Suggestion:
            paused = [seen for seen in history.observations if seen.status is Status.PAUSED]
            if paused:
                return Suggestion(paused[0].config, Reason("again"), None, resume=paused[0].trial)
            return Suggestion({"x": 0.5, "kind": "a"}, Reason("first"), until=2.0)

        def review(self, history: History, trial: int) -> Decision:
            return Decision("continue", until=3.0) if trial == 2 else Decision("pause", Reason("later"))

    besom_keys = {"seed": 5, "checkpoints": True, "fidelity": {"metric": "epoch", "max": 4}}
    tuner = Tuner(file(besom=besom_keys))
    tuner._state = replace(tuner._state, plan=replace(tuner._state.plan, strategy=Steps()))
    first, second = asked(tuner), asked(tuner)
    assert (first.until, second.until) == (2.0, 2.0)
    assert [tuner.report(second.id, epoch, 1.0) for epoch in (1, 2)] == ["continue", "continue"]
    tuner.tell(second.id)  # it saved a checkpoint at 2 as it was asked to, and is wanted further meanwhile
    assert tuner.trials[1].state is TrialState.WAITING
    again = asked(tuner)
    assert (again.id, again.fidelity, again.until) == (2, 2.0, 3.0)
    assert [tuner.report(first.id, epoch, 1.0) for epoch in (1, 2)] == ["continue", "pause"]
    tuner.tell(first.id)
    resumed = asked(tuner)
    assert (resumed.id, resumed.fidelity, resumed.until) == (1, 2.0, 4.0)
    tuner.save(tmp_path / "t.json")
    assert Tuner.load(tmp_path / "t.json").trials == tuner.trials


def test_failures_and_nan_are_observations_with_a_cause() -> None:
    tuner = Tuner(file())
    first, second = asked(tuner), asked(tuner)
    tuner.fail(first.id, "cable unplugged")
    tuner.tell(second.id, math.nan)
    assert [t.failure.cause for t in tuner.trials if t.failure] == [Cause.TOLD, Cause.NOT_FINITE]
    assert asked(tuner).id == 3


def test_wrong_ids_and_wrong_order_are_told_clearly() -> None:
    tuner = Tuner(file())
    with pytest.raises(UnknownName, match="trial 9"):
        tuner.tell(9, 1.0)
    trial = asked(tuner)
    tuner.tell(trial.id, 1.0)
    with pytest.raises(WrongState, match="finished"):
        tuner.tell(trial.id, 1.0)


def test_telling_nothing_of_a_trial_that_reported_nothing_is_refused_and_leaves_it_under_way() -> None:
    tuner = Tuner(file())
    trial = asked(tuner)
    with pytest.raises(MessageError, match=r"trial 1: .* got neither; give loss, or call fail\(1, why\)"):
        tuner.tell(trial.id)
    tuner.report(trial.id, 1, 0.5)
    tuner.tell(trial.id)
    assert [t.value for t in tuner.trials] == [0.5]


@pytest.mark.parametrize("step", ["abc", "3", None, math.nan, math.inf])
def test_a_step_that_is_no_finite_number_is_refused(step: Any) -> None:
    tuner = Tuner(file())
    trial = asked(tuner)
    with pytest.raises(MessageError, match="trial 1: report needs the step as a finite number, got"):
        tuner.report(trial.id, step, 0.1)
    assert tuner.trials[0].fidelity == 0


@pytest.mark.parametrize("value", ["abc", {"los": 1.0}, {"loss": None}, [1.0]])
def test_a_value_that_is_no_number_is_refused(value: Any) -> None:
    tuner = Tuner(file())
    trial = asked(tuner)
    for give in (tuner.tell, lambda number, value: tuner.report(number, 1, value)):
        with pytest.raises(MessageError, match="needs the objective as a number, or a dict with 'loss', got"):
            give(trial.id, value)


def test_a_dict_with_the_objective_is_taken_as_a_value() -> None:
    tuner = Tuner(file())
    first, second = asked(tuner), asked(tuner)
    tuner.tell(first.id, {"loss": 1, "accuracy": 0.5})
    tuner.report(second.id, 1, {"loss": 2})
    tuner.tell(second.id)
    assert [t.value for t in tuner.trials] == [1.0, 2.0]


def test_a_file_that_is_no_tuner_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(StoreError, match="not a saved tuner"):
        Tuner.load(tmp_path / "x.json")


def test_a_wrong_file_names_every_problem() -> None:
    with pytest.raises(SweepFileError) as refused:
        Tuner(file(method="bayesian", parameters={"x": {"min": 1.0, "max": 0.0}}))
    assert len(refused.value.problems) >= 2


@pytest.mark.parametrize("config", [None, 3, [("method", "random")]])
def test_what_is_no_sweep_file_is_told(config: Any) -> None:
    for wants in (Tuner, lambda config: besom.tune(loss, config)):
        with pytest.raises(SweepFileError, match="content as a dict, or its path, got") as refused:
            wants(config)
        assert repr(config) in str(refused.value)


def test_a_configuration_outside_the_range_is_warned_of_and_tried() -> None:
    tuner = Tuner(file())
    with pytest.warns(UserWarning, match=r"x has .*, got 7; it is run all the same") as warned:
        tuner.add({"x": 7, "kind": "a"})
    assert warned[0].filename == __file__
    assert asked(tuner).config == {"x": 7, "kind": "a"}


@pytest.mark.filterwarnings("error")
def test_a_configuration_inside_the_range_is_added_in_silence() -> None:
    tuner = Tuner(file())
    tuner.add({"x": 0.25})
    assert asked(tuner).config["x"] == 0.25


def test_tune_finds_the_minimum_of_a_function() -> None:
    tuned = besom.tune(loss, file(run_cap=25))
    assert tuned.best is not None
    assert tuned.best.value is not None
    assert tuned.best.value < 0.01
    assert len(tuned.trials) == 25


def test_tune_stops_generators_early() -> None:
    epochs: list[int] = []

    def train(config: Any) -> Any:
        for epoch in range(9):
            epochs.append(epoch)
            yield loss(config) + 1 / (epoch + 1)

    tuned = besom.tune(train, file(early_terminate={"type": "hyperband", "min_iter": 1, "eta": 3}))
    assert any(trial.state is TrialState.STOPPED for trial in tuned.trials)
    assert len(epochs) < 9 * len(tuned.trials)


def test_tune_gives_a_report_to_functions_that_want_one() -> None:
    def train(config: Any, report: Any) -> None:
        for epoch in range(1, 4):
            report(epoch, loss(config) / epoch)

    tuned = besom.tune(train, file(run_cap=3, besom={"fidelity": {"metric": "epoch", "max": 3}}))
    assert [trial.fidelity for trial in tuned.trials] == [3, 3, 3]


def test_a_report_that_is_told_to_stop_ends_the_function() -> None:
    reported: list[int] = []

    def train(config: Any, report: Any) -> None:
        for epoch in range(1, 9):
            reported.append(epoch)
            report(epoch, loss(config))

    tuned = besom.tune(train, file(early_terminate={"type": "hyperband", "min_iter": 1, "eta": 3}))
    assert {trial.state for trial in tuned.trials} == {TrialState.FINISHED, TrialState.STOPPED}
    assert len(reported) < 8 * len(tuned.trials)


def test_dicts_are_taken_wherever_a_value_is() -> None:
    def generate(config: Any) -> Any:
        yield {"loss": loss(config), "accuracy": 0.5}

    def reporting(config: Any, report: Any) -> None:
        report(1, {"loss": loss(config)})

    for function in (generate, reporting):
        tuned = besom.tune(function, file(run_cap=3))
        assert [trial.state for trial in tuned.trials] == [TrialState.FINISHED] * 3


def test_a_result_without_the_objective_is_a_failure_that_says_so() -> None:
    def misspelt(config: Any) -> Any:
        return {"los": 1.0} if config["kind"] == "b" else {"loss": 1.0}

    tuned = besom.tune(misspelt, file(run_cap=10))
    messages = [trial.failure.message for trial in tuned.trials if trial.failure is not None]
    assert messages
    assert "a dict with 'loss', got {'los': 1.0}" in messages[0]


def test_an_exception_fails_its_trial_with_its_last_lines_and_the_search_goes_on() -> None:
    def fragile(config: Any) -> float:
        if config["kind"] == "b":
            raise ValueError("no b here")
        return float(config["x"])

    tuned = besom.tune(fragile, file(run_cap=10))
    failed = [trial for trial in tuned.trials if trial.failure]
    assert len(tuned.trials) == 10
    assert failed
    assert failed[0].failure is not None
    assert "no b here" in failed[0].failure.last_lines


def test_a_search_without_end_is_refused() -> None:
    with pytest.raises(SweepFileError, match="never end"):
        besom.tune(loss, file(run_cap=None, method="random", parameters={"x": {"min": 0.0, "max": 1.0}}))


def test_a_function_that_always_fails_ends_with_the_reason() -> None:
    def broken(config: Any) -> float:
        raise RuntimeError("no data")

    with pytest.raises(WrongState, match="no data"):
        besom.tune(broken, file(run_cap=100))


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        (lambda config: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda config: {"los": 1.0}, "a dict with 'loss', got {'los': 1.0}"),
        (lambda config: None, "tell needs a value where none was reported, got neither; give loss"),
    ],
)
def test_a_search_in_which_all_trials_fail_raises_and_has_every_cause(function: Any, cause: str) -> None:
    with pytest.raises(TrialsFailed, match="all 10 trials failed, trial 10 by") as refused:
        besom.tune(function, file(run_cap=10))
    assert cause in str(refused.value)
    assert len(refused.value.trials) == 10
    assert all(trial.failure is not None for trial in refused.value.trials)


def test_what_a_function_raised_last_is_the_cause_of_the_error() -> None:
    def broken(config: Any) -> float:
        raise RuntimeError("no data")

    for run_cap in (2, 100):
        with pytest.raises(TrialsFailed, match="no data") as refused:
            besom.tune(broken, file(run_cap=run_cap))
        assert isinstance(refused.value.__cause__, RuntimeError)
        assert len(refused.value.trials) == min(run_cap, 20)
