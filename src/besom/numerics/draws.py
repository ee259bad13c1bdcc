"""Functions that a Gaussian process holds possible: draws of its posterior that can be integrated.

Letters: n points, m places at which a draw is free, d inputs, s draws; x, z, theta and K as in `gp`.
    p (m, d)   places
    C (m, m)   posterior covariance at the places; L its Cholesky factor
    e (m, s)   standard normal

A draw is f(.) = k(., x) a_x + k(., p) a_p with a_p = L'^-1 e and a_x = K^-1 (z - k(x, p) a_p): at the places it is a
draw of the posterior, and between them what the process expects given all of these.

Source:
    Rasmussen & Williams 2006, eq. 2.23-2.24; Le Gratiet et al. 2014, doi:10.1137/130926869 (sensitivity indices of
    draws of the posterior, so that their spread is the indices' error).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from besom.numerics.gp import JITTER
from besom.numerics.kernel import features, matern52, squared_distances

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class Draws:
    """Draws of the function behind targets, given hyperparameters.

    Attributes:
        points: What carries them, inputs and places, shape (n + m, d).
        weights: a, the signal variance in it, shape (n + m, s).
    """

    def __init__(self, x: Floats, z: Floats, categories: Ints, theta: Floats, p: Floats, e: Floats) -> None:
        """Draws of the posterior of `z` at `x`, free at `p`; shapes at the top of the module."""
        from scipy.linalg import cho_solve, cholesky, solve_triangular

        d = x.shape[1]
        self._categories, self._lengthscale, self._signal = categories, np.exp(theta[:d]), float(np.exp(theta[d]))
        self._n = len(x)
        self.points: Floats = np.concatenate([x, p])
        self._features = features(self.points, categories, self._lengthscale)
        k = self._signal * matern52(squared_distances(self._features, self._features))
        of_x, of_both, of_p = k[: self._n, : self._n], k[: self._n, self._n :], k[self._n :, self._n :]
        noisy = of_x + (float(np.exp(theta[d + 1])) + JITTER) * np.eye(self._n)
        self._lower_x: Floats = cholesky(noisy, lower=True, check_finite=False)
        self._half = solve_triangular(self._lower_x, of_both, lower=True, check_finite=False)
        c = of_p - self._half.T @ self._half + 10 * JITTER * max(self._signal, 1.0) * np.eye(len(p))
        self._lower_p: Floats = cholesky(c, lower=True, check_finite=False)
        a_p = solve_triangular(self._lower_p, e, lower=True, trans="T", check_finite=False)
        a_x = cho_solve((self._lower_x, True), z[:, None] - of_both @ a_p, check_finite=False)
        self.weights: Floats = self._signal * np.concatenate([a_x, a_p])

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Each draw at `x` (m', d), shape (m', s), and the variance that is left around it there, shape (m',)."""
        from scipy.linalg import solve_triangular

        k = matern52(squared_distances(features(x, self._categories, self._lengthscale), self._features))
        by_x = solve_triangular(self._lower_x, self._signal * k[:, : self._n].T, lower=True, check_finite=False)
        rest = self._signal * k[:, self._n :].T - self._half.T @ by_x
        by_p = solve_triangular(self._lower_p, rest, lower=True, check_finite=False)
        left = self._signal - (by_x * by_x).sum(0) - (by_p * by_p).sum(0)
        return k @ self.weights, np.maximum(left, 0.0)
