"""An exact Gaussian process whose hyperparameters are a maximum a posteriori estimate.

Letters: n points, d inputs, P pairs of points.
    x (n, d)      inputs, see `kernel`
    z (n,)        standardised targets; the prior mean is 0
    theta (d+2,)  log l_1 .. log l_d, log s2 (signal variance), log n2 (noise variance)
    K (n, n)      s2 * correlation + (n2 + 1e-6) I
    a (n,)        K^-1 z
    W (n, n)      a a' - K^-1

Source:
    Rasmussen & Williams 2006, algorithm 2.1 and eq. 5.9. Priors: Hvarfner et al. 2024, arXiv:2402.02229, shortened
    where there are few inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.numerics.kernel import (
    features,
    matern52,
    matern52_and_slope,
    pair_distances,
    pair_indices,
    squared_distances,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

JITTER = 1e-6
_LOWER = (math.log(0.02), -4.0, -16.0)  # bounds of log l, log s2, log n2
_UPPER = (math.log(200.0), 4.0, 2.0)
_MAX_ITERATIONS = 60
_SHORT_UP_TO = 20  # inputs: the short lengthscale prior is measured up to here; Hvarfner's from twice as many on


@dataclass(frozen=True, slots=True)
class Prior:
    """Independent normal priors on theta: `mean` and `sd`, shapes (d+2,)."""

    mean: Floats
    sd: Floats


def default_prior(d: int) -> Prior:
    """The prior for `d` inputs: lengthscales grow with the dimension, noise is small but may be large."""
    short = math.log(0.5) + 0.25 * math.log(d), 1.0
    long = math.sqrt(2.0) + 0.5 * math.log(d), math.sqrt(3.0)
    blend = min(max(d / _SHORT_UP_TO - 1.0, 0.0), 1.0)
    mean, sd = ((1 - blend) * s + blend * h for s, h in zip(short, long, strict=True))
    return Prior(np.array([mean] * d + [0.0, -6.0]), np.array([sd] * d + [1.0, 2.0]))


class Posterior:
    """What a fitted process predicts. Immutable; `joined` makes a new one."""

    def __init__(self, x: Floats, z: Floats, categories: Ints, theta: Floats) -> None:
        """The posterior of `z` at `x` with hyperparameters `theta`; shapes at the top of the module.

        Raises:
            numpy.linalg.LinAlgError: K is not positive definite, which finite arguments do not bring about.
        """
        from scipy.linalg import cholesky, lapack

        d = x.shape[1]
        self.x, self.z, self.categories, self.theta = x, z, categories, theta
        self._lengthscale = np.exp(theta[:d])
        self._signal = float(np.exp(theta[d]))
        self.noise = float(np.exp(theta[d + 1]))
        self._features = features(x, categories, self._lengthscale)
        k = self._signal * matern52(squared_distances(self._features, self._features))
        k[np.diag_indices_from(k)] = self._signal + self.noise + JITTER
        lower = cholesky(k, lower=True, check_finite=False)
        # The inverse of the factor makes a prediction of many points one product, several times faster than solving.
        self._inverse: Floats = np.asfortranarray(lapack.dtrtri(lower, lower=1)[0])
        self._weights: Floats = self._inverse.T @ (self._inverse @ z)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the noise-free function at `x` (m, d): two arrays of shape (m,)."""
        from scipy.linalg.blas import dtrmm

        distances = squared_distances(features(x, self.categories, self._lengthscale), self._features)
        cross = self._signal * matern52(distances)
        mean = cross @ self._weights
        reduction = dtrmm(1.0, self._inverse, cross.T, lower=1, overwrite_b=1)  # a triangle: half of the products
        variance = self._signal - np.einsum("ij,ij->j", reduction, reduction)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    @property
    def means(self) -> Floats:
        """As `predict` has them at the targets' own inputs, shape (n,): K - (s2 noise) I of them, and no product."""
        return self.z - (self.noise + JITTER) * self._weights

    @property
    def weights(self) -> Floats:
        """What the kernel at each target's input is multiplied by to give the mean: s2 a, shape (n,)."""
        return self._signal * self._weights

    def left_out(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation, noise included, of each target predicted from all the others, shapes (n,).

        Source:
            Rasmussen & Williams 2006, eq. 5.12.
        """
        precision = np.einsum("ij,ij->j", self._inverse, self._inverse)
        return self.z - self._weights / precision, 1.0 / np.sqrt(precision)

    def joined(self, x: Floats) -> Posterior:
        """The kriging believer: this posterior as if the points `x` (m, d) had shown just what it expects of them.

        Source:
            Ginsbourger et al. 2010, Kriging is well-suited to parallelize optimization, section 4.2.
        """
        if len(x) == 0:
            return self
        believed, _ = self.predict(x)
        return Posterior(np.concatenate([self.x, x]), np.concatenate([self.z, believed]), self.categories, self.theta)


def fit(x: Floats, z: Floats, categories: Ints, prior: Prior | None = None, start: Floats | None = None) -> Floats:
    """The most probable theta, shape (d+2,).

    Args:
        x: Inputs, shape (n, d).
        z: Standardised targets, shape (n,).
        categories: How many categories each input has, 0 for numbers, shape (d,).
        prior: Prior on theta; `default_prior(d)` without one.
        start: Where the search begins; the prior's mean without one.
    """
    from scipy.optimize import minimize

    d = x.shape[1]
    prior = prior or default_prior(d)
    bounds = [(_LOWER[0], _UPPER[0])] * d + [(_LOWER[1], _UPPER[1]), (_LOWER[2], _UPPER[2])]
    distances = pair_distances(x, categories > 0)
    found = minimize(
        negative_log_posterior,
        np.clip(prior.mean if start is None else start, *np.transpose(bounds)),
        args=(distances, z, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MAX_ITERATIONS, "ftol": 1e-6},
    )
    return np.asarray(found.x, dtype=np.float64)


def negative_log_posterior(theta: Floats, distances: Floats, z: Floats, prior: Prior) -> tuple[float, Floats]:
    """-log p(theta | z) up to a constant, and its gradient, shape (d+2,).

    Args:
        theta: Hyperparameters, shape (d+2,).
        distances: Unscaled distances of each pair in each input, shape (d, P), of `kernel.pair_distances`.
        z: Targets, shape (n,).
        prior: Prior on theta.
    """
    from scipy.linalg import lapack

    n, d = len(z), len(distances)
    weights = np.exp(-2.0 * theta[:d])
    signal, noise = float(np.exp(theta[d])), float(np.exp(theta[d + 1]))
    correlation, slope = matern52_and_slope(weights @ distances)
    rows, columns = pair_indices(n)
    k = np.zeros((n, n), order="F")
    k[columns, rows] = signal * correlation  # the lower triangle is all that LAPACK reads
    k[np.diag_indices(n)] = signal + noise + JITTER
    lower, failed = lapack.dpotrf(k, lower=1, overwrite_a=1)
    if failed:  # only at the edge of the bounds; the line search steps back from here
        return 1e25, np.zeros_like(theta)
    log_det = 2.0 * float(np.log(lower.diagonal()).sum())
    a, _ = lapack.dpotrs(lower, z, lower=1)
    inverse, _ = lapack.dpotri(lower, lower=1, overwrite_c=1)
    w_diagonal = a * a - inverse.diagonal()
    w_pairs = a[rows] * a[columns] - inverse[columns, rows]
    offset = (theta - prior.mean) / prior.sd
    value = 0.5 * float(z @ a) + 0.5 * log_det + 0.5 * float(offset @ offset)
    gradient = offset / prior.sd
    # Each pair stands twice in the full matrices: -1/2 tr(W dK) over pairs is -sum, over the diagonal -1/2 sum.
    gradient[:d] += 2.0 * signal * weights * (distances @ (w_pairs * slope))
    gradient[d] -= signal * (float(w_pairs @ correlation) + 0.5 * float(w_diagonal.sum()))
    gradient[d + 1] -= 0.5 * noise * float(w_diagonal.sum())
    return value, gradient
