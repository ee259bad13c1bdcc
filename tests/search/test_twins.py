"""Trials whose curves coincide."""

import math

import pytest
from curve_histories import MOST, PLANE, Play, review, seen
from hypothesis import given
from hypothesis import strategies as st

from besom.records import Config, Observation, Status
from besom.search.twins import leaders
from besom.space import Space

SPACE = Space.from_file(PLANE)


def trials(*curves: list[float]) -> list[Observation]:
    return [seen(i, {"x": i / 10, "y": 0.5}, values, Status.PAUSED) for i, values in enumerate(curves)]


def followed(*curves: list[float]) -> dict[int, int]:
    return {trial: leader.trial for trial, leader in leaders(trials(*curves)).items()}


def test_the_longest_of_those_that_coincide_tells_of_all() -> None:
    assert followed([3, 2, 1], [3, 2, 1, 0], [3, 2, 0, 0], [3, 2, 1, 0, 5]) == {0: 3, 1: 3}


def test_of_equal_curves_the_first_trial_tells() -> None:
    assert followed([3, 2, 1], [3, 2, 1], [3, 2, 1]) == {1: 0, 2: 0}


@pytest.mark.parametrize(
    "values", [[3, 2], [1, 1, 1], [3, math.nan, 1], [3, math.inf, 1]], ids=["short", "flat", "nan", "infinite"]
)
def test_a_beginning_that_says_little_makes_no_twins(values: list[float]) -> None:
    assert followed(values, [*values, 0.5]) == {}


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=6), max_size=8))
def test_a_leader_has_shown_all_that_its_followers_have_and_follows_nobody(curves: list[list[float]]) -> None:
    found = followed(*curves)
    for trial, leader in found.items():
        assert curves[leader][: len(curves[trial])] == curves[trial]
        assert leader not in found
    told = {i for i, values in enumerate(curves) if len(set(values[:3])) > 1}
    assert len(told - found.keys()) == len(
        {tuple(curves[i]) for i in told if not any(curves[j][: len(curves[i])] == curves[i] != curves[j] for j in told)}
    )


def stairs(config: Config, t: int) -> float:
    """Alike for all configurations of one of nine fields."""
    x, y = math.floor(3 * config["x"]), math.floor(3 * config["y"])
    return abs(x - 2) + abs(y - 1) + 1 / (t + x + 2 * y)


@pytest.mark.parametrize("can_resume", [True, False], ids=["resumes", "stops"])
def test_what_a_twin_would_show_is_not_paid_for(can_resume: bool) -> None:
    play = Play(SPACE, stairs, can_resume=can_resume, seed=1).run(60)
    followers = leaders(play.observations)
    assert followers
    assert not set(play.resumed) & followers.keys()
    lowest = min(min(o.curve.values) for o in play.observations if o.curve)
    left_early = [o for o in play.observations if o.trial in followers and min(o.curve.values) > lowest]
    assert all(o.fidelity < MOST / 2 for o in left_early)
    fields = {(math.floor(3 * o.config["x"]), math.floor(3 * o.config["y"])) for o in play.observations}
    assert (2, 1) in fields


def test_a_twin_gives_way_and_says_to_whom() -> None:
    others = [
        seen(i, {"x": i / 6, "y": 0.4}, [2 + i, 1 + i, 0.5 + i, 0.4 + i, 0.3 + i], Status.PAUSED) for i in range(5)
    ]
    twin = seen(5, {"x": 0.17, "y": 0.4}, list(others[0].curve.values[:3]), Status.PENDING)
    decision = review(SPACE, [*others, twin], 5, can_resume=True)
    assert decision.order == "pause"
    assert decision.reason is not None
    assert decision.reason.details == {"rung": 3.0, "twin_of": 0}
    assert "trial 0" in decision.reason.text
