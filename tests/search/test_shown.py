import math
from itertools import pairwise

import numpy as np
import pytest
from curve_histories import history, seen
from hypothesis import given
from hypothesis import strategies as st

from besom.records import Curve, Observation, Status
from besom.search.shown import Ladder, Shown, shown_of
from besom.space import Space

SPACE = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
LADDER = Ladder.to(27.0)


def shown(observations: list[Observation]) -> Shown:
    found = shown_of(history(SPACE, observations), LADDER)
    assert found is not None
    return found


@given(st.integers(4, 100_000))
def test_a_ladder_climbs_by_about_half_in_whole_numbers_to_the_most(most: int) -> None:
    levels = Ladder.to(float(most)).levels.tolist()
    assert levels[0] == 1
    assert levels[-1] == most
    assert all(level == int(level) for level in levels)
    assert all(1 < above / below <= 2.5 for below, above in pairwise(levels))


def test_a_ladder_below_one_has_fractions() -> None:
    assert Ladder.to(1.0, 0.1).levels == pytest.approx([0.1, 0.15, 0.225, 0.3375, 0.50625, 0.759375, 1.0])


def test_positions_are_logarithms_from_the_least_to_the_most() -> None:
    assert LADDER.position(np.array([0.0, 1.0, 3.0, 9.0, 27.0, 99.0])) == pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 1])


def test_after_the_end_there_is_no_level() -> None:
    assert not len(LADDER.after(27.0))
    assert LADDER.is_end(np.array([26.9, 26.99999999999, 27.0, 40.0])).tolist() == [False, True, True, True]
    assert not len(LADDER.after(26.99999999999))


def test_nothing_finite_is_nothing_shown() -> None:
    silent = [seen(0, {"x": 0.5}, [math.nan], Status.PENDING), Observation(1, {"x": 0.1}, Status.PENDING)]
    failed = seen(2, {"x": 0.2}, [1.0], Status.FAILED)
    assert shown_of(history(SPACE, [*silent, failed]), LADDER) is None


def test_a_trial_that_went_back_to_an_old_checkpoint_has_its_points_in_order() -> None:
    curve = Curve([(1.0, 9.0), (2.0, 8.0), (3.0, 7.0), (2.0, 6.0), (3.0, 5.0)])
    found = shown([Observation(0, {"x": 0.5}, Status.PENDING, curve=curve, fidelity=3.0)])
    assert (np.diff(found.seen.u) >= 0).all()
    assert found.latest.tolist() == [5.0]
    assert found.reached.tolist() == [3.0]


def test_trained_past_the_last_value_it_has_reached_further() -> None:
    found = shown([seen(0, {"x": 0.5}, [2.0, 1.0, math.nan, math.nan], Status.PAUSED)])
    assert found.latest.tolist() == [1.0]
    assert found.reached.tolist() == [4.0]


@pytest.mark.parametrize("status", [Status.PENDING, Status.FINISHED])
def test_of_many_curves_the_best_and_those_under_way_are_kept_and_the_points_stay_few(status: Status) -> None:
    xs = np.random.default_rng(0).random(300)
    told = [seen(i, {"x": float(x)}, [x + 1 / t for t in range(1, 28)], status) for i, x in enumerate(xs)]
    found = shown(told)
    assert set(np.argsort(xs)[:50]) <= set(found.trials.tolist())
    assert (len(found.trials) == 300) == (status is Status.PENDING)
    assert len(found.seen.y) <= max(180, len(found.trials))
    assert (np.diff(found.trials) > 0).all()
    assert (np.diff(found.seen.curve) >= 0).all()
