import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

from besom.numerics.curve_process import JITTER, Curves, Likelihood, curve_prior, fit_curves, matern32
from besom.numerics.gp import Prior

D = 3


def some_curves(seed: int = 0, curves: int = 6, points: int = 4) -> Curves:
    """Curves over two numbers and a category of three, of different lengths."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.random((curves, 2)), rng.integers(-1, 3, curves)]).astype(float)
    length = rng.integers(1, points + 1, curves)
    u = np.concatenate([np.sort(rng.random(n)) for n in length])
    curve = np.repeat(np.arange(curves), length)
    z = np.sin(4 * x[curve, 0]) + np.exp(-3 * u) * (1 + x[curve, 1]) + 0.1 * rng.standard_normal(len(u))
    return Curves(x, np.array([0, 0, 3]), curve, u, z)


def some_theta(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return curve_prior(D).mean + rng.normal(0, 0.4, D + 8)


def covariance(theta: np.ndarray, p: Curves, q: Curves) -> np.ndarray:
    """The kernel between the points of `p` and of `q`, entry by entry from its formula, without noise."""
    l2 = np.exp(2 * theta[:D])
    a, b, c, e, g = np.exp(2 * theta[D : D + 5])
    lt, lc = np.exp(theta[D + 5 : D + 7])
    k = np.zeros((len(p.u), len(q.u)))
    for i in range(len(p.u)):
        for j in range(len(q.u)):
            x, y, u, v = p.x[p.curve[i]], q.x[q.curve[j]], p.u[i], q.u[j]
            r = np.sqrt(5 * ((x[0] - y[0]) ** 2 / l2[0] + (x[1] - y[1]) ** 2 / l2[1] + (x[2] != y[2]) / l2[2]))
            s = np.sqrt(3) * abs(u - v) / lt
            along = (1 + s) * np.exp(-s)
            k[i, j] = (a + b * along) * (1 + r + r * r / 3) * np.exp(-r) + e * along + g * (1 - u) * (1 - v)
            if p.curve[i] == q.curve[j]:
                k[i, j] += c * np.exp(-abs(u - v) / lc)
    return k


@pytest.mark.parametrize("seed", range(5))
def test_gradient_equals_finite_differences(seed: int) -> None:
    likelihood = Likelihood(some_curves(seed), curve_prior(D))
    theta = some_theta(seed)
    gradient = likelihood(theta)[1]
    assert check_grad(lambda t: likelihood(t)[0], lambda t: likelihood(t)[1], theta) < 1e-5 * np.abs(gradient).max()


@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_is_that_of_a_normal_with_the_kernels_covariance(seed: int) -> None:
    curves, theta = some_curves(seed), some_theta(seed)
    noise = np.exp(2 * theta[-1]) + JITTER
    k = covariance(theta, curves, curves) + noise * np.eye(len(curves.u))
    value, _ = Likelihood(curves, Prior(theta, np.ones(D + 8)))(theta)  # at its own mean the prior adds nothing
    expected = -multivariate_normal.logpdf(curves.z, np.zeros(len(k)), k) - 0.5 * len(k) * np.log(2 * np.pi)
    assert value == pytest.approx(expected, rel=1e-9)


def test_the_prior_pulls_as_a_normal_does() -> None:
    curves, theta = some_curves(), some_theta()
    at_mean, _ = Likelihood(curves, Prior(theta, np.ones(D + 8)))(theta)
    away, _ = Likelihood(curves, Prior(theta - 2.0, np.full(D + 8, 4.0)))(theta)
    assert away - at_mean == pytest.approx(0.5 * (D + 8) * 0.25)


def test_fitting_makes_the_curves_more_likely() -> None:
    curves = some_curves(1, curves=12)
    likelihood = Likelihood(curves, curve_prior(D))
    assert likelihood(fit_curves(curves))[0] < likelihood(curve_prior(D).mean)[0] - 1


def test_fitting_finds_the_parameter_that_matters() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((20, 2))
    curve, u = np.repeat(np.arange(20), 3), np.tile([0.2, 0.6, 1.0], 20)
    theta = fit_curves(Curves(x, np.array([0, 0]), curve, u, np.sin(6 * x[curve, 0]) + 0.5 * np.exp(-3 * u)))
    assert theta[0] < theta[1] - 1


def test_fitting_tells_curves_that_differ_by_themselves_from_those_that_their_configuration_explains() -> None:
    rng = np.random.default_rng(0)
    x, own = rng.random((25, 1)), rng.standard_normal(25)
    curve, u = np.repeat(np.arange(25), 4), np.tile([0.1, 0.4, 0.7, 1.0], 25)
    by_luck = fit_curves(Curves(x, np.array([0]), curve, u, own[curve]))
    by_config = fit_curves(Curves(x, np.array([0]), curve, u, np.sin(5 * x[curve, 0])))
    assert by_luck[3] > by_config[3] + 1


@pytest.mark.parametrize(
    "curves",
    [
        Curves(np.array([[0.5]]), np.array([0]), np.array([0]), np.array([1.0]), np.array([0.0])),
        Curves(np.full((9, 1), 0.5), np.array([0]), np.arange(9), np.full(9, 0.5), np.zeros(9)),
        Curves(np.full((2, 1), 0.5), np.array([0]), np.repeat([0, 1], 6), np.full(12, 0.5), np.arange(12) * 1e3),
    ],
    ids=["one point", "equal curves", "many values at one point"],
)
def test_degenerate_curves_are_fitted_too(curves: Curves) -> None:
    assert np.isfinite(fit_curves(curves)).all()


def test_where_the_matrix_is_not_positive_definite_the_search_steps_back() -> None:
    twice = Curves(np.zeros((1, 1)), np.array([0]), np.zeros(9, dtype=np.intp), np.full(9, 0.5), np.zeros(9))
    theta = curve_prior(1).mean
    theta[1:6] = 40.0  # beside it the noise is lost in rounding
    value, gradient = Likelihood(twice, curve_prior(1))(theta)
    assert value == 1e25
    assert not gradient.any()


@given(st.floats(0, 20), st.floats(0.05, 10))
def test_matern32_falls_from_one(distance: float, lengthscale: float) -> None:
    near, far = matern32(np.array([distance, distance + 0.1]), lengthscale)
    assert 0 <= far <= near <= matern32(np.zeros(1), lengthscale)[0] == 1
