"""Why trials were suggested and how they were decided on, in the user's own units."""

import math
from dataclasses import replace

import pytest

from besom.analysis.reasons import facts_of_reason
from besom.analysis.why import decisions, why_suggested
from besom.records import Cause, Failure, Reason, Run, RunState, Sweep, Trial, TrialState
from besom.service import Progress
from besom.tuner import Tuner

EPOCHS = 12
FILE = {
    "metric": {"name": "acc", "goal": "maximize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}},
    "run_cap": 12,
}


def progress(goal="maximize", unit="epoch", most=12.0):
    sweep = Sweep("s", {}, 1, 0.0)
    return Progress(sweep, {}, None, None, None, {}, {}, goal=goal, fidelity_unit=unit, fidelity_max=most)


def trial(reason, state=TrialState.FINISHED, value=0.9, **changes):
    return Trial("s", 3, {"x": 0.5}, reason, 0.0, state, 9.0, value, **changes)


def run(lease, state=RunState.FINISHED, first=0.0, fidelity=3.0, because=None, **changes):
    ordered = "continue" if because is None else "stop"
    return Run(
        id=f"r{lease}",
        sweep_id="s",
        trial=3,
        repeat=changes.pop("repeat", 0),
        attempt=lease,
        lease=lease,
        agent_id="a",
        request_id="q",
        started_at=0.0,
        lease_until=0.0,
        state=state,
        first_fidelity=first,
        fidelity=fidelity,
        ordered=ordered,
        ordered_because=because,
        **changes,
    )


def facts(why):
    return {fact.label: fact.text for fact in why.facts}


def searched(goal="maximize", **changes):
    """A sweep that was really searched, whose accuracies lie between 0.2 and 1: its trials, runs and progress."""
    tick = iter(range(10**6))
    tuner = Tuner({**FILE, "metric": {"name": "acc", "goal": goal}, **changes}, clock=lambda: float(next(tick)))
    has_fidelity = "fidelity" in changes["besom"]
    sign = 1.0 if goal == "maximize" else -1.0
    while asked := tuner.ask():
        value = 1.0 - (asked.config["x"] - 0.3) ** 2
        order = "continue"
        for epoch in range(int(asked.fidelity) + 1, EPOCHS + 1) if has_fidelity else ():
            order = tuner.report(asked.id, epoch, sign * (value - 0.5 * math.exp(-epoch / 3)))
            if order != "continue":
                break
        if order == "continue":
            tuner.tell(asked.id, None if has_fidelity else sign * value)
    state = tuner._state
    return tuner.trials, state, progress(goal)


@pytest.mark.parametrize(
    ("phase", "title"),
    [
        ("baseline", "A baseline of the sweep file"),
        ("initial design", "Part of the initial design"),
        ("requested", "Added by a person"),
        ("imported", "Measured elsewhere"),
        ("simulated annealing", "Suggested by simulated annealing"),
    ],
)
def test_the_title_says_where_a_configuration_came_from(phase, title):
    why = why_suggested(trial(Reason(phase, "As it is.")), progress())
    assert (why.title, why.phase, why.text) == (title, phase, "As it is.")


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_a_models_suggestion_says_what_it_expected_and_what_came_out(goal):
    trials, _, where = searched(goal, method="bayes", besom={"seed": 1})
    suggested = [each for each in trials if each.reason.phase == "model"]
    assert suggested
    sign = 1.0 if goal == "maximize" else -1.0
    for each in suggested:
        why = why_suggested(each, where)
        assert why.title == "Suggested by the model"
        assert 0.3 < sign * why.prediction.mean < 1.3
        assert why.prediction.reached == each.value
        assert 0.5 < sign * float(facts(why)["best then"]) <= 1.0
        assert float(facts(why)["expected gain"]) >= 0
        assert "x" in why.drivers or not why.drivers
        assert facts(why)["learnt from"].endswith(" results")
        assert float(facts(why)["reached"].split(",")[0]) == pytest.approx(each.value, abs=1e-5)


def test_what_came_out_is_better_or_worse_by_the_goal():
    reason = Reason("model", "", {"mean": 0.8, "sd": 0.05, "best": 0.7, "expected_gain": 0.1, "results": 5})
    better = why_suggested(trial(reason), progress())
    assert facts(better)["reached"] == "0.9, 2 standard deviations better than predicted"
    worse = why_suggested(trial(reason), progress("minimize"))
    assert facts(worse)["reached"] == "0.9, 2 standard deviations worse than predicted"
    assert facts(better)["predicted"] == "0.8 ± 0.05"


def test_a_trial_that_did_not_come_to_its_end_has_not_reached_what_was_predicted():
    reason = Reason("model", "", {"mean": 0.8, "sd": 0.05})
    why = why_suggested(trial(reason, TrialState.STOPPED), progress())
    assert why.prediction.reached is None
    assert "reached" not in facts(why)


def test_what_cannot_be_told_is_left_out_and_what_is_unknown_keeps_its_name():
    details = {"mean": math.inf, "sd": 0.1, "price_of_it": 2.5, "kind": "<b>", "seen": [1, 2], "none": None}
    why = why_suggested(trial(Reason("model", "", details)), progress())
    assert why.prediction is None
    assert facts(why) == {"price of it": "2.5", "kind": "<b>", "seen": "[1, 2]"}
    assert why.drivers == ()


@pytest.mark.parametrize(
    ("phase", "details", "expected"),
    [
        ("grid", {"cell": 2, "cells": 12}, {"cell of the grid": "3 of 12"}),
        ("initial design", {"point": 4}, {"point of the design": "4"}),
        ("model", {"results": 7, "until": 9}, {"learnt from": "7 curves", "to run to": "9 epochs"}),
        ("model", {"rung": 1.0, "twin_of": 4}, {"rung": "1 epoch", "the same as": "trial 4"}),
        ("repeats", {"value": 1.0, "best": 2.0}, {"its mean so far": "1", "the best one's mean": "2"}),
        (
            "curve",
            {"probability": 0.0132, "best": 0.5},
            {"chance to beat the best": "1.3 %", "best of the others": "0.5"},
        ),
    ],
)
def test_numbers_have_labels_that_people_read(phase, details, expected):
    assert {f.label: f.text for f in facts_of_reason(Reason(phase, "", details), progress())} == expected


@pytest.mark.parametrize("rule", [{"type": "hyperband", "min_iter": 2}, {"type": "median"}, {"type": "asha"}])
def test_a_stopped_trial_shows_that_it_was_on_the_wrong_side_of_the_threshold(rule):
    besom = {"seed": 1, "fidelity": {"metric": "epoch", "max": EPOCHS}}
    trials, state, where = searched(method="random", early_terminate=rule, besom=besom, run_cap=30)
    stopped = [each for each in trials if each.state is TrialState.STOPPED]
    assert stopped
    for each in stopped:
        (why,) = decisions(each, state.runs_of(each.number), where)
        shown = facts(why)
        assert why.title == f"Stopped at {each.fidelity:g} epoch{'s' * (each.fidelity != 1)}"
        threshold = float(shown.get("threshold") or shown["median of the others"])
        assert 0.0 < float(shown.get("its value there") or shown["its best so far"]) <= threshold
        assert int(shown["compared with"].split()[0]) > 1


def test_a_paused_trial_that_went_on_tells_each_step():
    besom = {"seed": 1, "checkpoints": True, "fidelity": {"metric": "epoch", "max": EPOCHS}}
    trials, state, where = searched(method="bayes", besom=besom)
    resumed = [each for each in trials if len(state.runs_of(each.number)) > 1]
    assert resumed
    for each in resumed:
        runs = state.runs_of(each.number)
        told = [why.title.split()[0] for why in decisions(each, runs, where)]
        pauses = sum(run.state is RunState.PAUSED for run in runs)
        assert told.count("Gone") == len(runs) - 1
        assert told.count("Paused") == pauses
        assert all(why.phase != "resumed" and why.text for why in decisions(each, runs, where))
    model = [why for t in trials for why in decisions(t, state.runs_of(t.number), where) if why.phase == "model"]
    assert any("predicted final value" in facts(why) for why in model)
    assert all(0.0 < why.prediction.mean < 1.5 for why in model if why.prediction)


def test_the_whole_story_of_a_trial_is_told_in_order_and_nobody_need_guess_why_it_ran_so_far():
    besom = {"seed": 1, "checkpoints": True, "fidelity": {"metric": "epoch", "max": EPOCHS}}
    trials, state, where = searched(method="bayes", besom=besom)
    for each in trials:
        runs = state.runs_of(each.number)
        asked = [each.reason.details.get("until"), *(run.because.details.get("until") for run in runs if run.because)]
        passed = [reason for run in runs for reason in run.passed]
        reached = [float(why.title.split()[-2]) for why in decisions(each, runs, where) if why.title.startswith("Let")]
        assert reached == sorted(reached)
        assert len(reached) == len(passed)
        is_told = each.fidelity <= max((until or EPOCHS for until in asked), default=0) or bool(passed)
        assert is_told, (each.number, each.fidelity, asked)
    assert any(run.passed for run in state.runs.values())


def test_a_run_says_why_the_search_goes_on_with_its_trial_and_why_it_was_let_go_on():
    because = Reason("model", "Goes on from 3 to 6 of 12.", {"mean": 0.95, "sd": 0.01, "until": 6.0})
    passed = Reason("model", "It promises most.", {"rung": 6.0, "until": 12.0})
    first = run(1, RunState.PAUSED, because=Reason("model", "Another promises more.", {"rung": 3.0}))
    runs = [first, replace(run(2, first=3.0, fidelity=12.0), because=because, passed=(passed,))]
    paused, gone_on, let_go = decisions(trial(Reason("random")), runs, progress())
    assert paused.title == "Paused at 3 epochs"
    assert (gone_on.title, gone_on.text) == ("Gone on with from 3 epochs", because.text)
    assert (gone_on.prediction.mean, gone_on.prediction.reached) == (0.95, 0.9)
    assert (let_go.title, let_go.text) == ("Let go on at 6 epochs", passed.text)
    assert facts(let_go) == {"rung": "6 epochs", "to run to": "12 epochs"}


@pytest.mark.parametrize(
    ("before", "title", "text"),
    [
        ({"state": RunState.LOST}, "Gone on with from 3 epochs", "Its agent was lost, or gave it back"),
        (
            {"state": RunState.FAILED, "failure": Failure(Cause.SIGNAL)},
            "Gone on with from 3 epochs",
            "The run before it failed: signal.",
        ),
        ({"state": RunState.PAUSED}, "Gone on with from 3 epochs", "It was promising enough to run to 9 epochs."),
        (
            {"state": RunState.STOPPED, "because": Reason("budget", "spent")},
            "Gone on with from 3 epochs",
            "The sweep went on, and the trial with it.",
        ),
    ],
)
def test_a_run_that_goes_on_says_after_what(before, title, text):
    runs = [run(1, **before), run(2, first=3.0, fidelity=9.0, until=9.0)]
    went_on = [why for why in decisions(trial(Reason("random")), runs, progress()) if why.title.startswith("Gone on")]
    assert [why.title for why in went_on] == [title]
    assert went_on[0].text.startswith(text)


def test_a_run_that_has_nothing_to_go_on_from_begins_again():
    runs = [run(1, RunState.LOST), run(2)]
    assert [why.title for why in decisions(trial(Reason("random")), runs, progress())] == ["Begun again"]


def test_repeats_are_no_decisions():
    runs = [run(1), run(2, repeat=1), run(3, RunState.STOPPED, repeat=2, because=Reason("trial ended", "it is over"))]
    assert decisions(trial(Reason("random")), runs, progress()) == ()


def test_a_trial_that_a_person_brought_back_says_so_between_its_runs():
    stop = Reason("asha", "behind", {"rung": 3, "threshold": 0.9})
    runs = [run(2, first=3.0, fidelity=12.0), run(1, RunState.STOPPED, because=stop)]
    told = decisions(trial(Reason("random"), kept=True), runs, progress())
    assert [why.title for why in told] == [
        "Stopped at 3 epochs",
        "Brought back by a person",
        "Gone on with from 3 epochs",
    ]
    waiting = decisions(trial(Reason("random"), TrialState.WAITING, kept=True), runs[1:], progress())
    assert waiting[-1].title == "Brought back by a person"


@pytest.mark.parametrize(
    ("phase", "title"),
    [
        ("budget", "Stopped: the budget was spent"),
        ("requested", "Stopped by request"),
        ("sweep ended", "Stopped: the sweep ended"),
        ("asha", "Stopped at 3 rows"),
    ],
)
def test_the_end_of_a_trial_is_told_once_whoever_ended_it(phase, title):
    reason = Reason(phase, "so")
    stopped = trial(Reason("random"), TrialState.STOPPED, ended_by=reason, fidelity=3.0)
    for runs in ([], [run(1, RunState.STOPPED, because=reason)]):
        assert [why.title for why in decisions(stopped, runs, progress(unit=""))] == [title]


def test_an_audited_trial_says_whether_ending_it_would_have_been_wrong():
    audited = Reason("hyperband", "outside", {"rung": 3, "threshold": 0.8, "at": 3.0, "incumbent": 0.85})
    kinds = [(0.9, "maximize", "better"), (0.8, "maximize", "no better"), (0.9, "minimize", "no better")]
    for value, goal, verdict in kinds:
        (why,) = decisions(trial(Reason("random"), value=value, audited=audited), [run(1)], progress(goal))
        assert why.title == "Let finish, to check the rule: it would have ended at 3 epochs"
        assert facts(why)["turned out"] == f"{value:g}, {verdict} than the best then"
        assert facts(why)["threshold"] == "0.8"
    running = trial(Reason("random"), TrialState.RUNNING, audited=audited)
    (why,) = decisions(running, [run(1, RunState.RUNNING)], progress())
    assert "turned out" not in facts(why)
