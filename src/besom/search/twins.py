"""Trials whose curves coincide: what sets their configurations apart does not matter, and one of them tells of all.

A search in a table of past trainings meets them often, as does a parameter that never comes into play (a clipping
threshold that no gradient reaches). A parameter that comes into play late makes curves that coincide at first only: so
one twin is followed to its end, and it takes more points than those at which any two were alike that then parted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from besom.records import Observation, Status

_CHANCE = 0.01  # that any two of a sweep's curves, of unrelated values, coincide
_FINEST = 1e-6  # of the spread: values that are closer differ by rounding
_COARSEST = 0.5
_FIRST = 8  # points of each curve by which the metric's resolution is judged
_LEAST_POINTS = 2


def leaders(observations: Sequence[Observation]) -> Mapping[int, Observation]:
    """For each trial that has shown exactly what another one showed on its way, and no more: that other trial.

    Of several it is one that nobody went beyond; of equal ones the first. They are alike at more points than any two
    that then parted. A beginning that never changes (a reward that has not come yet, a training that does not get off
    the ground) says nothing and makes no twins.
    """
    usable = [o for o in observations if o.status is not Status.FAILED and _is_finite(o)]
    begun_at = Counter(o.curve[0][1] for o in usable if o.curve)
    alike_at_first = [o for o in usable if o.curve and begun_at[o.curve[0][1]] > 1]
    if not alike_at_first:
        return {}
    # In this order a curve stands right before those that go on from where it ends.
    shown = sorted(alike_at_first, key=lambda o: (o.curve.values, -o.trial))
    side_by_side = [(first, second, _points_alike(first, second)) for first, second in pairwise(shown)]
    least = max(_least_points(usable), 1 + _most_alike_that_parted(side_by_side))
    found: dict[int, Observation] = {}
    for shorter, longer, alike in reversed(side_by_side):
        if alike == len(shorter.curve) and alike >= least and _changes(shorter, least):
            found[shorter.trial] = found.get(longer.trial, longer)
    return found


def unproven(observations: Sequence[Observation], most: float) -> list[Observation]:
    """Twins of trials that got to the `most` fidelity, best first; none once a twin has got there too.

    Training one of them on would show whether twins stay together.
    """
    found = leaders(observations)
    twins = [o for o in observations if o.trial in found]
    if any(o.fidelity >= most for o in twins):
        return []
    return sorted((o for o in twins if found[o.trial].fidelity >= most), key=lambda o: min(found[o.trial].curve.values))


def _most_alike_that_parted(pairs: Iterable[tuple[Observation, Observation, int]]) -> int:
    """The most points at which two trials, which then went different ways, were alike."""
    parted = (
        alike
        for first, second, alike in pairs
        if alike < min(len(first.curve), len(second.curve)) and _changes(first, alike)
    )
    return max(parted, default=0)


def _is_finite(observation: Observation) -> bool:
    return len(observation.curve.usable[1]) == len(observation.curve)


def _changes(observation: Observation, points: int) -> bool:
    """Whether its first so many values are not all the same."""
    return len(set(observation.curve.values[:points])) > 1


def _points_alike(first: Observation, second: Observation) -> int:
    """At how many points, from the beginning, the two have shown the same at the same fidelity."""
    points = zip(first.curve.values, second.curve.values, first.curve.fidelity, second.curve.fidelity, strict=False)
    count = 0
    for value, other, fidelity, other_fidelity in points:
        if value != other or fidelity != other_fidelity:
            break
        count += 1
    return count


def _least_points(observations: Sequence[Observation]) -> int:
    """At how many points curves must coincide not to do so by chance: at more where the metric is coarse.

    Unrelated values, of a metric with steps of `step`, are equal with a chance of about `step` by their spread.
    """
    values = np.unique(np.concatenate([np.zeros(1), *(o.curve.values[:_FIRST] for o in observations)]))
    values /= np.abs(values).max() or 1.0  # so that no difference overflows
    spread = float(values[3 * len(values) // 4] - values[len(values) // 4])
    steps = np.diff(values)
    steps = steps[(steps > _FINEST * spread) & (steps < _COARSEST * spread)]
    step = float(steps.min()) / spread if len(steps) else _COARSEST
    pairs = max(len(observations) ** 2 / 2, 1.0)
    return max(_LEAST_POINTS, math.ceil(math.log(_CHANCE / pairs) / math.log(step)))
