"""Trials whose curves coincide: what sets their configurations apart does not matter, and one of them tells of all.

A search in a table of past trainings meets them often, as does a parameter that never comes into play (a clipping
threshold that no gradient reaches).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from besom.records import Observation, Status

_CHANCE = 0.01  # that any two of a sweep's curves are taken for twins and are none
_FINEST = 1e-6  # of the spread: values that are closer differ by rounding
_FIRST = 8  # points of each curve by which the metric's resolution is judged
_LEAST_POINTS = 2


def leaders(observations: Sequence[Observation]) -> Mapping[int, Observation]:
    """For each trial that has shown exactly what another one showed on its way, and no more: that other trial.

    Of several it is one that nobody went beyond; of equal ones the first. A beginning that never changes (a reward that
    has not come yet, a training that does not get off the ground) says nothing and makes no twins.
    """
    usable = [o for o in observations if o.status is not Status.FAILED and all(map(math.isfinite, o.curve.values))]
    least = _least_points(usable)
    telling = (o for o in usable if len(o.curve) >= least and len(set(o.curve.values[:least])) > 1)
    shown = sorted(telling, key=lambda o: (o.curve.values, -o.trial))
    found: dict[int, Observation] = {}
    # In this order a curve stands right before those that go on from where it ends.
    for shorter, longer in reversed(list(pairwise(shown))):
        if _begins_with(longer, shorter):
            found[shorter.trial] = found.get(longer.trial, longer)
    return found


def _least_points(observations: Sequence[Observation]) -> int:
    """At how many points curves must coincide not to do so by chance: at more where the metric is coarse.

    Unrelated values, of a metric with steps of `step`, are equal with a chance of about `step` by their spread.
    """
    values = np.unique(np.concatenate([np.zeros(1), *(o.curve.values[:_FIRST] for o in observations)]))
    values /= np.abs(values).max() or 1.0  # so that no difference overflows
    spread = float(values[3 * len(values) // 4] - values[len(values) // 4]) or 1.0
    steps = np.diff(values) / spread
    step = steps[steps > _FINEST].min(initial=0.5)
    pairs = max(len(observations) ** 2 / 2, 1.0)
    return max(_LEAST_POINTS, math.ceil(math.log(_CHANCE / pairs) / math.log(step)))


def _begins_with(longer: Observation, shorter: Observation) -> bool:
    count = len(shorter.curve)
    return (
        longer.curve.values[:count] == shorter.curve.values and longer.curve.fidelity[:count] == shorter.curve.fidelity
    )
