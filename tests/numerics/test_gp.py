import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from besom.numerics.gp import JITTER, Posterior, Prior, default_prior, fit, negative_log_posterior
from besom.numerics.kernel import features, pair_distances, squared_distances


def a_problem(n: int = 25, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two numbers and one category of three, with a target that depends on all of them."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.random((n, 2)), rng.integers(0, 3, n)]).astype(float)
    z = np.sin(5 * x[:, 0]) + 0.3 * x[:, 1] + 0.5 * (x[:, 2] == 1)
    return x, (z - z.mean()) / z.std(), np.array([0, 0, 3])


def test_posterior_equals_scikit_learns() -> None:
    x, z, _ = a_problem()
    x = x[:, :2]
    theta = np.array([np.log(0.3), np.log(0.8), np.log(1.7), -5.0])
    ours = Posterior(x, z, np.array([0, 0]), theta)
    kernel = ConstantKernel(1.7, "fixed") * Matern([0.3, 0.8], "fixed", nu=2.5)
    theirs = GaussianProcessRegressor(kernel, alpha=np.exp(-5.0) + JITTER, optimizer=None).fit(x, z)
    at = np.random.default_rng(1).random((50, 2))
    mean, sd = ours.predict(at)
    expected_mean, expected_sd = theirs.predict(at, return_std=True)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-8)
    np.testing.assert_allclose(sd, expected_sd, atol=1e-8)


def test_the_means_at_the_targets_own_inputs_are_what_it_predicts_there() -> None:
    x, z, categories = a_problem()
    posterior = Posterior(x, z, categories, np.array([-1.0, 0.0, 0.5, 0.3, -2.0]))
    np.testing.assert_allclose(posterior.means, posterior.predict(x)[0], atol=1e-10)


def test_likelihood_equals_scikit_learns() -> None:
    x, z, _ = a_problem()
    x = x[:, :2]
    theta = np.array([np.log(0.3), np.log(0.8), np.log(1.7), -5.0])
    flat = Prior(theta, np.ones(4))  # at its own mean the prior adds nothing
    value, _ = negative_log_posterior(theta, pair_distances(x, np.array([False, False])), z, flat)
    kernel = ConstantKernel(1.7, "fixed") * Matern([0.3, 0.8], "fixed", nu=2.5)
    theirs = GaussianProcessRegressor(kernel, alpha=np.exp(-5.0) + JITTER, optimizer=None).fit(x, z)
    constant = 0.5 * len(z) * np.log(2 * np.pi)
    assert value + constant == pytest.approx(-theirs.log_marginal_likelihood_value_, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_gradient_equals_finite_differences(seed: int) -> None:
    x, z, categories = a_problem(seed=seed)
    distances, prior = pair_distances(x, categories > 0), default_prior(3)
    theta = np.random.default_rng(seed).normal(0, 0.7, 5) - np.array([0, 0, 0, 0, 3.0])
    error = check_grad(
        lambda t: negative_log_posterior(t, distances, z, prior)[0],
        lambda t: negative_log_posterior(t, distances, z, prior)[1],
        theta,
    )
    assert error < 1e-4


def test_feature_distances_are_those_of_numbers_and_of_hamming() -> None:
    x, _, categories = a_problem()
    x[0, 2] = -1  # inactive: a category of its own
    lengthscale = np.array([0.3, 0.8, 2.0])
    expected = ((x[:, None, :2] - x[None, :, :2]) ** 2 / lengthscale[:2] ** 2).sum(2)
    expected += (x[:, None, 2] != x[None, :, 2]) / lengthscale[2] ** 2
    f = features(x, categories, lengthscale)
    np.testing.assert_allclose(squared_distances(f, f), expected, atol=1e-12)


def test_fit_finds_the_input_that_matters_and_predicts_unseen_points() -> None:
    rng = np.random.default_rng(3)
    x = rng.random((60, 3))
    z = np.sin(6 * x[:, 0])
    theta = fit(x, z, np.zeros(3, dtype=np.intp))
    assert theta[0] < theta[1] - 1
    assert theta[0] < theta[2] - 1
    at = rng.random((40, 3))
    mean, _ = Posterior(x, z, np.zeros(3, dtype=np.intp), theta).predict(at)
    assert np.abs(mean - np.sin(6 * at[:, 0])).max() < 0.1


def test_fit_never_ends_worse_than_where_it_began() -> None:
    x, z, categories = a_problem()
    prior, distances = default_prior(3), pair_distances(x, categories > 0)
    found = fit(x, z, categories)
    at_end, at_start = (negative_log_posterior(t, distances, z, prior)[0] for t in (found, prior.mean))
    assert at_end < at_start - 1


@pytest.mark.parametrize("x", [np.full((30, 2), 0.5), np.random.default_rng(0).random((30, 2)).round(1)])
def test_equal_points_and_constant_targets_are_no_trouble(x: np.ndarray) -> None:
    theta = fit(x, np.zeros(30), np.zeros(2, dtype=np.intp))
    at = np.random.default_rng(1).random((9, 2))
    mean, sd = Posterior(x, np.zeros(30), np.zeros(2, dtype=np.intp), theta).predict(at)
    assert np.isfinite(mean).all()
    assert (sd > 0).all()


def test_a_believed_point_keeps_the_mean_and_takes_the_uncertainty_away() -> None:
    x, z, categories = a_problem(8)
    before = Posterior(x, z, categories, default_prior(3).mean)
    point, elsewhere = np.array([[0.95, 0.05, 2.0]]), np.array([[0.5, 0.5, 0.0]])
    after = before.joined(point)
    np.testing.assert_allclose(after.predict(elsewhere)[0], before.predict(elsewhere)[0], atol=1e-3)
    assert after.predict(point)[1] < 0.1 * before.predict(point)[1]


def test_prior_lengthscales_grow_with_the_dimension() -> None:
    means = [default_prior(d).mean[0] for d in (1, 5, 20, 30, 40, 100)]
    assert means == sorted(means)
    assert default_prior(100).mean[0] == pytest.approx(2**0.5 + 0.5 * np.log(100))
