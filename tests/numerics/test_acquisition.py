from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from besom.numerics.acquisition import log_ei, log_h


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
