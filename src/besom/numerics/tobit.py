"""A regression of values of which some are only known from below: a line, and a Gaussian process around it.

Letters: n points, d inputs, f features, b of the points with a lower bound only.
    x (n, d)   inputs, see `kernel`
    y (n,)     targets, or their lower bounds
    F (n, f)   1, centred numbers and one column for each category: the line
    K (n, n)   F S F' + s2 * correlation + n2 I, with prior variances S of the line's coefficients

The line makes what lies outside of all that was measured follow a trend. Coefficients are integrated out, so that few
points leave it as unsure as it is; the two variances are the most likely ones of a small grid.

Source:
    Rasmussen & Williams 2006, section 2.7 (explicit basis functions) and eq. 5.8. Lower bounds by their expected
    values: Schmee & Hahn 1979; Hutter et al. 2011, Bayesian optimization with censored response data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from besom.numerics.kernel import features, matern52, squared_distances

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

_SIGNALS = (0.2, 0.4, 0.8)  # standard deviations around the line: a few points always lie closer to one than all do
_NOISES = (0.03, 0.1, 0.3)
_LEVEL, _SLOPE = 10.0, 4.0  # prior standard deviations: of the line's level, and of what it gains over an input's range
_ROUNDS = 2


class Tobit:
    """A censored Gaussian-process regression of targets on a log scale, of which some are known from below only.

    In go inputs as `kernel` has them, positions in [0, 1] and indices of categories, and natural logarithms of what was
    measured: the prior's variances are meant for those. Out come logarithms as well, so a difference is a factor of e.
    """

    def __init__(self, x: Floats, y: Floats, is_bound: Bools, categories: Ints) -> None:
        """Fit.

        Args:
            x: Inputs, shape (n, d).
            y: Targets, finite, shape (n,).
            is_bound: Whether the target is a lower bound only, shape (n,); not all are.
            categories: How many categories each input has, 0 for numbers, shape (d,).
        """
        self._categories = categories
        self._lengthscale = np.full(x.shape[1], 0.5 * max(x.shape[1], 1) ** 0.25)
        self._center = float(y[~is_bound].mean())
        z = y - self._center
        self._believe(x[~is_bound], z[~is_bound], _NOISES)
        for _ in range(_ROUNDS if is_bound.any() else 0):
            z[is_bound] = _above(y[is_bound] - self._center, *self._predicted(x[is_bound]))
            self._believe(x, z, (self._noise,))  # a bound that surprises is no noise

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of a measurement at `x` (m, d), noise included: two arrays of shape (m,)."""
        mean, sd = self._predicted(x)
        return mean + self._center, sd

    def _predicted(self, x: Floats) -> tuple[Floats, Floats]:
        from scipy.linalg import solve_triangular

        line = self._line(x)
        cross = line @ self._line(self._x).T + self._signal**2 * self._correlation(x, self._x)
        reduction = solve_triangular(self._lower, cross.T, lower=True, check_finite=False)
        prior = np.einsum("ij,ij->i", line, line) + self._signal**2
        variance = prior - np.einsum("ij,ij->j", reduction, reduction) + self._noise**2
        return reduction.T @ self._whitened, np.sqrt(np.maximum(variance, self._noise**2))

    def _believe(self, x: Floats, z: Floats, noises: Sequence[float]) -> None:
        """Condition on targets `z` (n,), with the two standard deviations that make them most likely."""
        from scipy.linalg import cholesky, solve_triangular

        line, around = self._line(x) @ self._line(x).T, self._correlation(x, x)
        best = math.inf
        for signal in _SIGNALS:
            for noise in noises:
                k = line + signal**2 * around
                k[np.diag_indices_from(k)] += noise**2
                lower = cholesky(k, lower=True, check_finite=False)
                whitened = solve_triangular(lower, z, lower=True, check_finite=False)
                unlikely = float(whitened @ whitened) + 2.0 * float(np.log(lower.diagonal()).sum())
                if unlikely < best:
                    best, self._x, self._signal, self._noise = unlikely, x, signal, noise
                    self._lower, self._whitened = lower, whitened

    def _correlation(self, a: Floats, b: Floats) -> Floats:
        scaled = (features(each, self._categories, self._lengthscale) for each in (a, b))
        return matern52(squared_distances(*scaled))

    def _line(self, x: Floats) -> Floats:
        """F S^1/2, shape (n, f)."""
        wide = features(x - np.where(self._categories == 0, 0.5, 0.0), self._categories, np.ones(x.shape[1]))
        return np.concatenate([np.full((len(x), 1), _LEVEL), _SLOPE * wide], axis=1)


def _above(bound: Floats, mean: Floats, sd: Floats) -> Floats:
    """The expected value of a normal quantity that is known to lie above `bound`; all of shape (b,)."""
    from scipy.special import log_ndtr

    u = (bound - mean) / sd
    hazard = np.exp(-0.5 * u * u - 0.5 * math.log(2 * math.pi) - log_ndtr(-u))
    return np.asarray(np.maximum(mean + sd * hazard, bound))
