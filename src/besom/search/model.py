"""The surrogate of a sweep: a Gaussian process on warped objectives, fitted to the evidence alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import log_ei
from besom.numerics.gp import Posterior, fit
from besom.numerics.warp import HalfRank, half_rank
from besom.search.evidence import Evidence
from besom.search.thinning import best_and_even, in_steps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_POINTS_MAX = 300  # an exact posterior of more is too slow: half of them the best, half spread over the rest
_FIT_POINTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted surrogate.

    Attributes:
        posterior: Predicts warped objectives, pending trials believed to show what is expected of them.
        warp: Turns them back into the objective's units.
        best: The lowest mean over configurations with a result, warped.
        best_x: Configurations with a result, best mean first, at most five, shape (<= 5, d).
    """

    posterior: Posterior
    warp: HalfRank
    best: float
    best_x: Floats

    @property
    def noise(self) -> float:
        """Standard deviation of the objective's noise, in its units."""
        return math.sqrt(self.posterior.noise) * self.warp.unit

    def log_ei(self, x: Floats) -> Floats:
        """Log expected improvement on the best at positions `x` (m, d), shape (m,)."""
        mean, sd = self.posterior.predict(x)
        return log_ei(mean, sd, self.best)


def model_of(evidence: Evidence, categories: Ints) -> Model:
    """The surrogate that evidence leads to: a function of it, however often and wherever it is worked out.

    Args:
        evidence: At least one result.
        categories: How many categories each column has, 0 for ordinal ones, shape (d,).
    """
    theta = _theta(evidence, categories)
    kept = best_and_even(evidence.y, _POINTS_MAX)
    x, warp = evidence.x(kept), half_rank(evidence.y[kept])
    posterior = Posterior(x, warp.z, categories, theta)
    mean = posterior.means
    order = np.argsort(mean, kind="stable")
    return Model(posterior.joined(evidence.pending), warp, float(mean[order[0]]), x[order[:5]])


def _theta(evidence: Evidence, categories: Ints) -> Floats:
    """Hyperparameters from the first results, up to a number that grows by steps: most asks find them in the cache."""
    first = in_steps(len(evidence.y))
    kept = best_and_even(evidence.y[:first], _FIT_POINTS_MAX)
    x, y = evidence.x(kept), evidence.y[kept]
    return _fitted(x.tobytes(), y.tobytes(), tuple(categories.tolist()))


@lru_cache(maxsize=64)
def _fitted(x: bytes, y: bytes, categories: tuple[int, ...]) -> Floats:
    """`gp.fit`, remembered by content: a cache that cannot change a result."""
    values = np.frombuffer(y)
    points = np.frombuffer(x).reshape(len(values), len(categories))
    theta = fit(points, half_rank(values).z, np.array(categories, dtype=np.intp))
    theta.setflags(write=False)
    return theta
