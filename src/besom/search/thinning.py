"""Which results a model sees where there are more than it can take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


_STEPS_FROM = 30
_STEP = 1.15


def in_steps(n: int) -> int:
    """How many of `n`, the first, hyperparameters are fitted to: it grows by steps, so that a fit lasts a while."""
    first = min(n, _STEPS_FROM)
    while first >= _STEPS_FROM and int(first * _STEP) <= n:
        first = int(first * _STEP)
    return first


def best_and_even(y: Floats, most: int) -> Ints:
    """Indices of at most `most` of the values `y` (n,), in their order: the best half, the others spread evenly."""
    if len(y) <= most:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    best, rest = order[: most // 2], np.sort(order[most // 2 :])
    return np.sort(np.concatenate([best, evenly(rest, most - len(best))]))


def evenly(indices: Ints, count: int) -> Ints:
    """At most `count` of `indices` (n,), spread evenly over them."""
    return indices[np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(np.intp)]
