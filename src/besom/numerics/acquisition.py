"""Acquisition functions: how promising a point is, given a Gaussian posterior there. The objective is minimised."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_HALF_LOG_HALF_PI = 0.5 * math.log(math.pi / 2)
_SMALLEST_SD = 1e-150
_SQRT_2PI = math.sqrt(2 * math.pi)


def log_ei(mean: Floats, sd: Floats, best: float) -> Floats:
    """Log expected improvement below `best`, stable far into the tail.

    Args:
        mean: Posterior mean, shape (..., n), in standardised objective units.
        sd: Posterior standard deviation, same shape and units; 0 is taken as a tiny positive number.
        best: Incumbent value in the same units; smaller is better.

    Returns:
        Natural log of EI, shape (..., n). Never NaN for finite arguments.

    Raises:
        ValueError: `mean` and `sd` differ in shape.

    Source:
        Ament et al. 2023, arXiv:2310.20708, eq. 9.
    """
    if mean.shape != sd.shape:
        raise ValueError(f"log_ei: mean and sd need one shape, got {mean.shape} and {sd.shape}; broadcast them first.")
    width = np.maximum(sd, _SMALLEST_SD)
    return np.log(width) + log_h((best - mean) / width)


def log_h(u: Floats) -> Floats:
    """log(phi(u) + u Phi(u)): log expected improvement of a standard normal, at `u` standard deviations of promise.

    Args:
        u: (best - mean) / sd, any shape.

    Returns:
        Same shape; accurate to about 1e-9, also where the improvement itself underflows.

    Source:
        Ament et al. 2023, arXiv:2310.20708, appendix A.
    """
    from scipy.special import erfcx, ndtr

    with np.errstate(over="ignore"):  # beyond 1e154 standard deviations the result is infinite, as it should
        near = np.maximum(u, -1.0)
        direct = np.log(np.exp(-0.5 * near**2 - _HALF_LOG_2PI) + near * ndtr(near))
        t = np.clip(-u, 1.0, 1e3)
        tail = np.log(-np.expm1(np.log(erfcx(t / math.sqrt(2)) * t) + _HALF_LOG_HALF_PI))
        far = np.maximum(-u, 1e3)
        correction = np.where(u < -1e3, -2 * np.log(far) - 3 / far**2, tail)
        return np.where(u > -1.0, direct, -0.5 * np.minimum(u, -1.0) ** 2 - _HALF_LOG_2PI + correction)


def expected_improvement(mean: Floats, sd: Floats, best: Floats) -> Floats:
    """Expected improvement below `best`, quicker than `log_ei`; it underflows far in the tail.

    Args:
        mean: Posterior mean; the three broadcast.
        sd: Posterior standard deviation, positive.
        best: Incumbent values, all in the same units.

    Returns:
        The improvement in these units, never negative.
    """
    from scipy.special import ndtr

    u = (best - mean) / sd
    density = np.exp(-0.5 * np.square(np.clip(u, -37.4, 37.4))) / _SQRT_2PI  # no overflow, no denormals
    return np.asarray(np.maximum(sd * (density + u * ndtr(u)), 0.0))


def inverse_log_h(log_cost: Floats) -> Floats:
    """The u at which `log_h(u)` is `log_cost`, same shape: linear between 1,800 exact values, accurate to about 1e-4.

    With log_cost = log(c / sd), mean + u sd is the best value at which an improvement would be worth just c. Never less
    than -35, as if nothing cost less than about e^-620 standard deviations.
    """
    u, value = _log_h_table()
    inside = np.interp(log_cost, value, u)
    return np.where(log_cost > value[-1], np.exp(np.minimum(log_cost, 700.0)), inside)


@cache
def _log_h_table() -> tuple[Floats, Floats]:
    u = np.concatenate([np.linspace(-35.0, -8.0, 200)[:-1], np.linspace(-8.0, 8.0, 1601)])
    return u, log_h(u)
