"""Outcomes that are exactly alike, and what is known around them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategy_suite import observed

from besom.records import Observation, Status
from besom.search import load_strategy
from besom.search.contract import History, Suggestion
from besom.search.plateaus import Plateaus
from besom.space import Space

SPACE = Space.from_file({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}})


def covered(x: list[list[float]], outcome: list[float], *at: list[float]) -> list[bool]:
    values = np.array(outcome)
    return Plateaus(np.array(x), values).covers(np.array(at)).tolist()


def test_a_plateau_reaches_as_far_as_its_points_lie_apart() -> None:
    x = [[0.4, 0.5], [0.6, 0.5]]
    assert covered(x, [1.0, 1.0], [0.5, 0.5], [0.79, 0.31], [0.19, 0.5], [0.6, 0.75]) == [True, True, False, False]


def test_where_there_are_plateaus_a_single_point_stands_on_one_of_their_median_width() -> None:
    x = [[0.1, 0.1], [0.2, 0.1], [0.1, 0.9], [0.2, 0.9], [0.7, 0.5]]
    outcome = [1.0, 1.0, 2.0, 2.0, 3.0]
    assert covered(x, outcome, [0.79, 0.41], [0.81, 0.5], [0.45, 0.5]) == [True, False, False]
    assert covered(x[1:2] + x[3:], outcome[1:2] + outcome[3:], [0.7, 0.5]) == [False]


def test_points_that_are_alike_by_chance_make_no_plateau() -> None:
    x = [[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]]
    assert covered(x, [1.0, 2.0, 1.0], [0.1, 0.5], [0.3, 0.5], [0.9, 0.5]) == [False, False, False]


def test_another_category_lies_beyond() -> None:
    x = [[0.4, 0.0], [0.6, 0.0]]
    assert covered(x, [1.0, 1.0], [0.5, 0.0], [0.5, 1.0]) == [True, False]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 99))
def test_nothing_is_known_before_two_came_out_alike(outcome: list[int], seed: int) -> None:
    x = np.random.default_rng(seed).random((len(outcome), 3))
    values = np.array(outcome, dtype=np.float64)
    is_covered = Plateaus(x, values).covers(x)
    if len(set(outcome)) == len(outcome):
        assert not is_covered.any()
    if len(set(outcome)) == 1 < len(outcome):
        assert is_covered.all()
    assert is_covered.all() or not is_covered.any()  # points stand on their own plateaus, if on any


def test_a_space_that_lies_on_one_plateau_is_searched_on() -> None:
    observations: list[Observation] = []
    for i in range(25):
        suggestion = load_strategy("bayes").ask(History(SPACE, observations, 0))
        assert isinstance(suggestion, Suggestion)
        observations.append(observed(suggestion, i, status=Status.FINISHED, value=1.0))
    assert len({tuple(o.config.values()) for o in observations}) == 25
