"""Trials of the design among those of the model."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from curve_histories import MOST, PLANE, Play, training
from strategy_suite import observed

from besom.records import Cause, Config, Failure, Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History, StopWhen, Suggestion
from besom.space import Space

SPACE = Space.from_file(PLANE)


def played(objective: Callable[[Config], float], n: int, **known) -> list[Observation]:
    observations: list[Observation] = []
    for i in range(n):
        suggestion = load_strategy("bayes").ask(History(SPACE, observations, 0, **known))
        if isinstance(suggestion, Exhausted):
            break
        observations.append(observed(suggestion, i, status=Status.FINISHED, value=objective(suggestion.config)))
    return observations


def stairs(config: Config) -> float:
    """Large flat steps, as an accuracy on few examples has them."""
    return math.floor(4 * config["x"]) + math.floor(4 * config["y"])


def test_a_result_that_equals_the_best_one_sends_the_next_trial_elsewhere() -> None:
    observations = played(stairs, 30)
    for before, after in pairwise(observations[4:]):
        earlier = [o.value for o in observations[: before.trial]]
        is_tie = before.value == min([*earlier, before.value]) and before.value in earlier
        assert (after.phase == "exploration") == is_tie
    assert {o.phase for o in observations[5:]} == {"model", "exploration"}


def test_what_lies_between_results_that_are_equally_best_is_not_tried_before_what_lies_beyond() -> None:
    corners = [(x, y) for x in (0.45, 0.55) for y in (0.45, 0.55)]
    around = [(x, y) for x in (0.2, 0.5, 0.8) for y in (0.2, 0.5, 0.8) if (x, y) != (0.5, 0.5)]
    told = [
        Observation(i, {"x": x, "y": y}, Status.FINISHED, value=float((x, y) in around) * (1 + i / 10))
        for i, (x, y) in enumerate([*corners, *around])
    ]
    for seed in range(8):
        suggestion = load_strategy("bayes").ask(History(SPACE, told, seed))
        assert isinstance(suggestion, Suggestion)
        assert min(max(abs(suggestion.config["x"] - x), abs(suggestion.config["y"] - y)) for x, y in corners) > 0.1


def test_where_no_two_results_are_equal_the_model_chooses_every_trial() -> None:
    observations = played(lambda config: (config["x"] - 0.3) ** 2 + config["y"], 20)
    assert {o.phase for o in observations[5:]} == {"model"}


def test_a_constant_objective_still_ends_by_itself() -> None:
    assert len(played(lambda config: 1.0, 60, stop_when=StopWhen(gain=0.001))) < 60


def test_one_new_trial_in_four_is_a_short_look_where_the_model_would_not_look() -> None:
    play = Play(SPACE, training, can_resume=True).run(40)
    later = play.observations[5:]
    assert {o.trial % 4 for o in later if o.phase == "exploration"} == {3}
    assert sum(o.phase == "exploration" for o in later) == sum(o.trial % 4 == 3 for o in later) > 1
    asked = load_strategy("bayes").ask(History(SPACE, play.observations[:7], 0, until_max=MOST, can_resume=True))
    assert isinstance(asked, Suggestion)
    assert asked.resume is not None or asked.until == 2.0


def test_exploration_keeps_out_of_regions_that_fail() -> None:
    told: list[Observation] = []
    for i in range(36):
        config = {"x": (i % 6) / 5.5, "y": (i // 6) / 5.5}
        if config["x"] < 0.5:
            told.append(Observation(i, config, Status.FINISHED, value=1.0))
        else:
            told.append(Observation(i, config, Status.FAILED, failure=Failure(Cause.CUDA_OUT_OF_MEMORY)))
    told.append(Observation(36, {"x": 0.01, "y": 0.02}, Status.FINISHED, value=1.0))
    for seed in range(12):
        suggestion = load_strategy("bayes").ask(History(SPACE, told, seed))
        assert isinstance(suggestion, Suggestion)
        assert suggestion.config["x"] < 0.6


def late(config: Config, t: int) -> float:
    """Where rewards are rare: two thirds of the training show luck alone, what counts comes after."""
    luck = 0.1 * math.sin(1000 * config["x"] + 77 * config["y"])
    return luck if t < 18 else luck - (t - 17) / 10 * (1.0 - abs(config["x"] - 0.4))


@pytest.mark.parametrize("can_resume", [True, False])
def test_curves_that_begin_with_luck_are_followed_to_their_end_too(can_resume: bool) -> None:
    play = Play(SPACE, late, can_resume=can_resume).run(80)
    whole = [o for o in play.observations if o.fidelity >= MOST]
    assert len(whole) >= math.floor(play.spent() / MOST / 4) >= 1
    assert min(o.value for o in whole if o.value is not None) < -0.5
