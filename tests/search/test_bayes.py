import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from strategy_suite import MIXED, SMALL_GRID, StrategySuite, observed

from besom.records import Config, Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.model import _fitted
from besom.space import Space

SIX = {f"x{i}": {"min": 0.0, "max": 1.0} for i in range(6)}
FIFTY = {f"x{i}": {"min": 0.0, "max": 1.0} for i in range(50)}


class TestBayes(StrategySuite):
    name = "bayes"


def played(method: str, space: Space, objective: Callable[[Config], float], n: int, seed: int) -> list[Observation]:
    observations: list[Observation] = []
    for i in range(n):
        suggestion = load_strategy(method).ask(History(space, observations, seed))
        assert isinstance(suggestion, Suggestion)
        observations.append(observed(suggestion, i, status=Status.FINISHED, value=objective(suggestion.config)))
    return observations


def bowl(config: Config) -> float:
    return sum((value - 0.2 - 0.1 * i) ** 2 for i, value in enumerate(config.values()))


def training(config: Config) -> float:
    """Like a network's loss: a valley in lr, a good category, a little of everything else; divergence at high lr."""
    lr = math.log10(config["lr"])
    if lr > -0.5:
        return 1e9
    loss = (lr + 2.7) ** 2 + 0.3 * abs(config["layers"] - 3) + (config["optimizer"] != "adam")
    return loss + 2 * (config["model.dropout"] - 0.3) ** 2 + 0.2 * (config["width"] != 64) + 0.01 * config["shift"] ** 2


@pytest.mark.parametrize(("parameters", "objective"), [(SIX, bowl), (MIXED, training)], ids=["bowl", "training"])
def test_thirty_trials_find_far_better_than_random_search(
    parameters: dict[str, Any], objective: Callable[[Config], float]
) -> None:
    space = Space.from_file(parameters)
    best = {
        method: statistics.median(
            min(o.value for o in played(method, space, objective, 30, seed) if o.value is not None) for seed in range(5)
        )
        for method in ("random", "bayes")
    }
    assert best["bayes"] < best["random"] / 4


def test_the_design_begins_in_the_middle_and_the_model_takes_over_after_five() -> None:
    history = played("bayes", Space.from_file(SIX), bowl, 8, 0)
    assert history[0].config == pytest.approx(dict.fromkeys(SIX, 0.5))
    assert [o.phase for o in history] == ["initial design"] * 5 + ["model"] * 3


def test_the_reason_tells_what_is_expected_in_the_objectives_units() -> None:
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}, "idle": {"min": 0.0, "max": 1.0}})
    history = played("bayes", space, lambda config: 1000 * (config["x"] - 0.3) ** 2 + 5000, 15, 0)
    details = history[-1].details
    assert details["mean"] == pytest.approx(history[-1].value, abs=4 * details["sd"] + 5)
    assert details["best"] == pytest.approx(min(o.value for o in history[:-1] if o.value is not None), abs=5)
    assert 0 <= details["expected_gain"] < 10
    assert details["drivers"] == ["x"]


def test_while_fewer_than_three_results_are_back_the_design_goes_on() -> None:
    space = Space.from_file(MIXED)
    configs = space.sample(np.random.default_rng(0), 20)
    told = [Observation(i, config, Status.FINISHED, value=float(i)) for i, config in enumerate(configs[:2])]
    history = told + [Observation(i, config, Status.PENDING) for i, config in enumerate(configs[2:], 2)]
    suggestion = load_strategy("bayes").ask(History(space, history, 0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.reason.phase == "initial design"


def test_where_trials_fail_the_model_learns_to_stay_away() -> None:
    space = Space.from_file(SIX)
    observations: list[Observation] = []
    for i in range(40):
        suggestion = load_strategy("bayes").ask(History(space, observations, 0))
        assert isinstance(suggestion, Suggestion)
        fails = suggestion.config["x0"] > 0.4
        outcome = {"status": Status.FAILED} if fails else {"status": Status.FINISHED, "value": bowl(suggestion.config)}
        observations.append(observed(suggestion, i, **outcome))
    assert sum(o.status is Status.FAILED for o in observations[20:]) <= 5


def test_when_everything_was_tried_it_says_so() -> None:
    space = Space.from_file(SMALL_GRID)
    history = played("bayes", space, lambda config: float(config["b"]), 12, 0)
    assert isinstance(load_strategy("bayes").ask(History(space, history, 0)), Exhausted)


def test_a_baseline_outside_the_space_does_not_count_as_one_of_its_configurations() -> None:
    space = Space.from_file({"a": {"values": [1, 2, 3]}})
    history = [Observation(i, {"a": a}, Status.FINISHED, value=0.0) for i, a in enumerate([1, 2, 17])]
    suggestion = load_strategy("bayes").ask(History(space, history, 0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == {"a": 3}


def test_what_is_cached_changes_no_suggestion() -> None:
    space = Space.from_file(MIXED)
    history = played("bayes", space, training, 33, 0)
    warm = load_strategy("bayes").ask(History(space, history, 0))
    _fitted.cache_clear()
    assert load_strategy("bayes").ask(History(space, history, 0)) == warm


@pytest.mark.parametrize(("parameters", "n"), [(FIFTY, 60), (SIX, 1000)])
def test_many_parameters_and_many_trials_are_no_trouble(parameters: dict[str, Any], n: int) -> None:
    space = Space.from_file(parameters)
    history = played("random", space, bowl, n, 0)
    suggestion = load_strategy("bayes").ask(History(space, history, 0))
    assert isinstance(suggestion, Suggestion)
    assert bowl(suggestion.config) < statistics.median(o.value for o in history if o.value is not None)
