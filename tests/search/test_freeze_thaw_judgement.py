import math
from dataclasses import replace

import numpy as np
import pytest
from curve_histories import MOST, PLANE, Play, ask, review, seen, training
from strategy_suite import FAILURE

from besom.records import Config, Curve, Observation, Status
from besom.search.contract import Exhausted, StopWhen, Suggestion
from besom.space import Space

PLANE_SPACE = Space.from_file(PLANE)
LINE = {"x": {"min": 0.0, "max": 1.0}}


def bowls(status: Status = Status.PAUSED, n: int = 10, length: int = 9) -> list[Observation]:
    """Trials on a line, best at 0.5, all of them trained alike."""
    xs = np.linspace(0.02, 0.98, n)
    return [
        seen(i, {"x": float(x)}, [(x - 0.5) ** 2 + 0.3 / t for t in range(1, length + 1)], status)
        for i, x in enumerate(xs)
    ]


@pytest.mark.parametrize(("can_resume", "order"), [(True, "pause"), (False, "stop")])
def test_a_hopeless_trial_is_left_and_the_reason_tells_why(can_resume: bool, order: str) -> None:
    hopeless = seen(10, {"x": 0.99}, [5.0 + 0.3 / t for t in range(1, 4)], Status.PENDING)
    decision = review(Space.from_file(LINE), [*bowls(), hopeless], 10, can_resume=can_resume)
    assert decision.order == order
    assert decision.reason is not None
    assert decision.reason.phase == "model"
    assert decision.reason.details["rung"] == 3
    assert decision.reason.details["predicted"] > decision.reason.details["best"] + 0.1
    assert "mean" not in decision.reason.details
    assert "promises more" in decision.reason.text


@pytest.mark.parametrize("can_resume", [False, True])
def test_a_promising_trial_goes_on(can_resume: bool) -> None:
    promising = seen(10, {"x": 0.51}, [0.1 / t - 0.2 for t in range(1, 10)], Status.PENDING)
    decision = review(Space.from_file(LINE), [*bowls(), promising], 10, can_resume=can_resume)
    assert decision.order == "continue"
    assert decision.until is None or decision.until > 9


@pytest.mark.parametrize("n", [0, 1, 3, 9])
def test_without_checkpoints_the_incumbent_is_never_stopped(n: int) -> None:
    others = [
        replace(o, curve=Curve((t, y + 1) for t, y in zip(o.curve.fidelity, o.curve.values, strict=True)))
        for o in bowls(Status.STOPPED)[:n]
    ]
    flat = seen(n, {"x": 0.5}, [0.5] * 20, Status.PENDING)
    assert review(Space.from_file(LINE), [*others, flat], n).order == "continue"


@pytest.mark.parametrize("values", [[math.nan] * 9, [0.1, 0.1, math.nan], [math.inf]], ids=["silent", "later", "inf"])
def test_a_trial_that_has_diverged_by_its_fidelity_does_not_come_back(values: list[float]) -> None:
    diverged = seen(10, {"x": 0.5}, values, Status.PENDING)
    assert review(Space.from_file(LINE), [*bowls(), diverged], 10, can_resume=True).order == "stop"
    left = replace(diverged, status=Status.STOPPED)
    suggestion = ask(Space.from_file(LINE), [*bowls(), left], can_resume=True, trials_left=0)
    assert not isinstance(suggestion, Suggestion) or suggestion.resume != 10


def test_a_trial_that_is_past_the_end_already_is_let_finish() -> None:
    """An agent may report the whole of a training at once."""
    quick = seen(10, {"x": 0.9}, [9.0] * 27, Status.PENDING)
    assert review(Space.from_file(LINE), [*bowls(), quick], 10, can_resume=True).order == "continue"


def cells(status: Status = Status.PAUSED) -> tuple[Space, list[Observation]]:
    """A space in which everything has been begun; the last is the best."""
    space = Space.from_file({"a": {"values": list(range(8))}})
    told = [seen(a, {"a": a}, [8.0 - a + 1 / t for t in range(1, 4)], status) for a in range(8)]
    return space, told


def test_when_nothing_new_is_left_the_best_paused_trial_is_resumed() -> None:
    space, told = cells()
    suggestion = ask(space, told, can_resume=True)
    assert isinstance(suggestion, Suggestion)
    assert suggestion.resume == 7
    assert suggestion.config == {"a": 7}
    assert "Goes on from 3" in suggestion.reason.text


def test_what_a_person_stopped_stays_stopped() -> None:
    space, told = cells(Status.STOPPED)
    told[7] = replace(told[7], ended_by="requested")
    suggestion = ask(space, told)
    assert isinstance(suggestion, Suggestion)
    assert suggestion.resume == 6
    assert isinstance(ask(space, [replace(o, ended_by="requested") for o in told]), Exhausted)


def test_a_trial_whose_metric_comes_seldom_is_never_resumed_to_a_fidelity_that_it_has() -> None:
    """Trained to 20, measured at 3: a resume to 5 would end at once, again and again."""
    space, told = cells()
    suggestion = ask(space, [replace(o, fidelity=20.0) for o in told], can_resume=True)
    assert isinstance(suggestion, Suggestion)
    assert suggestion.until is None or suggestion.until > 20


