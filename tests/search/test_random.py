import numpy as np
from strategy_suite import SMALL_GRID, StrategySuite, observed

from besom.records import Observation, Status
from besom.search import load_strategy
from besom.search.contract import History, Suggestion
from besom.space import Space


class TestRandom(StrategySuite):
    name = "random"


def draws(space: Space, n: int, seed: int = 0) -> list[Observation]:
    observations: list[Observation] = []
    for i in range(n):
        suggestion = load_strategy("random").ask(History(space, observations, seed))
        assert isinstance(suggestion, Suggestion)
        observations.append(observed(suggestion, i, status=Status.FINISHED, value=0.0))
    return observations


def test_when_everything_was_tried_it_goes_on_drawing() -> None:
    assert len(draws(Space.from_file(SMALL_GRID), 30)) == 30


def test_results_have_no_influence() -> None:
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
    history = draws(space, 5)
    changed = [Observation(o.trial, o.config, Status.FAILED) for o in history]
    asks = [load_strategy("random").ask(History(space, observations, 0)) for observations in (history, changed)]
    assert asks[0] == asks[1]


def test_draws_follow_the_prior() -> None:
    space = Space.from_file({"x": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0}})
    logs = np.log10([o.config["x"] for o in draws(space, 400)])
    assert np.histogram(logs, bins=4, range=(-4, 0))[0].min() > 60


def test_another_seed_draws_others() -> None:
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
    assert [o.config for o in draws(space, 3)] != [o.config for o in draws(space, 3, seed=1)]


def test_the_last_untried_one_of_a_thousand_is_found() -> None:
    space = Space.from_file({f"p{i}": {"values": list(range(10))} for i in range(3)})
    missing = 617
    history = [Observation(i, space.cell(i), Status.FINISHED, value=0.0) for i in range(1000) if i != missing]
    suggestion = load_strategy("random").ask(History(space, history, 0))
    assert isinstance(suggestion, Suggestion)
    assert space.key(suggestion.config) == space.key(space.cell(missing))
