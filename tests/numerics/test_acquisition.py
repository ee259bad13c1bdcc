from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from besom.numerics.acquisition import expected_improvement, inverse_log_h, log_ei, log_h


def exact_log_h(u: float) -> float:
    """log(phi(u) + u Phi(u)) for u < 0 with fifty digits, by Laplace's continued fraction of the tail."""
    getcontext().prec = 50
    t = Decimal(-u)
    fraction = t
    for k in range(2000, 0, -1):
        fraction = t + Decimal(k) / fraction
    pi = Decimal("3.14159265358979323846264338327950288419716939937511")
    return float(-t * t / 2 - (2 * pi).ln() / 2 + (1 - t / fraction).ln())


@pytest.mark.parametrize("u", [-1.0, -1.0000001, -1.5, -3.0, -10.0, -37.0, -100.0, -999.9, -1000.1, -1e5])
def test_log_h_has_nine_digits_in_the_tail(u: float) -> None:
    assert log_h(np.array([u]))[0] == pytest.approx(exact_log_h(u), rel=1e-9)


@pytest.mark.parametrize("u", [-0.99, -0.5, 0.0, 1.0, 4.0, 40.0])
def test_log_h_is_the_integral_of_the_improvement(u: float) -> None:
    integral, _ = quad(lambda e: (u - e) * norm.pdf(e), -40, min(u, 40), points=[0] if u > 0 else None, limit=200)
    assert log_h(np.array([u]))[0] == pytest.approx(np.log(integral), abs=1e-7)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_log_ei_is_never_nan(mean: float, sd: float, best: float) -> None:
    assert not np.isnan(log_ei(np.array([mean]), np.array([sd]), best)).any()


@given(st.lists(st.floats(-1e4, 50), min_size=2, max_size=20))
def test_log_h_grows_with_promise(u: list[float]) -> None:
    ordered = np.sort(np.array(u))
    assert (np.diff(log_h(ordered)) >= -1e-9 * np.abs(log_h(ordered))[:-1]).all()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        log_ei(np.zeros(3), np.ones(2), 0.0)


@given(st.floats(-5, 5), st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_the_quick_improvement_is_the_exponential_of_the_careful_one(mean: float, sd: float, best: float) -> None:
    exact = np.exp(log_ei(np.array([mean]), np.array([sd]), best))
    quick = expected_improvement(np.array([mean]), np.array([sd]), np.array([best]))
    np.testing.assert_allclose(quick, exact, rtol=1e-6, atol=1e-12 * sd)


def test_far_in_the_tail_the_quick_improvement_is_zero_and_far_above_it_is_linear() -> None:
    below, above = expected_improvement(np.zeros(2), np.ones(2), np.array([-1e200, 1e6]))
    assert 0 <= below < 1e-300
    assert above == pytest.approx(1e6)


@given(st.floats(-34.9, 300))
def test_inverse_log_h_inverts_log_h(u: float) -> None:
    back = inverse_log_h(log_h(np.array([u])))[0]
    assert back == pytest.approx(u, rel=1e-3, abs=1e-4)


def test_inverse_log_h_of_costs_beyond_its_table_stays_in_bounds() -> None:
    free, dear = inverse_log_h(np.array([-1e6, 1e6]))
    assert free == -35
    assert np.isfinite(dear)
