"""What curves show of a trial's progress, worked out once for each curve."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Generic, TypeVar

import numpy as np

from besom.records import Curve, Observation, Status

Seen = TypeVar("Seen")


class Memory(Generic[Seen]):
    """What was made of each trial's curve, for as long as the curve is the very same object.

    A curve that grows is another object, so that only the trials that reported since are worked out again.
    """

    def __init__(self, make: Callable[[Curve], Seen]) -> None:
        self._make = make
        self._made: dict[int, tuple[Curve, Seen]] = {}

    def of(self, observation: Observation) -> Seen:
        """What the observation's curve shows."""
        curve = observation.curve
        known = self._made.get(observation.trial)
        if known is None or known[0] is not curve:
            known = self._made[observation.trial] = (curve, self._make(curve))
        return known[1]


class Progress:
    """A curve's course, in order of its fidelity. Values that are not finite count as steps and show nothing.

    Attributes:
        reached: How far it got; 0 without a point.
        first: Where its first point lies; 0 without one.
        latest: The last finite value; infinity without one.
        best: The lowest finite value; infinity without one.
    """

    def __init__(self, curve: Curve, *, by_fidelity: bool) -> None:
        """The course of `curve`.

        Args:
            curve: The objective as logged, minimised.
            by_fidelity: Whether progress is the fidelity; otherwise it counts the logged values.
        """
        values = np.frombuffer(curve.values)
        levels = np.frombuffer(curve.fidelity) if by_fidelity else np.arange(1.0, len(values) + 1)
        order = np.argsort(levels, kind="stable")
        order = order[np.isfinite(levels[order])]
        self._values = values[order]
        self._is_finite = np.isfinite(self._values)
        self._levels: list[float] = levels[order].tolist()
        self.reached = self._levels[-1] if self._levels else 0.0
        self.first = self._levels[0] if self._levels else 0.0
        finite = self._values[self._is_finite]
        self.latest = float(finite[-1]) if finite.size else math.inf
        self.best = float(finite.min(initial=math.inf))

    def at(self, level: float) -> float | None:
        """The latest finite value up to `level`; infinity, the worst there is, where none of the values was finite.

        None where it did not get there, or logged nothing on its way.
        """
        return self._up_to(level, self._latest)

    def average(self, level: float) -> float | None:
        """The mean of all finite values up to `level`; infinity or None as in `at`."""
        return self._up_to(level, self._averages)

    def _up_to(self, level: float, column: list[float]) -> float | None:
        index = bisect_right(self._levels, level) - 1 if level <= self.reached else -1
        return column[index] if index >= 0 else None

    @cached_property
    def _latest(self) -> list[float]:
        """At each point the latest value that is finite."""
        at = np.maximum.accumulate(np.where(self._is_finite, np.arange(len(self._values)), -1))
        latest: list[float] = np.where(at < 0, math.inf, self._values[at]).tolist()
        return latest

    @cached_property
    def _averages(self) -> list[float]:
        """At each point the mean of what is finite so far."""
        shown = np.where(self._is_finite, self._values, 0.0)
        # Divided by the largest, no sum overflows, and the mean of equal values is that very value.
        scale = np.abs(shown).max(initial=0.0) or 1.0
        count = np.cumsum(self._is_finite)
        mean = np.cumsum(shown / scale) / np.maximum(count, 1) * scale
        averages: list[float] = np.where(count == 0, math.inf, mean).tolist()
        return averages


def progress_memory(*, by_fidelity: bool) -> Memory[Progress]:
    """A memory of trials' progress; see `Progress`."""
    return Memory(partial(Progress, by_fidelity=by_fidelity))


def is_incumbent(shown: Progress, others: Iterable[Observation]) -> bool:
    """Whether no other trial's objective is better than the best that this one has shown; failed trials have none."""
    values = (other.value for other in others if other.status is not Status.FAILED and other.value is not None)
    return shown.best <= min(values, default=math.inf)
