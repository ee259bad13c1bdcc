"""What the trials of a history have shown on their way: points on curves, warped and thinned for a model of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.numerics.curve_process import Curves
from besom.numerics.warp import HalfRank, half_rank_of_curves
from besom.records import Observation, Status
from besom.search.contract import History
from besom.search.thinning import evenly
from besom.search.twins import leaders

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_GROWTH = 1.5  # fidelity from one point that the model sees to the next
POINTS_MAX = 180
_CURVES_MAX = 120
_LATEST = 5
_ROUNDING = 1e-9  # fidelities that differ by so little are one
_ZERO = np.zeros(1, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Fidelities at which curves are looked at.

    Attributes:
        levels: Each about half as much again as the one before, the last the most, shape (r,).
    """

    levels: Floats

    @classmethod
    def to(cls, most: float, least: float = 1.0) -> Ladder:
        """The ladder from `least` to `most`, whole numbers where they are."""
        levels = [least]
        while levels[-1] * _GROWTH < most:
            level = levels[-1] * _GROWTH
            levels.append(max(math.floor(level + 0.5), levels[-1] + 1) if least >= 1 else level)
        levels = [level for level in levels if level < most * 0.9]
        return cls(np.array([*levels, most]))

    @property
    def most(self) -> float:
        return float(self.levels[-1])

    def position(self, fidelity: Floats | float) -> Floats:
        """Where on a curve, from 0 to 1: the logarithm of fidelity."""
        least = self.levels[0]
        span = math.log(self.most / least) or 1.0
        return np.asarray(np.clip(np.log(np.maximum(fidelity, least) / least) / span, 0.0, 1.0))

    def after(self, fidelity: float) -> Floats:
        """The levels above `fidelity`, ascending; empty at the end."""
        return self.levels[self.levels > fidelity * (1 + _ROUNDING)]

    def is_end(self, fidelity: Floats) -> npt.NDArray[np.bool_]:
        """Where no level is left above `fidelity`, same shape."""
        return np.asarray(fidelity * (1 + _ROUNDING) >= self.most)

    def rung(self, part: float) -> float:
        """The level nearest to `part` of the most fidelity."""
        return float(self.levels[np.abs(np.log(self.levels / (part * self.most))).argmin()])


@dataclass(frozen=True, slots=True)
class Points:
    """Points on curves: index of the curve, ascending, position on it, value; shapes (n,)."""

    curve: Ints
    u: Floats
    y: Floats

    def at(self, kept: Ints | npt.NDArray[np.bool_]) -> Points:
        """Those that are kept."""
        return Points(self.curve[kept], self.u[kept], self.y[kept])

    @property
    def is_last(self) -> npt.NDArray[np.bool_]:
        """Which points are the last of their curve; shape (n,)."""
        return np.append(np.diff(self.curve) > 0, True)

    def of_the_best(self, most: int) -> Points:
        """At most so many, or as many as there are curves: of the worst of these, by its last point, that alone."""
        is_last = self.is_last
        number: Ints = np.cumsum(is_last) - is_last  # of each point's curve, counted from 0 without a gap
        counts = np.bincount(number)
        worst_first = np.argsort(-self.y[is_last], kind="stable")
        left = len(self.y) - np.cumsum(counts[worst_first] - 1)  # once so many of the worst were cut
        cut = 0 if len(self.y) <= most else 1 + int((left > most).sum())
        return self.at(is_last | ~np.isin(number, worst_first[:cut]))


