import numpy as np
import pytest

from besom.numerics.anova import EVERYWHERE, Effects, Input, World, mixture, variance_alone
from besom.numerics.draws import Draws
from besom.numerics.gp import Posterior
from besom.numerics.kernel import features, matern52, squared_distances

LENGTHSCALE = np.array([0.4, 0.9, 1.3])
CATEGORIES = np.array([0, 0, 3])


def inputs() -> list[Input]:
    roots, masses = np.polynomial.legendre.leggauss(12)
    number = Input((roots + 1) / 2, masses / 2)
    return [number, number, Input(np.arange(3.0), np.array([0.5, 0.3, 0.2]), -1.0, is_category=True)]


def a_function(n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Points that carry a function of two numbers and a category, and its weights."""
    rng = np.random.default_rng(0)
    return np.column_stack([rng.random((n, 2)), rng.integers(-1, 3, n)]), rng.standard_normal((n, 1))


def kernel(x: np.ndarray, points: np.ndarray) -> np.ndarray:
    return matern52(squared_distances(*(features(at, CATEGORIES, LENGTHSCALE) for at in (x, points))))


def everywhere(held: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """All combinations of nodes, with the columns of `held` at these values, and their probabilities."""
    parts = [(np.array([held[j]]), np.ones(1)) if j in held else (one.at, one.mass) for j, one in enumerate(inputs())]
    grids = np.meshgrid(*(at for at, _ in parts), indexing="ij")
    masses = np.meshgrid(*(mass for _, mass in parts), indexing="ij")
    return np.column_stack([grid.ravel() for grid in grids]), np.prod(masses, axis=0).ravel()


def test_a_mixture_of_gaussian_kernels_is_the_matern_kernel() -> None:
    shares, precision = mixture()
    r2 = np.linspace(0, 12, 400) ** 2
    np.testing.assert_allclose(np.exp(-r2[:, None] * precision / 2) @ shares, matern52(r2), atol=1e-5)


@pytest.mark.parametrize("j", [0, 1, 2])
def test_the_effect_of_an_input_is_the_mean_over_all_others(j: int) -> None:
    points, a = a_function()
    found = Effects(points, LENGTHSCALE, inputs(), EVERYWHERE).alone(j) @ a
    for node, value in enumerate(inputs()[j].at):
        x, mass = everywhere({j: value})
        np.testing.assert_allclose(found[node], mass @ (kernel(x, points) @ a), atol=1e-4)


def test_the_effect_of_two_inputs_is_the_mean_over_the_third() -> None:
    points, a = a_function()
    found = (Effects(points, LENGTHSCALE, inputs(), EVERYWHERE).together(0, 2) @ a).reshape(12, 3)
    for g, h in ((0, 0), (5, 1), (11, 2)):
        x, mass = everywhere({0: inputs()[0].at[g], 2: inputs()[2].at[h]})
        np.testing.assert_allclose(found[g, h], (mass @ (kernel(x, points) @ a))[0], atol=1e-4)


def test_an_inactive_input_stands_where_it_does_in_the_worlds_in_which_it_is() -> None:
    points, a = a_function()
    worlds = [World(0.5, {2: 0}), World(0.3, {2: 1}, frozenset({1})), World(0.2, {2: 2}, frozenset({1}))]
    effects = Effects(points, LENGTHSCALE, inputs(), worlds)
    by_category = effects.alone(2) @ a
    x, mass = everywhere({2: 1.0, 1: 0.5})
    np.testing.assert_allclose(by_category[1], mass @ (kernel(x, points) @ a), atol=1e-4)
    x, mass = everywhere({2: 0.0})
    np.testing.assert_allclose(by_category[0], mass @ (kernel(x, points) @ a), atol=1e-4)
    # Where it is inactive, its own value changes nothing.
    both = (effects.together(1, 2) @ a).reshape(12, 3)
    assert np.ptp(both[:, 1]) == pytest.approx(0, abs=1e-12)
    assert np.ptp(both[:, 0]) > 0.01


def test_the_variance_of_an_effect_counts_each_node_by_its_probability() -> None:
    values = np.array([[0.0], [1.0]])
    np.testing.assert_allclose(variance_alone(values, np.array([0.25, 0.75])), [0.1875])


def test_draws_have_the_mean_and_the_spread_of_the_posterior() -> None:
    rng = np.random.default_rng(1)
    x, z = rng.random((12, 2)), rng.standard_normal(12)
    theta = np.array([np.log(0.5), np.log(0.5), 0.0, -3.0])
    places = rng.random((6, 2))
    draws = Draws(x, z, np.zeros(2, dtype=int), theta, places, rng.standard_normal((6, 4000)))
    mean, sd = Posterior(x, z, np.zeros(2, dtype=int), theta).predict(places)
    drawn, left = draws.at(places)
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=0.05)
    np.testing.assert_allclose(drawn.std(axis=1), sd, atol=0.05)
    np.testing.assert_allclose(left, 0, atol=1e-4)
    elsewhere = rng.random((5, 2))
    _, sd = Posterior(x, z, np.zeros(2, dtype=int), theta).predict(elsewhere)
    drawn, left = draws.at(elsewhere)
    np.testing.assert_allclose(np.sqrt(drawn.var(axis=1) + left), sd, atol=0.05)


def test_a_target_left_out_is_predicted_as_by_a_process_without_it() -> None:
    rng = np.random.default_rng(2)
    x, z = rng.random((10, 2)), rng.standard_normal(10)
    theta, numbers = np.array([-1.0, 0.0, 0.3, -2.0]), np.zeros(2, dtype=int)
    mean, sd = Posterior(x, z, numbers, theta).left_out()
    for i in (0, 4):
        rest = np.arange(10) != i
        expected, spread = Posterior(x[rest], z[rest], numbers, theta).predict(x[[i]])
        assert mean[i] == pytest.approx(expected[0])
        assert sd[i] == pytest.approx(np.sqrt(spread[0] ** 2 + np.exp(-2.0) + 1e-6))
