"""A regression of values of which some are only known from below."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, truncnorm

from besom.numerics.tobit import Tobit, _above

NUMBERS = np.zeros(2, dtype=np.intp)


def points(n, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (n, 2))


def plane(x):
    return 1.0 + 3.0 * x[:, 0] - 2.0 * x[:, 1]


def test_beyond_all_that_was_measured_it_follows_the_trend():
    x = points(12) * 0.5
    mean, sd = Tobit(x, plane(x), np.zeros(12, dtype=bool), NUMBERS).predict(np.array([[1.0, 0.0], [1.0, 1.0]]))
    assert np.abs(mean - [4.0, 2.0]).max() < 0.4
    assert np.all(np.abs(mean - [4.0, 2.0]) < 2 * sd)


def test_few_points_leave_it_unsure():
    x = points(2)
    near, far = Tobit(x, plane(x), np.zeros(2, dtype=bool), NUMBERS).predict(np.vstack([x[:1], 1 - x[:1]]))[1]
    assert far > 1.5 * near > 0.0
    assert far > 0.5


def test_a_lower_bound_that_nobody_doubts_changes_nothing_and_one_that_contradicts_raises_what_is_expected():
    x = points(15)
    y, is_bound = plane(x), np.arange(15) == 7
    without = Tobit(x[~is_bound], y[~is_bound], np.zeros(14, dtype=bool), NUMBERS).predict(x)[0]
    doubtless = Tobit(x, np.where(is_bound, y - 2.0, y), is_bound, NUMBERS).predict(x)[0]
    contrary = Tobit(x, np.where(is_bound, y + 1.5, y), is_bound, NUMBERS).predict(x)[0]
    assert np.abs(doubtless - without).max() < 1e-3
    assert contrary[7] > y[7] + 1.0


def test_it_agrees_with_the_joint_normal_distribution_of_its_own_covariance():
    x = points(6)
    y = plane(x) + 0.1 * np.sin(9 * x[:, 0])
    fitted = Tobit(x[:5], y[:5], np.zeros(5, dtype=bool), NUMBERS)
    line = fitted._line(x)
    k = line @ line.T + fitted._signal**2 * fitted._correlation(x, x) + fitted._noise**2 * np.eye(6)
    z = y - y[:5].mean()
    mean, sd = fitted.predict(x[5:])
    joint = multivariate_normal(np.zeros(6), k).logpdf(z) - multivariate_normal(np.zeros(5), k[:5, :5]).logpdf(z[:5])
    told = -0.5 * ((y[5] - mean[0]) / sd[0]) ** 2 - math.log(sd[0] * math.sqrt(2 * math.pi))
    assert told == pytest.approx(joint, abs=1e-6)


def test_what_is_expected_above_a_bound_is_the_truncated_normals_mean():
    bound, mean, sd = np.array([0.0, 2.0, -3.0, 40.0]), np.array([0.0, 0.5, 1.0, 0.0]), np.array([1.0, 0.7, 2.0, 1.0])
    expected = truncnorm((bound - mean) / sd, np.inf, loc=mean, scale=sd).mean()
    assert _above(bound, mean, sd)[:3] == pytest.approx(expected[:3], rel=1e-6)
    assert 40.0 < _above(bound, mean, sd)[3] < 40.1


def test_categories_have_levels_of_their_own():
    kinds = np.array([3], dtype=np.intp)
    x = np.array([[0.0], [1.0], [2.0], [0.0], [1.0], [2.0]])
    y = np.array([0.0, 1.0, 5.0, 0.1, 1.1, 5.1])
    mean, _ = Tobit(x, y, np.zeros(6, dtype=bool), kinds).predict(np.array([[0.0], [2.0]]))
    assert mean == pytest.approx([0.05, 5.05], abs=0.15)
