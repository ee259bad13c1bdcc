from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from besom.numerics.acquisition import log_ei
from besom.numerics.price import Stages, log_price, reservation

BEST = 0.3
NORMAL = NormalDist()


def two_stages(
    mean: np.ndarray, variance: np.ndarray, settled: np.ndarray, first: np.ndarray, rest: np.ndarray
) -> Stages:
    """Looks that tell of the end, and show nothing worth having themselves."""
    return Stages(mean, variance, settled, first, rest, np.full_like(settled, 1e300), np.full_like(settled, 1e-12))


def one(mean: float, variance: float, settled: float, first: float, rest: float) -> Stages:
    return two_stages(np.array([mean]), np.array([variance]), *(np.array([[v]]) for v in (settled, first, rest)))


def improvement(mean: float, sd: float, best: float) -> float:
    u = (best - mean) / sd
    return sd * (NORMAL.pdf(u) + u * NORMAL.cdf(u))


def exact_worth(stages: Stages, best: float, price: float) -> float:
    """What the look is worth at a price, less what it costs: the integral over what it may show."""
    mean, variance, settled = float(stages.mean[0]), float(stages.variance[0]), float(stages.settled[0, 0])
    first, rest = price * float(stages.first[0, 0]), price * float(stages.rest[0, 0])
    sd = np.sqrt(variance - settled)

    def gain(e: float) -> float:
        return max(improvement(mean + np.sqrt(settled) * e, sd, best) - rest, 0.0) * NORMAL.pdf(e)

    return quad(gain, -8, 8, limit=400)[0] - first


CASES = [
    one(0.5, 1.0, 0.4, 1.0, 3.0),
    one(-0.5, 0.5, 0.3, 2.0, 5.0),
    one(1.0, 0.3, 0.1, 1.0, 1.0),
    one(0.3, 2.0, 1.2, 0.5, 8.0),
]


@pytest.mark.parametrize("stages", CASES)
def test_the_price_is_the_root_of_the_two_stages(stages: Stages) -> None:
    expected = brentq(lambda log: exact_worth(stages, BEST, np.exp(log)), -30, 10)
    assert log_price(stages, BEST)[0, 0] == pytest.approx(expected, abs=0.1)  # eight nodes against an integral


@pytest.mark.parametrize("stages", CASES)
@pytest.mark.parametrize("price", [0.001, 0.01, 0.1])
def test_the_reservation_is_the_best_value_at_which_the_two_stages_break_even(stages: Stages, price: float) -> None:
    expected = brentq(lambda best: exact_worth(stages, best, price), -30, 30)
    assert reservation(stages, price)[0, 0] == pytest.approx(expected, abs=0.15)


@given(
    st.floats(-3, 3), st.floats(0.01, 4), st.floats(0.01, 0.6), st.floats(0.1, 30), st.floats(0, 30), st.floats(-2, 2)
)
def test_price_and_reservation_are_two_readings_of_one_equation(
    mean: float, variance: float, part: float, first: float, rest: float, best: float
) -> None:
    stages = one(mean, variance, part * variance, first, rest)
    price = float(np.exp(log_price(stages, best)[0, 0]))
    if price < 1e-12:
        return  # the quicker improvement, which `reservation` uses, has no digits left there
    assert reservation(stages, price)[0, 0] == pytest.approx(best, abs=5e-3 * (1 + abs(best) + variance**0.5))


def test_with_nothing_to_decide_after_the_look_both_have_closed_forms() -> None:
    """A look that is the end, and shows all: improvement over cost, and its inverse."""
    mean, sd, cost = 0.7, 0.8, 5.0
    stages = one(mean, sd**2, sd**2 * (1 - 1e-9), cost, 0.0)
    # A sure value has a kink, which eight nodes see roughly.
    log_improvement = log_ei(np.array([mean]), np.array([sd]), BEST)[0]
    assert log_price(stages, BEST)[0, 0] == pytest.approx(log_improvement - np.log(cost), abs=0.25)
    unsettled = one(mean, sd**2, 0.0, cost, 0.0)
    assert log_price(unsettled, BEST)[0, 0] == pytest.approx(log_improvement - np.log(cost), abs=1e-3)
    at = reservation(unsettled, 0.02)[0, 0]
    assert improvement(mean, sd, at) == pytest.approx(0.02 * cost, rel=1e-3)


def test_a_look_that_tells_more_is_worth_more() -> None:
    settled = np.array([[0.0, 0.3, 0.6, 0.9]])
    same = np.ones((1, 4))
    stages = two_stages(np.array([0.5]), np.array([1.0]), settled, same, 9 * same)
    assert (np.diff(log_price(stages, BEST)[0]) > 0).all()
    assert (np.diff(reservation(stages, 0.02)[0]) < 0).all()


def test_a_better_or_more_uncertain_or_cheaper_curve_is_preferred() -> None:
    mean, variance = np.array([0.5, 0.2, 0.5, 0.5]), np.array([1.0, 1.0, 2.0, 1.0])
    cost = np.array([[2.0], [2.0], [2.0], [1.0]])
    stages = two_stages(mean, variance, 0.5 * variance[:, None], cost, 3 * cost)
    values = reservation(stages, 0.02)[:, 0]
    assert (values[1:] < values[0]).all()
    assert (log_price(stages, BEST)[1:, 0] > log_price(stages, BEST)[0, 0]).all()


def test_what_a_look_shows_counts_itself() -> None:
    """Of a curve that turns up again: the second look is where it is lowest, and the end is worth nothing."""
    look_mean, sd, first = np.array([[0.9, -0.4, 3.0]]), 0.5, np.array([[1.0, 4.0, 9.0]])
    stages = replace(
        two_stages(np.array([3.0]), np.array([sd**2]), np.full((1, 3), 0.1), first, 9.0 - first),
        look_mean=look_mean,
        look_variance=np.full((1, 3), sd**2),
    )
    prices, values = log_price(stages, BEST), reservation(stages, 0.01)
    assert prices.argmax() == values.argmin() == 1
    assert np.exp(prices[0, 1]) * 4.0 == pytest.approx(improvement(-0.4, sd, BEST), rel=1e-6)
    assert improvement(-0.4, sd, values[0, 1]) == pytest.approx(0.01 * 4.0, rel=1e-3)


@pytest.mark.parametrize("mean", [-1e9, -1e3, 0.0, 1e3, 1e9, 1e200])
@pytest.mark.parametrize("variance", [1e-12, 1.0, 1e9])
def test_the_hopeless_and_the_certain_get_finite_prices(mean: float, variance: float) -> None:
    stages = one(mean, variance, 0.5 * variance, 1e-3, 1e6)
    for best in (-1e9, 0.0, 1e9):
        assert not np.isnan(log_price(stages, best)).any()
    for price in (1e-260, 1.0, 1e200):
        assert not np.isnan(reservation(stages, price)).any()
