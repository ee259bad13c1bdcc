"""The initial design: where to look before there is anything to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from besom.numerics.halton import halton
from besom.records import Reason
from besom.search.contract import History, Suggestion
from besom.search.memory import one_that_fits
from besom.search.tried import Tried

_KEPT = 5  # where the first ones do not fit says most about what does
_REPLACEMENT = 1  # sets these draws apart from the design's own
_LONGEST = 256  # beyond it (a sweep in which everything fails) plain draws do as well, in constant time


def next_of_design(history: History, tried: Tried) -> Suggestion | None:
    """The next point of the initial design; None where nothing untried is found.

    The middle of the prior comes first, then points spread evenly over its probability. After the first few, one that
    does not fit into memory, as far as trials have shown, is replaced by a draw that does.
    """
    point = _point(history, tried)
    if point is None or len(history.observations) < _KEPT:
        return point
    rng = np.random.default_rng([history.seed, len(history.observations), _REPLACEMENT])
    config = one_that_fits(history, point.config, rng)
    if config is point.config:
        return point
    text = "A draw, in place of a point of the design that would not fit into memory."
    return Suggestion(config, Reason("initial design", text, point.reason.details))


def _point(history: History, tried: Tried) -> Suggestion | None:
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
