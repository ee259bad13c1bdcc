"""The initial design: where to look before there is anything to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from besom.numerics.halton import halton
from besom.records import Reason
from besom.search.contract import History, Suggestion
from besom.search.tried import Tried

_LONGEST = 256  # beyond it (a sweep in which everything fails) plain draws do as well, in constant time


def next_of_design(history: History, tried: Tried) -> Suggestion | None:
    """The next point of the initial design; None where nothing untried is found.

    The middle of the prior comes first, then points spread evenly over its probability.
    """
    number = len(history.observations)
    details = {"point": number + 1}
    if number == 0:
        config = _at(history, np.full(len(history.space.free), 0.5))
        if history.space.is_feasible(config):
            return Suggestion(config, Reason("initial design", "The middle of each parameter's prior.", details))
    elif number < _LONGEST and history.space.free:
        points = halton(number, len(history.space.free), np.random.default_rng(history.seed))
        config = _at(history, points[-1])
        if history.space.is_feasible(config) and config not in tried:
            text = f"Point {number + 1} of a design that is spread evenly over the space."
            return Suggestion(config, Reason("initial design", text, details))
    drawn = tried.draw_another(np.random.default_rng([history.seed, number]))
    if drawn is None:
        return None
    return Suggestion(drawn, Reason("initial design", "A draw from what has not been tried.", details))


def _at(history: History, units: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """The configuration at a point of the prior's unit cube, shape (d,)."""
    space = history.space
    values = {parameter.name: parameter.from_unit(u) for parameter, u in zip(space.free, units, strict=True)}
    return space.decode(space.encode([values])[0])
