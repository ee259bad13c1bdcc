"""A Gaussian process over (configuration, fidelity): learning curves that share what configurations have in common.

    k = (a + b M(u, u')) Kx(x, x') + c 1[same curve] exp(-|u - u'| / lc)
        + e M(u, u') + g (1 - u)(1 - u') + n2 1[same point]

Letters: N curves, n points on them, d inputs.
    x (N, d)       encoded configuration of each curve
    curve (n,)     which curve each point lies on, ascending
    u (n,)         where on it: 0 at the least fidelity, 1 at the most
    z (n,)         standardised targets; the prior mean is 0
    theta (d+8,)   log lengthscales l_1 .. l_d; half the logs of the variances: a of the level, b of the shape, c of the
                   curve's own, e of the shared shape, g of the shared slope; log lt, log lc (lengthscales along u);
                   half the log of the variance n2 of the noise
    Kx (N, N)      Matern-5/2 correlation of configurations
    M (n, n)       Matern-3/2 correlation along u, of lengthscale lt

Source:
    Swersky et al. 2014, arXiv:1406.3896 (freeze-thaw); Lin et al. 2024, arXiv:2410.09239 (product kernels over curves).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.numerics.gp import Prior, default_prior
from besom.numerics.kernel import matern52_and_slope, pair_distances, pair_indices

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

JITTER = 1e-6
_SQRT3 = math.sqrt(3.0)
_MAX_ITERATIONS = 15
#               a    b              c              e              g    lt             lc             noise
_SHARED_MEAN = (0.0, math.log(0.4), math.log(0.3), math.log(0.4), 0.0, math.log(2.0), math.log(0.5), math.log(0.03))
_SHARED_SD = (0.3, 0.8, 0.8, 0.8, 1.0, 0.6, 0.6, 0.8)
_LOWER = (*(-6.0,) * 5, math.log(0.05), math.log(0.05), -7.0)
_UPPER = (*(2.5,) * 5, math.log(10.0), math.log(5.0), 1.0)
_LENGTHSCALES = (math.log(0.02), math.log(200.0))


@dataclass(frozen=True, slots=True)
class Curves:
    """Points on curves; letters at the top of the module. `categories` (d,): how many each input has, 0 for numbers.

    A process is fitted to points in order of `curve`; what a posterior believes in addition stands behind them.
    """

    x: Floats
    categories: Ints
    curve: Ints
    u: Floats
    z: Floats


def curve_prior(d: int) -> Prior:
    """The prior on theta for `d` inputs."""
    inputs = default_prior(d)
    return Prior(
        np.concatenate([inputs.mean[:d], _SHARED_MEAN]),
        np.concatenate([inputs.sd[:d], _SHARED_SD]),
    )


def matern32(distance: Floats, lengthscale: float) -> Floats:
    """Matern-3/2 correlation at `distance` >= 0, same shape."""
    r = _SQRT3 * distance / lengthscale
    return np.asarray((1.0 + r) * np.exp(-r))


def fit_curves(curves: Curves, prior: Prior | None = None) -> Floats:
    """The most probable theta, shape (d+8,).

    Args:
        curves: At least one point.
        prior: Prior on theta; `curve_prior(d)` without one.
    """
    from scipy.optimize import minimize

    d = curves.x.shape[1]
    prior = prior or curve_prior(d)
    bounds = [_LENGTHSCALES] * d + list(zip(_LOWER, _UPPER, strict=True))
    likelihood = Likelihood(curves, prior)
    found = minimize(
        likelihood,
        np.clip(prior.mean, *np.transpose(bounds)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MAX_ITERATIONS, "ftol": 1e-5},
    )
    return np.asarray(found.x, dtype=np.float64)


class Likelihood:
    """-log p(theta | z) up to a constant, and its gradient: called with theta, shape (d+8,).

    Distances along u take few values, since curves are seen at the same levels: what depends on them is worked out once
    for each of the U that there are, and summed over the pairs of points at each.
    """

    def __init__(self, curves: Curves, prior: Prior) -> None:
        """What does not depend on theta is worked out here."""
        self._curves, self._prior = curves, prior
        n = len(curves.z)
        self._rows, self._columns = pair_indices(len(curves.x))
        self._pairs = pair_distances(curves.x, curves.categories > 0)
        du = np.abs(curves.u[:, None] - curves.u[None, :])
        self._du, self._which = np.unique(du, return_inverse=True)
        self._which = self._which.reshape(n, n)
        self._slopes = np.outer(1.0 - curves.u, 1.0 - curves.u)
        self._own = np.nonzero(curves.curve[:, None] == curves.curve[None, :])
        self._du_own = du[self._own]
        self._firsts = np.searchsorted(curves.curve, np.arange(len(curves.x)))
        self._diagonal = np.diag_indices(n)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        from scipy.linalg import lapack

        z, d = self._curves.z, self._curves.x.shape[1]
        weights = np.exp(-2.0 * theta[:d])
        a, b, c, e, g = np.exp(2.0 * theta[d : d + 5])
        lt, lc = np.exp(theta[d + 5 : d + 7])
        noise = math.exp(2.0 * theta[d + 7])
        correlation, slope = matern52_and_slope(weights @ self._pairs)
        between = self._between(correlation)
        r = (_SQRT3 / lt) * self._du
        decay = np.exp(-r)
        along_at = (1.0 + r) * decay
        own = np.exp(self._du_own / -lc)
        along = along_at[self._which]
        level = a + b * along
        k = level * between + e * along + g * self._slopes
        k[self._own] += c * own
        k[self._diagonal] += noise + JITTER
        lower, failed = lapack.dpotrf(k, lower=1, overwrite_a=1)
        if failed:  # only at the edge of the bounds; the line search steps back from here
            return 1e25, np.zeros_like(theta)
        log_det = 2.0 * float(np.log(lower.diagonal()).sum())
        weighted, _ = lapack.dpotrs(lower, z, lower=1)
        inverse, _ = lapack.dpotri(lower, lower=1, overwrite_c=1)
        # LAPACK leaves what was above the diagonal there; the two halves are one another's mirror image.
        inverse = np.tril(inverse)
        w = np.outer(weighted, weighted) - inverse - inverse.T
        w[self._diagonal] += inverse.diagonal()
        offset = (theta - self._prior.mean) / self._prior.sd
        value = 0.5 * float(z @ weighted) + 0.5 * log_det + 0.5 * float(offset @ offset)
        w_between = w * between
        w_own = w[self._own] * own
        at_each, between_at_each = self._by_distance(w), self._by_distance(w_between)
        stretch = r * r * decay  # d M / d log lt = r^2 exp(-r)
        gradient = offset / self._prior.sd
        pairs = self._collapse(w * level)[self._rows, self._columns]
        gradient[:d] += 2.0 * weights * (self._pairs @ (pairs * slope))
        gradient[d] -= a * float(w_between.sum())
        gradient[d + 1] -= b * float(between_at_each @ along_at)
        gradient[d + 2] -= c * float(w_own.sum())
        gradient[d + 3] -= e * float(at_each @ along_at)
        gradient[d + 4] -= g * float(np.vdot(w, self._slopes))
        gradient[d + 5] -= 0.5 * float((b * between_at_each + e * at_each) @ stretch)
        gradient[d + 6] -= 0.5 * c * float(w_own @ self._du_own) / lc
        gradient[d + 7] -= noise * float(w.trace())
        return value, gradient

    def _by_distance(self, m: Floats) -> Floats:
        """Sums of `m` (n, n) over the pairs of points at each distance along u, shape (U,)."""
        sums = np.bincount(self._which.ravel(), weights=m.ravel(), minlength=len(self._du))
        return np.asarray(sums, dtype=np.float64)

    def _between(self, correlation: Floats) -> Floats:
        """Correlation of the configurations of each two points, (n, n), from that of each pair of curves, (P,)."""
        full = np.eye(len(self._curves.x))
        full[self._rows, self._columns] = correlation
        full[self._columns, self._rows] = correlation
        return full[np.ix_(self._curves.curve, self._curves.curve)]

    def _collapse(self, m: Floats) -> Floats:
        """Sums of `m` (n, n) over the points of each two curves, shape (N, N)."""
        sums = np.add.reduceat(np.add.reduceat(m, self._firsts, axis=0), self._firsts, axis=1)
        return np.asarray(sums, dtype=np.float64)
