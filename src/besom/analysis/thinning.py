"""Points that stand for many where all cannot be told apart on a screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_SCATTER = 2654435761  # Knuth's multiplier: a hash of whole numbers


@dataclass(frozen=True, slots=True)
class Thinned:
    """Points that stand for all; both of shape (m,).

    Attributes:
        at: Their places among all points, in order.
        counts: How many points each stands for, itself included.
    """

    at: Ints
    counts: Ints


def thinned(
    x: Floats, y: Floats, losses: Floats, most: int, window: tuple[tuple[float, float], tuple[float, float]]
) -> Thinned:
    """At most `most` of the points: any of those that lie in one cell of a grid, and the best of each of its columns.

    A cloud looks as it did, and its best edge is exact. Points outside the window count to the cells at the edge.

    Args:
        x: Where they lie across, shape (n,), finite.
        y: Where they lie up, shape (n,), finite.
        losses: The best has the least, shape (n,).
        most: At least 10.
        window: The ends of what is shown, of x and of y.
    """
    count = len(x)
    if count <= most:
        return Thinned(np.arange(count), np.ones(count, np.intp))
    across = int(np.sqrt(most * 2.6))  # pictures are wider than high
    up = most // across - 1
    columns = _bins(x, window[0], across)
    cells = columns * up + _bins(y, window[1], up)
    # Which point stands for its cell must have nothing to do with where it lies in it: the grid would be seen.
    scattered = np.arange(count, dtype=np.uint32) * np.uint32(_SCATTER)
    order = np.lexsort((scattered, cells))
    first = np.flatnonzero(np.diff(cells[order], prepend=-1))
    counts = np.zeros(count, np.intp)
    counts[order[first]] = np.diff(np.append(first, count))
    by_loss = np.lexsort((losses, columns))
    best = by_loss[np.flatnonzero(np.diff(columns[by_loss], prepend=-1))]
    counts[best] = np.maximum(counts[best], 1)
    at = np.flatnonzero(counts)
    return Thinned(at, counts[at])


def _bins(values: Floats, ends: tuple[float, float], count: int) -> Ints:
    low, high = ends
    part = (values - low) / (high - low) if high > low else np.zeros(len(values))
    return np.clip((part * count).astype(np.int64), 0, count - 1)


def shares(is_in: npt.NDArray[np.bool_], stretches: int) -> Floats:
    """The share of points that are in, for each of so many equal stretches of their order; shape (stretches,)."""
    edges = np.linspace(0, len(is_in), stretches + 1).astype(np.int64)
    total = np.concatenate([[0], np.cumsum(is_in)])
    return np.asarray(np.diff(total[edges]) / np.maximum(1, np.diff(edges)))
