"""What a fitted process over curves predicts: final values, and what a look at an earlier point would tell of them.

Letters as in `curve_process`; in addition m configurations to predict, L looks at points u of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.numerics.curve_process import JITTER, Curves, matern32
from besom.numerics.kernel import features, matern52, squared_distances

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of curves at the most fidelity, and how far looks would settle it.

    Attributes:
        mean, variance: Of the final value, shape (m,), noise-free.
        settled: How much of that variance an observation at each look would explain, shape (m, L).
        look_mean, look_variance: Of the value at each look, shape (m, L), noise-free.
    """

    mean: Floats
    variance: Floats
    settled: Floats
    look_mean: Floats
    look_variance: Floats


class CurvePosterior:
    """The posterior of a process over curves. Immutable; `joined` makes a new one."""

    def __init__(self, curves: Curves, theta: Floats) -> None:
        """The posterior of `curves` with hyperparameters `theta`; shapes at the top of `curve_process`."""
        from scipy.linalg import cholesky, lapack

        d = curves.x.shape[1]
        self.curves, self.theta = curves, theta
        self._lengthscale = np.exp(theta[:d])
        self._a, self._b, self._c, self._e, self._g = (float(v) for v in np.exp(2.0 * theta[d : d + 5]))
        self._lt, self._lc = (float(v) for v in np.exp(theta[d + 5 : d + 7]))
        self.noise = float(np.exp(2.0 * theta[d + 7]))
        self._features = features(curves.x, curves.categories, self._lengthscale)
        correlation = matern52(squared_distances(self._features, self._features))
        k = self._cross(correlation[curves.curve], curves.curve, curves.u)
        k[np.diag_indices_from(k)] += self.noise + JITTER
        lower = cholesky(k, lower=True, check_finite=False)
        # As in `gp.Posterior`: with the inverse of the factor, predictions are products.
        self._inverse: Floats = np.asfortranarray(lapack.dtrtri(lower, lower=1)[0])
        self._weights: Floats = self._inverse.T @ (self._inverse @ curves.z)
        self._final = self._final_terms()

    def predict_final(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the final value of new curves at `x` (m, d): two arrays of shape (m,).

        The cost is that of a process with a point for each curve, however many points they have.
        """
        level, shift, quadratic, linear, constant = self._final
        correlation = self._correlation(x)
        variance = self._variance_at_end() - constant - 2.0 * (correlation @ linear)
        variance -= np.einsum("ij,ij->i", correlation @ quadratic, correlation)
        return correlation @ level + shift, np.sqrt(np.maximum(variance, _LEAST_VARIANCE))

    def outlook(self, x: Floats, own: Ints, looks: Floats) -> Outlook:
        """What to expect of the curves at `x`, and what observing them at `looks` would settle.

        Args:
            x: Configurations, shape (m, d).
            own: Which of the known curves each is, -1 for a new one, shape (m,).
            looks: Points to look at, shape (m, L).
        """
        m, count = looks.shape
        correlation = self._correlation(x)
        points = np.concatenate([np.ones((m, 1)), looks], axis=1)
        rows = np.repeat(np.arange(m), count + 1)
        cross = self._cross(correlation[rows], own[rows], points.ravel())
        reduced = (self._inverse @ cross.T).T.reshape(m, count + 1, -1)
        mean = (cross @ self._weights).reshape(m, count + 1)
        variance = self._variance_at_end() - np.einsum("ij,ij->i", reduced[:, 0], reduced[:, 0])
        du = 1.0 - looks
        along = matern32(du, self._lt)
        prior = self._a + (self._b + self._e) * along + self._c * np.exp(du / -self._lc)
        covariance = prior - np.einsum("ij,ilj->il", reduced[:, 0], reduced[:, 1:])
        at_look = self._variance_at_end() + self._g * du**2 - np.einsum("ilj,ilj->il", reduced[:, 1:], reduced[:, 1:])
        variance = np.maximum(variance, _LEAST_VARIANCE)
        at_look = np.maximum(at_look, _LEAST_VARIANCE)
        settled = np.minimum(covariance**2 / (at_look + self.noise + JITTER), variance[:, None])
        return Outlook(mean[:, 0], variance, settled, mean[:, 1:], at_look)

    def predict_at(self, x: Floats, own: Ints, u: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the noise-free value at `u` (m,) of the curves at `x` (m, d), shapes (m,)."""
        cross = self._cross(self._correlation(x), own, u)
        reduced = self._inverse @ cross.T
        variance = self._variance_at_end() + self._g * (1.0 - u) ** 2 - np.einsum("ij,ij->j", reduced, reduced)
        return cross @ self._weights, np.sqrt(np.maximum(variance, _LEAST_VARIANCE))

    def joined(self, x: Floats, own: Ints) -> CurvePosterior:
        """The kriging believer: this posterior as if the curves at `x` (m, d) had ended just as it expects.

        Args:
            x: Configurations of curves under way, shape (m, d).
            own: Which of the known curves each is, -1 for one that has shown nothing, shape (m,).
        """
        if len(x) == 0:
            return self
        known, count = self.curves, len(self.curves.x)
        believed, _ = self.predict_at(x, own, np.ones(len(x)))
        is_new = own < 0
        index = np.where(is_new, count + np.cumsum(is_new) - 1, own)
        curves = Curves(
            x=np.concatenate([known.x, x[is_new]]),
            categories=known.categories,
            curve=np.concatenate([known.curve, index]),
            u=np.concatenate([known.u, np.ones(len(x))]),
            z=np.concatenate([known.z, believed]),
        )
        return CurvePosterior(curves, self.theta)

    def _variance_at_end(self) -> float:
        """Prior variance at u = 1; elsewhere the shared slope adds to it."""
        return self._a + self._b + self._c + self._e

    def _correlation(self, x: Floats) -> Floats:
        """Correlation of configurations `x` (m, d) with those of the known curves, shape (m, N)."""
        return matern52(squared_distances(features(x, self.curves.categories, self._lengthscale), self._features))

    def _cross(self, correlation: Floats, own: Ints, u: Floats) -> Floats:
        """Covariance of m points with the n known ones, from the correlation of configurations (m, N); shape (m, n)."""
        known = self.curves
        # Curves are seen at the same few levels: what depends on them is worked out once for each.
        levels, which = np.unique(u, return_inverse=True)
        along = matern32(np.abs(levels[:, None] - known.u[None, :]), self._lt)
        cross = (self._a + self._b * along)[which]
        cross *= correlation[:, known.curve]
        cross += (self._e * along)[which]
        cross += (self._g * np.outer(1.0 - levels, 1.0 - known.u))[which]
        rows, columns = np.nonzero(own[:, None] == known.curve[None, :])
        cross[rows, columns] += self._c * np.exp(np.abs(u[rows] - known.u[columns]) / -self._lc)
        return np.asarray(cross)

    def _final_terms(self) -> tuple[Floats, float, Floats, Floats, float]:
        """The final value's mean and variance as linear and quadratic forms of the correlation with each curve.

        The covariance with the known points is P c + s, where c (N,) is that correlation.
        """
        known = self.curves
        along = matern32(1.0 - known.u, self._lt)
        p = np.zeros((len(known.u), len(known.x)))
        p[np.arange(len(known.u)), known.curve] = self._a + self._b * along
        s = self._e * along
        reduced_p, reduced_s = self._inverse @ p, self._inverse @ s
        return (
            p.T @ self._weights,
            float(s @ self._weights),
            reduced_p.T @ reduced_p,
            reduced_p.T @ reduced_s,
            float(reduced_s @ reduced_s),
        )
