"""The surrogate of a sweep whose trials show learning curves, fitted to what they have shown alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from besom.numerics.curve_posterior import CurvePosterior
from besom.numerics.curve_process import Curves, fit_curves
from besom.numerics.warp import half_rank_of_curves
from besom.search.shown import POINTS_MAX, Points, Shown
from besom.search.thinning import best_and_even, evenly, in_steps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_FIT_POINTS_MAX = 100  # more make hyperparameters no better, and cost as their third power
_FIT_CURVES_MIN = 3
_MARKS = 4  # along a curve


@dataclass(frozen=True, slots=True)
class CurveModel:
    """A fitted surrogate.

    Attributes:
        shown: What it was fitted to.
        posterior: Predicts warped values, trials under way believed to end as is expected of them.
        best: The best value shown at any fidelity, warped.
    """

    shown: Shown
    posterior: CurvePosterior
    best: float

    @property
    def noise(self) -> float:
        """Standard deviation of what is shown around the curve behind it, in the objective's units."""
        return math.sqrt(self.posterior.noise) * self.shown.warp.unit

    def best_x(self, count: int = 5) -> Floats:
        """The configurations whose latest values are best, shape (<= count, d)."""
        return self.shown.x[np.argsort(self.shown.latest, kind="stable")[:count]]


def curve_model_of(shown: Shown, categories: Ints, pending: Ints, pending_x: Floats, growing: Ints) -> CurveModel:
    """The surrogate that curves lead to: a function of them, however often and wherever it is worked out.

    Args:
        shown: The curves.
        categories: How many categories each column has, 0 for ordinal ones, shape (d,).
        pending: Indices of curves of trials under way, believed to end as is expected.
        pending_x: Encoded configurations under way that have shown nothing yet, shape (k, d).
        growing: Indices of curves that hyperparameters do not follow: those pending, and one under review.
    """
    curves = shown.model_input(categories)
    posterior = CurvePosterior(curves, _theta(shown, categories, np.setdiff1d(np.arange(len(shown.x)), growing)))
    x = np.concatenate([shown.x[pending], pending_x])
    own = np.concatenate([pending, np.full(len(pending_x), -1)]).astype(np.intp)
    return CurveModel(shown, posterior.joined(x, own), float(shown.warp.forward(shown.lowest).min()))


def _theta(shown: Shown, categories: Ints, settled: Ints) -> Floats:
    """Hyperparameters from the first curves that are not growing just now: most decisions find them in the cache.

    A curve that grows is seen up to the last of a few marks that it has passed, so that a fit lasts while it goes on.
    """
    used = settled[: in_steps(len(settled))] if len(settled) >= _FIT_CURVES_MIN else np.arange(len(shown.x))
    marked = shown.points.at(np.isin(shown.points.curve, used)).of_the_best(POINTS_MAX)
    marked = marked.at(_is_marked(marked))
    warp = half_rank_of_curves(marked.y[marked.is_last], marked.y)
    kept = marked.at(_thinned(marked))
    present, number = np.unique(kept.curve, return_inverse=True)
    x = np.ascontiguousarray(shown.x[present])
    z = warp.forward(kept.y)
    return _fitted(x.tobytes(), number.tobytes(), kept.u.tobytes(), z.tobytes(), tuple(categories.tolist()))


def _is_marked(points: Points) -> Bools:
    """Which points lie before the last mark that their curve has passed, or are its first; shape (n,)."""
    is_last = points.is_last
    passed = np.floor(points.u[is_last] * _MARKS + 1e-9) / _MARKS
    is_first = np.concatenate([[True], is_last[:-1]])
    lengths = np.diff(np.flatnonzero(np.append(is_first, True)))
    return np.asarray(is_first | (points.u <= np.repeat(passed, lengths) + 1e-9))


def _thinned(points: Points) -> Ints:
    """Indices of at most `_FIT_POINTS_MAX` points: the last of each curve first, then others evenly."""
    every = np.arange(len(points.curve))
    if len(every) <= _FIT_POINTS_MAX:
        return every
    is_last = points.is_last
    last, earlier = every[is_last], every[~is_last]
    if len(last) > _FIT_POINTS_MAX:
        best: Ints = last[best_and_even(points.y[last], _FIT_POINTS_MAX)]
        return best
    return np.sort(np.concatenate([last, evenly(earlier, _FIT_POINTS_MAX - len(last))]))


@lru_cache(maxsize=64)
def _fitted(x: bytes, curve: bytes, u: bytes, z: bytes, categories: tuple[int, ...]) -> Floats:
    """`fit_curves`, remembered by content: a cache that cannot change a result."""
    curves = Curves(
        x=np.frombuffer(x).reshape(-1, len(categories)),
        categories=np.array(categories, dtype=np.intp),
        curve=np.frombuffer(curve, dtype=np.intp),
        u=np.frombuffer(u),
        z=np.frombuffer(z),
    )
    theta = fit_curves(curves)
    theta.setflags(write=False)
    return theta
