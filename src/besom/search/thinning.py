"""Which results a model sees where there are more than it can take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


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
