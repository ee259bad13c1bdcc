"""Trials whose curves coincide: what sets their configurations apart does not matter, and one of them tells of all.

A search in a table of past trainings meets them often, as does a parameter that never comes into play (a clipping
threshold that no gradient reaches).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite

from besom.records import Observation, Status

_LEAST_POINTS = 3  # fewer may coincide by chance


def leaders(observations: Sequence[Observation]) -> Mapping[int, Observation]:
    """For each trial that has shown exactly what another one showed on its way, and no more: that other trial.

    Of several it is one that nobody went beyond; of equal ones the first. A beginning that never changes (a reward that
    has not come yet, a training that does not get off the ground) says nothing and makes no twins.
    """
    shown = sorted((o for o in observations if _says_something(o)), key=lambda o: (o.curve.values, -o.trial))
    found: dict[int, Observation] = {}
    # In this order a curve stands right before those that go on from where it ends.
    for shorter, longer in reversed(list(pairwise(shown))):
        if _begins_with(longer, shorter):
            found[shorter.trial] = found.get(longer.trial, longer)
    return found


def _says_something(observation: Observation) -> bool:
    values = observation.curve.values
    is_usable = observation.status is not Status.FAILED and all(map(isfinite, values))
    return is_usable and len(values) >= _LEAST_POINTS and len(set(values[:_LEAST_POINTS])) > 1


def _begins_with(longer: Observation, shorter: Observation) -> bool:
    count = len(shorter.curve)
    return (
        longer.curve.values[:count] == shorter.curve.values and longer.curve.fidelity[:count] == shorter.curve.fidelity
    )
