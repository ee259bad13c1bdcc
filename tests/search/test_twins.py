"""Trials whose curves coincide."""

import math

import numpy as np
import pytest
from curve_histories import MOST, PLANE, Play, review, seen
from hypothesis import given
from hypothesis import strategies as st

from besom.records import Config, Observation, Status
from besom.search.twins import leaders, unproven
from besom.space import Space

SPACE = Space.from_file(PLANE)


FINE = [1.0, 1.0001]
"""Values of another trial, which show that the metric has small steps."""
A, B, C, D = 3.21, 2.34, 1.12, 0.87


def trials(*curves: list[float]) -> list[Observation]:
    return [seen(i, {"x": i / 100, "y": 0.5}, values, Status.PAUSED) for i, values in enumerate(curves)]


def followed(*curves: list[float]) -> dict[int, int]:
    return {trial: leader.trial for trial, leader in leaders(trials(*curves, FINE)).items()}


def test_the_longest_of_those_that_coincide_tells_of_all() -> None:
    assert followed([A, B, C], [A, B, C, D], [A, B, D, D], [A, B, C, D, A]) == {0: 3, 1: 3}


def test_of_equal_curves_the_first_trial_tells() -> None:
    assert followed([A, B], [A, B], [A, B]) == {1: 0, 2: 0}


@pytest.mark.parametrize(
    "values", [[A], [A, A, A], [A, math.nan, B], [A, math.inf, B]], ids=["short", "flat", "nan", "infinite"]
)
def test_a_beginning_that_says_little_makes_no_twins(values: list[float]) -> None:
    assert followed(values, [*values, 0.5]) == {}


@pytest.mark.parametrize(("step", "is_twin"), [(0.1, False), (1e-4, True)], ids=["coarse", "fine"])
def test_curves_of_a_coarse_metric_may_coincide_by_chance(step: float, is_twin: bool) -> None:
    rng = np.random.default_rng(0)
    others = [[round(v / step) * step for v in rng.random(12)] for _ in range(30)]
    curves = [*others, others[0][:3], others[0]]
    found = {trial: leader.trial for trial, leader in leaders(trials(*curves)).items()}
    assert found.get(30) == (0 if is_twin else None)
    assert found.get(31) == 0


@given(st.lists(st.lists(st.sampled_from([A, B]), min_size=2, max_size=5), max_size=8))
def test_a_leader_has_shown_all_that_its_followers_have_and_follows_nobody(curves: list[list[float]]) -> None:
    found = followed(*curves)
    for trial, leader in found.items():
        assert curves[leader][: len(curves[trial])] == curves[trial]
        assert leader not in found


def test_curves_must_coincide_longer_than_any_two_that_then_parted() -> None:
    parted = [[A, B, C, D], [A, B, C, A, B]]
    assert followed(*parted, [B, A, D], [B, A, D, C]) == {}
    assert followed(*parted, [B, A, D, C], [B, A, D, C, A]) == {2: 3}


def test_one_twin_is_to_show_whether_they_stay_together() -> None:
    waiting = trials([A, B, C, D], [A, B], [A, B, C], FINE)
    assert [o.trial for o in unproven(waiting, 4.0)] == [1, 2]
    assert unproven(waiting, 5.0) == []
    assert unproven(trials([A, B, C, D], [A, B], [A, B, C, D], FINE), 4.0) == []


def stairs(config: Config, t: int) -> float:
    """Alike for all configurations of one of nine fields."""
    x, y = math.floor(3 * config["x"]), math.floor(3 * config["y"])
    return abs(x - 2) + abs(y - 1) + 1 / (t + x + 2 * y) + math.sin(7 * t + 3 * x + y) / 100


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
        seen(i, {"x": i / 6, "y": 0.4}, [math.sin(t + i) + 5 / t for t in range(1, 6)], Status.PAUSED) for i in range(5)
    ]
    twin = seen(5, {"x": 0.17, "y": 0.4}, list(others[0].curve.values[:3]), Status.PENDING)
    decision = review(SPACE, [*others, twin], 5, can_resume=True)
    assert decision.order == "pause"
    assert decision.reason is not None
    assert decision.reason.details == {"rung": 3.0, "twin_of": 0}
    assert "trial 0" in decision.reason.text
