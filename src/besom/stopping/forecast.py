"""Where a learning curve is going, judged by the others of its sweep: a Gaussian process over curves alone.

Nothing is known of configurations here: each curve is a category of its own, and what curves share is their shape.

Source:
    Swersky et al. 2014, arXiv:1406.3896 (freeze-thaw), without the configurations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from besom.numerics.curve_posterior import CurvePosterior
from besom.numerics.curve_process import Curves, curve_prior, fit_curves
from besom.stopping.curve_scale import CurveScale
from besom.stopping.progress import Progress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_GROWTH = 1.5  # progress from one point that the model sees to the next
_LEVELS_MAX = 13
_CURVES_MAX = 24
_POINTS_MAX = 120
_FIT_ALWAYS_BELOW = 8
_FIT_GROWTH = 1.25
_WIDER = 1.0
"""How much wider bands get for each unit of position that is extrapolated: hyperparameters are estimates."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a curve is expected to come to.

    Attributes:
        predicted, sd: Of the value at the most progress, its noise included, in the objective's units.
        chance: The probability that it beats the best known there, or at a point on the way where that is likelier.
    """

    predicted: float
    sd: float
    chance: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels of progress at which curves are looked at, evenly spaced in its logarithm; ascending, positive."""

    levels: tuple[float, ...]

    @classmethod
    def between(cls, least: float, most: float) -> Ladder:
        """From `least` to `most`, 0 < least < most."""
        low, high = math.log(least), math.log(most)
        count = math.ceil((high - low) / math.log(_GROWTH)) + 1
        levels = np.exp(np.linspace(low, high, min(max(count, 2), _LEVELS_MAX))).tolist()
        return cls((least, *levels[1:-1], most))

    def position(self, levels: Sequence[float]) -> Floats:
        """Where from 0 to 1, shape (n,)."""
        low, high = math.log(self.levels[0]), math.log(self.levels[-1])
        return np.asarray(np.clip((np.log(np.array(levels)) - low) / (high - low), 0.0, 1.0))

    def after(self, level: float) -> Floats:
        """Positions of `level` and of all levels above it, ascending."""
        return self.position([level, *(other for other in self.levels if other > level)])


@lru_cache(maxsize=4096)
def _points(shown: Progress, ladder: Ladder, until: float, most: int) -> tuple[Floats, Floats]:
    """Position and value of at most `most` points of a curve up to `until`, the first and the last among them."""
    levels = [*(level for level in ladder.levels if level < until * (1 - 1e-9)), until]
    seen = [(level, value) for level in levels if (value := shown.at(level)) is not None and math.isfinite(value)]
    chosen = np.unique(np.linspace(0, len(seen) - 1, min(most, len(seen))).round().astype(np.intp))
    return ladder.position([seen[i][0] for i in chosen]), np.array([seen[i][1] for i in chosen])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Points on curves, as bytes, which are compared by content: index of the curve, position, value."""

    curve: bytes
    u: bytes
    y: bytes

    @classmethod
    def of(cls, curves: Sequence[Progress], ladder: Ladder) -> Evidence:
        """The evidence of these curves, each with a finite value: at most `_CURVES_MAX`, `_POINTS_MAX` points."""
        latest = np.array([shown.latest for shown in curves])
        kept = [curves[i] for i in _kept(latest)]
        each = max(_POINTS_MAX // len(kept), 2)
        points = [_points(shown, ladder, min(shown.reached, ladder.levels[-1]), each) for shown in kept]
        points = [(u, y) for u, y in points if len(u)]
        index = np.repeat(np.arange(len(points)), [len(u) for u, _ in points])
        u, y = (np.concatenate([p[i] for p in points] or [np.empty(0)]) for i in (0, 1))
        return cls(index.tobytes(), u.tobytes(), y.tobytes())

    @classmethod
    def of_one(cls, shown: Progress, until: float, ladder: Ladder) -> Evidence:
        """The evidence of one curve up to `until`."""
        u, y = _points(shown, ladder, until, _LEVELS_MAX)
        return cls(np.zeros(len(u), dtype=np.intp).tobytes(), u.tobytes(), y.tobytes())

    @property
    def arrays(self) -> tuple[Ints, Floats, Floats]:
        return np.frombuffer(self.curve, dtype=np.intp), np.frombuffer(self.u), np.frombuffer(self.y)


def first_few(count: int) -> int:
    """Of how many of `count` curves the model's hyperparameters are learnt: grows by steps, so that most are known."""
    first = min(count, _FIT_ALWAYS_BELOW)
    while first >= _FIT_ALWAYS_BELOW and int(first * _FIT_GROWTH) <= count:
        first = int(first * _FIT_GROWTH)
    return first


@lru_cache(maxsize=256)
def forecast(own: Evidence, others: Evidence, learnt_from: Evidence, later: bytes, best: float) -> Forecast:
    """What to expect of a curve; remembered by content.

    Args:
        own: What it has shown, at least one point.
        others: What others have shown, at least one point.
        learnt_from: The others, or some of them, that the hyperparameters follow.
        later: Positions from here to the end, ascending, shape (L,), as bytes.
        best: The value to beat, finite.
    """
    index, u, y = others.arrays
    _, own_u, own_y = own.arrays
    count = int(index[-1]) + 1
    scale = CurveScale.of(_last_values(index, y), y)
    curves = _curves(
        np.append(index, np.full(len(own_u), count)), np.append(u, own_u), scale.forward(np.append(y, own_y))
    )
    posterior = CurvePosterior(curves, _theta(learnt_from))
    ahead = np.frombuffer(later)
    it = np.full(len(ahead), count)
    mean, sd = posterior.predict_at(it[:, None].astype(np.float64), it, ahead)
    sd = (1.0 + _WIDER * (ahead - own_u[-1])) * np.sqrt(sd**2 + posterior.noise)
    from scipy.special import ndtr

    chance = float(ndtr((scale.forward(np.array([best])) - mean) / sd).max())
    low, middle, high = scale.inverse(mean[-1] + sd[-1] * np.array([-1.0, 0.0, 1.0])).tolist()
    return Forecast(middle, high / 2 - low / 2, chance)


@lru_cache(maxsize=64)
def _theta(evidence: Evidence) -> Floats:
    """Hyperparameters of a process over these curves; remembered by content."""
    index, u, y = evidence.arrays
    theta = fit_curves(_curves(index, u, CurveScale.of(_last_values(index, y), y).forward(y)), prior=curve_prior(1))
    theta.setflags(write=False)
    return theta


def _curves(index: Ints, u: Floats, z: Floats) -> Curves:
    """Curves that are told apart, and that nothing else is known about."""
    count = int(index[-1]) + 1
    return Curves(np.arange(count, dtype=np.float64)[:, None], np.array([count], dtype=np.intp), index, u, z)


def _last_values(index: Ints, y: Floats) -> Floats:
    return np.asarray(y[np.append(np.flatnonzero(np.diff(index)), len(index) - 1)])


def _kept(latest: Floats) -> Ints:
    """Indices of the curves that the model sees, in order: the best half, and others spread evenly."""
    n = len(latest)
    if n <= _CURVES_MAX:
        return np.arange(n)
    order = np.argsort(latest, kind="stable")
    best, rest = order[: _CURVES_MAX // 2], np.sort(order[_CURVES_MAX // 2 :])
    even = rest[np.linspace(0, len(rest) - 1, _CURVES_MAX - len(best)).round().astype(np.intp)]
    return np.sort(np.concatenate([best, even]))
