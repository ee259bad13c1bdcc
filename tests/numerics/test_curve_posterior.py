from dataclasses import replace

import numpy as np
import pytest
from test_curve_process import covariance, some_curves, some_theta

from besom.numerics.curve_posterior import CurvePosterior
from besom.numerics.curve_process import JITTER, Curves

AT = np.array([[0.1, 0.9, 2.0], [0.5, 0.5, -1.0], [0.7, 0.2, 0.0]])
NEW = np.full(3, -1)
ENDS = np.ones(3)


def textbook(curves: Curves, theta: np.ndarray, x: np.ndarray, own: np.ndarray, u: np.ndarray) -> tuple:
    """Mean and covariance at `u` of the curves at `x`: Rasmussen & Williams, eq. 2.25 and 2.26, inverse and all."""
    # A curve that is not known gets a number that no known one has.
    number = np.where(own < 0, len(curves.x) + np.arange(len(x)), own)
    everything = np.zeros((len(curves.x) + len(x), x.shape[1]))
    everything[: len(curves.x)] = curves.x
    everything[number] = x
    at = Curves(everything, curves.categories, number, u, np.zeros(len(u)))
    k = covariance(theta, curves, curves) + (np.exp(2 * theta[-1]) + JITTER) * np.eye(len(curves.u))
    cross = covariance(theta, at, curves)
    inverse = np.linalg.inv(k)
    return cross @ inverse @ curves.z, covariance(theta, at, at) - cross @ inverse @ cross.T


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("own", [[-1, -1, -1], [0, 3, 5], [2, -1, 4]])
def test_predictions_are_the_textbooks(seed: int, own: list[int]) -> None:
    curves, theta = some_curves(seed), some_theta(seed)
    known = np.array(own)
    x = np.where(known[:, None] < 0, AT, curves.x[known])
    u = np.array([1.0, 0.6, 0.05])
    mean, sd = CurvePosterior(curves, theta).predict_at(x, known, u)
    expected_mean, expected = textbook(curves, theta, x, known, u)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-7)
    np.testing.assert_allclose(sd**2, np.diag(expected), atol=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_three_ways_to_the_final_value_agree(seed: int) -> None:
    posterior = CurvePosterior(some_curves(seed), some_theta(seed))
    mean, sd = posterior.predict_final(AT)
    mean_at, sd_at = posterior.predict_at(AT, NEW, ENDS)
    outlook = posterior.outlook(AT, NEW, np.full((3, 2), 0.5))
    for other_mean, other_sd in [(mean_at, sd_at), (outlook.mean, np.sqrt(outlook.variance))]:
        np.testing.assert_allclose(other_mean, mean, atol=1e-9)
        np.testing.assert_allclose(other_sd, sd, atol=1e-8)


@pytest.mark.parametrize("own", [-1, 2])
def test_what_a_look_is_to_show_is_what_is_predicted_there(own: int) -> None:
    curves, theta = some_curves(1), some_theta(1)
    x = AT[:1] if own < 0 else curves.x[own : own + 1]
    looks = np.array([0.2, 0.7, 1.0])
    posterior = CurvePosterior(curves, theta)
    outlook = posterior.outlook(x, np.array([own]), looks[None, :])
    mean, sd = posterior.predict_at(np.repeat(x, 3, axis=0), np.full(3, own), looks)
    np.testing.assert_allclose(outlook.look_mean[0], mean, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(outlook.look_variance[0]), sd, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("own", [-1, 2])
def test_what_a_look_settles_is_what_seeing_it_takes_from_the_variance(seed: int, own: int) -> None:
    curves, theta = some_curves(seed), some_theta(seed)
    x = AT[:1] if own < 0 else curves.x[own : own + 1]
    looks = np.array([[0.3, 0.8, 1.0]])
    outlook = CurvePosterior(curves, theta).outlook(x, np.array([own]), looks)
    for look, settled in zip(looks[0], outlook.settled[0], strict=True):
        _, joint = textbook(
            curves,
            theta,
            np.repeat(x, 2, axis=0),
            np.array([6, 6]) if own < 0 else np.full(2, own),
            np.array([1.0, look]),
        )
        noisy = joint[1, 1] + np.exp(2 * theta[-1]) + JITTER
        assert settled == pytest.approx(joint[0, 1] ** 2 / noisy, abs=1e-8)
        assert outlook.variance[0] == pytest.approx(joint[0, 0], abs=1e-8)


def test_a_look_settles_never_more_than_there_is_and_the_end_settles_most() -> None:
    posterior = CurvePosterior(some_curves(), some_theta())
    outlook = posterior.outlook(AT, NEW, np.tile(np.linspace(0, 1, 9), (3, 1)))
    assert (outlook.settled >= 0).all()
    assert (outlook.settled <= outlook.variance[:, None]).all()
    assert (outlook.settled.argmax(axis=1) == 8).all()


def test_what_was_seen_without_noise_is_predicted() -> None:
    curves, theta = some_curves(), some_theta()
    theta[-1] = -7.0
    mean, sd = CurvePosterior(curves, theta).predict_at(curves.x[curves.curve], curves.curve, curves.u)
    np.testing.assert_allclose(mean, curves.z, atol=2e-2)
    assert sd.max() < 0.05


@pytest.mark.parametrize("own", [[-1, -1, -1], [0, -1, 5]])
def test_a_believed_end_keeps_every_mean_and_takes_its_own_uncertainty_away(own: list[int]) -> None:
    curves, theta = some_curves(), some_theta()
    theta[-1] = -6.0
    before, known = CurvePosterior(curves, theta), np.array(own)
    x = np.where(known[:, None] < 0, AT, curves.x[known])
    after = before.joined(x, known)
    elsewhere = np.random.default_rng(1).random((20, 3)).round(1) * [1, 1, 0]
    np.testing.assert_allclose(after.predict_final(elsewhere)[0], before.predict_final(elsewhere)[0], atol=1e-4)
    number = np.where(known < 0, len(curves.x) + np.cumsum(known < 0) - 1, known)
    assert (after.predict_at(x, number, ENDS)[1] < 0.1 * before.predict_at(x, known, ENDS)[1]).all()
    assert (after.predict_final(elsewhere)[1] <= before.predict_final(elsewhere)[1] + 1e-9).all()


def test_nothing_under_way_changes_nothing() -> None:
    posterior = CurvePosterior(some_curves(), some_theta())
    assert posterior.joined(np.empty((0, 3)), np.empty(0, dtype=np.intp)) is posterior


def test_the_same_curve_told_twice_is_no_trouble() -> None:
    curves = some_curves()
    twice = replace(
        curves,
        curve=np.sort(np.concatenate([curves.curve, curves.curve])),
        u=np.repeat(curves.u, 2),
        z=np.repeat(curves.z, 2),
    )
    mean, sd = CurvePosterior(twice, some_theta()).predict_final(AT)
    assert np.isfinite(mean).all()
    assert (sd > 0).all()
