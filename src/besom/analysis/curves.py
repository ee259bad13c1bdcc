"""Learning curves: thinned without losing their extremes, joined over attempts, and averaged over repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from besom.service import MetricCurve

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RepeatCurve:
    """One metric of one repeat of a trial, its attempts joined: x and y have shape (n,), y may hold NaN."""

    repeat: int
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrialCurves:
    """One metric of a trial: each repeat apart, and their mean.

    Attributes:
        trial: The trial's number.
        repeats: A curve for each repeat, in order of it.
        mean_x, mean_y: The mean over repeats where all of them have values, shape (m,); empty with fewer than two.
    """

    trial: int
    repeats: tuple[RepeatCurve, ...]
    mean_x: tuple[float, ...] = ()
    mean_y: tuple[float, ...] = ()


def thin(x: Sequence[float] | Floats, y: Sequence[float] | Floats, points: int) -> tuple[Floats, Floats]:
    """At most `points` of the points, the lowest and highest of each stretch among them, in their order.

    The first and last point stay; so does one that is not finite in each stretch that has any: a gap stays a gap.

    Args:
        x: Shape (n,).
        y: Shape (n,); NaN and infinities are gaps.
        points: At least 5.

    Returns:
        x and y of the points kept, each of shape (min(n, points) or fewer,).

    Raises:
        ValueError: `x` and `y` differ in length, or `points` is too small.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if xs.shape != ys.shape:
        raise ValueError(f"thin: x and y need one length, got {xs.shape} and {ys.shape}; pass points of one curve.")
    if points < 5:
        raise ValueError(f"thin: points must be at least 5, got {points}; a curve needs its ends, extremes and a gap.")
    count = len(xs)
    if count <= points:
        return xs, ys
    gaps = ~np.isfinite(ys)
    buckets = (points - 2) // (3 if gaps.any() else 2)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    kept = {0, count - 1}
    low, high = np.where(gaps, np.inf, ys), np.where(gaps, -np.inf, ys)
    for first, last in pairwise(edges):
        in_gap = gaps[first:last]
        if not in_gap.all():
            kept.add(int(first + np.argmin(low[first:last])))
            kept.add(int(first + np.argmax(high[first:last])))
        if in_gap.any():
            kept.add(int(first + np.argmax(in_gap)))
    at = np.array(sorted(kept))
    return xs[at], ys[at]


def curves_by_trial(curves: Iterable[MetricCurve]) -> tuple[TrialCurves, ...]:
    """All curves of a sweep by trial, in order of its number; trials that logged nothing are absent.

    A repeat's attempts become one curve: of an earlier attempt stays what lies before the point where the next began.
    """
    attempts: defaultdict[int, defaultdict[int, list[MetricCurve]]] = defaultdict(lambda: defaultdict(list))
    for curve in curves:
        if len(curve.x):
            attempts[curve.trial][curve.repeat].append(curve)
    return tuple(_trial_curves(number, attempts[number]) for number in sorted(attempts))


def _trial_curves(number: int, by_repeat: dict[int, list[MetricCurve]]) -> TrialCurves:
    repeats = tuple(_joined(repeat, by_repeat[repeat]) for repeat in sorted(by_repeat))
    mean_x, mean_y = mean_curve([(repeat.x, repeat.y) for repeat in repeats]) if len(repeats) > 1 else ((), ())
    return TrialCurves(number, repeats, mean_x, mean_y)


def _joined(repeat: int, attempts: list[MetricCurve]) -> RepeatCurve:
    points: list[tuple[float, float]] = []
    for curve in sorted(attempts, key=lambda curve: curve.attempt):
        begins = min(curve.x)
        points = [point for point in points if point[0] < begins]
        points += zip(curve.x, curve.y, strict=True)
    return RepeatCurve(repeat, tuple(x for x, _ in points), tuple(y for _, y in points))


def mean_curve(
    curves: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean of curves (x, y) over the stretch that all of them cover.

    Points are taken at every x of any curve within it, with straight lines between a curve's own points; a mean over a
    part of the repeats only would jump where one of them ends.

    Returns:
        x, increasing, and the mean there, both of shape (m,); empty where the curves share no stretch.
    """
    finite = [_finite_sorted(x, y) for x, y in curves]
    if not finite or any(len(x) == 0 for x, _ in finite):
        return (), ()
    first, last = max(x[0] for x, _ in finite), min(x[-1] for x, _ in finite)
    grid = np.unique(np.concatenate([x for x, _ in finite]))
    grid = grid[(grid >= first) & (grid <= last)]
    mean = np.mean([np.interp(grid, x, y) for x, y in finite], axis=0)
    return tuple(grid.tolist()), tuple(mean.tolist())


def _finite_sorted(x: Sequence[float], y: Sequence[float]) -> tuple[Floats, Floats]:
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = np.isfinite(xs) & np.isfinite(ys)
    order = np.argsort(xs[known], kind="stable")
    return xs[known][order], ys[known][order]