def test_all_failed_trials_leave_the_design_going() -> None:
    space = Space.from_file(PLANE)
    told = [
        Observation(i, c, Status.FAILED, failure=FAILURE)
        for i, c in enumerate(space.sample(np.random.default_rng(0), 30))
    ]
    suggestion = ask(space, told)
    assert isinstance(suggestion, Suggestion)
    assert suggestion.reason.phase == "initial design"


@pytest.mark.parametrize("can_resume", [False, True])
def test_a_sweep_gets_near_the_best_and_leaves_most_trials_early(can_resume: bool) -> None:
    play = Play(Space.from_file(PLANE), training, can_resume=can_resume).run(30)
    assert min(o.value for o in play.observations if o.value is not None) < 0.02
    lengths = [o.fidelity for o in play.observations]
    assert sum(length <= 9 for length in lengths) > len(lengths) / 2
    assert MOST in lengths


def test_curves_that_turn_up_again_are_followed_to_where_they_are_lowest() -> None:
    """What counts is the best value shown, not the last one."""

    def overfits(config: Config, t: int) -> float:
        return (config["x"] - 0.3) ** 2 + 0.5 * math.exp(-t / 2) + 0.04 * max(0, t - 6)

    play = Play(Space.from_file(LINE), overfits, can_resume=True).run(25)
    lengths = [o.fidelity for o in play.observations]
    assert lengths.count(8) > len(lengths) / 3
    assert sum(length > 12 for length in lengths) <= 5


def test_the_reason_tells_what_is_expected_at_the_end() -> None:
    play = Play(Space.from_file({**PLANE, "idle": {"min": 0.0, "max": 1.0}}), training, can_resume=True).run(15)
    suggestion = ask(play.space, play.observations, can_resume=True)
    assert isinstance(suggestion, Suggestion)
    details = suggestion.reason.details
    assert details["best"] == pytest.approx(min(min(o.curve.values) for o in play.observations), abs=0.01)
    assert 0 <= details["expected_gain"] < 1
    assert details["sd"] > 0
    assert "idle" not in details["drivers"]
    assert details["results"] == len(play.observations)


def test_cheap_configurations_are_preferred_where_seconds_are_what_is_paid() -> None:
    """Quality does not depend on `width`, time does: by a factor of a hundred."""
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}, "width": {"min": 0.0, "max": 1.0}})
    told = []
    for i, config in enumerate(space.sample(np.random.default_rng(1), 14)):
        values = [(config["x"] - 0.4) ** 2 + 0.3 / t for t in range(1, 28)]
        told.append(seen(i, config, values, Status.FINISHED, seconds=27 * 100 ** (1 - config["width"])))
    widths = {
        cost: np.mean([_new_config(space, told, cost=cost, seed=seed)["width"] for seed in range(6)])
        for cost in ("seconds", "fidelity")
    }
    assert widths["seconds"] > 0.75
    assert widths["seconds"] > widths["fidelity"] + 0.15


def _new_config(space: Space, told: list[Observation], **known: object) -> Config:
    suggestion = ask(space, told, **known)
    assert isinstance(suggestion, Suggestion)
    return suggestion.config


def test_where_trials_crash_new_ones_keep_away() -> None:
    """Whatever crashes is never measured, so that without a model of failures it would stay tempting."""
    space = Space.from_file(PLANE)
    told: list[Observation] = []
    for i in range(25):
        config = _new_config(space, told)
        if config["x"] > 0.6:
            told.append(Observation(i, config, Status.FAILED, failure=FAILURE))
        else:
            told.append(seen(i, config, [training(config, t) for t in range(1, 28)], Status.FINISHED))
    assert sum(o.status is Status.FAILED for o in told[10:]) <= 3


def test_a_sweep_that_gains_nothing_more_ends_and_says_why() -> None:
    rng = np.random.default_rng(0)
    play = Play(
        Space.from_file(LINE), lambda config, t: float(rng.normal(0, 0.5)), stop_when=StopWhen(decisions=3)
    ).run(60)
    assert play.ended is not None
    assert "in 3 suggestions in a row" in play.ended
    asked_for = Play(Space.from_file(LINE), lambda config, t: 1.0, stop_when=StopWhen(gain=10.0, decisions=2)).run(30)
    assert asked_for.ended is not None
    assert "below the 10 asked for in 2 suggestions in a row" in asked_for.ended


@pytest.mark.parametrize("can_resume", [True, False], ids=["resumes", "stops"])
def test_a_region_where_trainings_diverge_is_kept_out_of(can_resume: bool) -> None:
    def diverging(config: Config, t: int) -> float:
        return math.nan if config["x"] > 0.5 else training(config, t)

    play = Play(PLANE_SPACE, diverging, can_resume=can_resume).run(60)
    assert all(o.status is Status.STOPPED for o in play.observations if o.config["x"] > 0.5)
    later = [o.config["x"] > 0.5 for o in play.observations if o.phase == "model"]
    assert sum(later) < 0.3 * len(later)