@dataclass(frozen=True, slots=True)
class Shown:
    """Curves of a history, ready for a model.

    Attributes:
        trials: The trial of each curve, shape (N,).
        leaders: The trial whose curve that is: another one where the two coincide, see `twins`; shape (N,).
        x: Encoded configurations, shape (N, d).
        reached: How far each trial is trained, also past its last finite value, shape (N,).
        latest: Its last finite value, minimised, shape (N,).
        lowest: Each curve's best value, shape (N,).
        points: What each has shown at the ladder's levels, and the last.
        seen: Those of them that a model gets: where there are too many, the worst curves have their last alone.
        warp: Fitted to the latest values and those that a model gets.
    """

    trials: Ints
    leaders: Ints
    x: Floats
    reached: Floats
    latest: Floats
    lowest: Floats
    points: Points
    seen: Points
    warp: HalfRank

    def model_input(self, categories: Ints) -> Curves:
        """The points as a process takes them; `categories` (d,): how many each column has, 0 for ordinal ones."""
        return Curves(self.x, categories, self.seen.curve, self.seen.u, self.warp.forward(self.seen.y))


def shown_of(history: History, ladder: Ladder) -> Shown | None:
    """The curves of a history; None while none has shown a finite value."""
    ahead = leaders(history.observations)
    told = [(o, ahead.get(o.trial, o)) for o in history.observations if o.status is not Status.FAILED]
    seen = [(o, leader, *_points(leader, ladder)) for o, leader in told]
    seen = [entry for entry in seen if len(entry[2])]
    if not seen:
        return None
    latest = np.array([values[-1] for _, _, _, values in seen])
    is_open = np.array([o.status is Status.PENDING for o, _, _, _ in seen])
    kept = _kept_curves(latest, is_open)
    seen, latest = [seen[i] for i in kept], latest[kept]
    points = _at_levels([(fidelities, values) for _, _, fidelities, values in seen], ladder)
    given = points.of_the_best(POINTS_MAX)
    return Shown(
        trials=np.array([o.trial for o, _, _, _ in seen]),
        leaders=np.array([leader.trial for _, leader, _, _ in seen]),
        x=history.space.encode([o.config for o, _, _, _ in seen]),
        reached=np.array([max(fidelities[-1], leader.fidelity) for _, leader, fidelities, _ in seen]),
        latest=latest,
        lowest=np.array([values.min() for _, _, _, values in seen]),
        points=points,
        seen=given,
        warp=half_rank_of_curves(latest, given.y),
    )


def _points(observation: Observation, ladder: Ladder) -> tuple[Floats, Floats]:
    """Fidelity and value of a trial's usable points; one of which only the final value was told has that."""
    is_told = not observation.curve and observation.status is Status.FINISHED
    if is_told and observation.value is not None and math.isfinite(observation.value):
        return np.array([ladder.most]), np.array([observation.value])
    return observation.curve.usable


def _kept_curves(latest: Floats, is_open: npt.NDArray[np.bool_]) -> Ints:
    """Indices of the curves that the model sees, in order.

    Those that grow, the latest, the best (half of as many as it may see), and others spread evenly over the rest.
    """
    n = len(latest)
    if n <= _CURVES_MAX:
        return np.arange(n)
    order = np.argsort(latest, kind="stable")
    is_chosen = is_open.copy()
    is_chosen[order[: _CURVES_MAX // 2]] = True
    is_chosen[n - _LATEST :] = True
    rest = np.flatnonzero(~is_chosen)
    count = max(_CURVES_MAX - int(is_chosen.sum()), 0)
    return np.sort(np.concatenate([np.flatnonzero(is_chosen), evenly(rest, count)]))


def _at_levels(curves: Sequence[tuple[Floats, Floats]], ladder: Ladder) -> Points:
    """The points of curves, fidelity and value of each, at the ladder's levels, and the last."""
    marks = np.append(ladder.levels * (1 + _ROUNDING), np.inf)
    found = []
    for fidelity, _ in curves:
        behind = fidelity.searchsorted(marks, side="right")
        found.append(behind[behind > np.concatenate([_ZERO, behind[:-1]])] - 1)
    return Points(
        np.repeat(np.arange(len(curves)), [len(at) for at in found]),
        ladder.position(np.concatenate([fidelity[at] for (fidelity, _), at in zip(curves, found, strict=True)])),
        np.concatenate([values[at] for (_, values), at in zip(curves, found, strict=True)]),
    )
