"""Acquisition functions: how promising a point is, given a Gaussian posterior there. The objective is minimised."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_HALF_LOG_HALF_PI = 0.5 * math.log(math.pi / 2)
_SMALLEST_SD = 1e-150


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
