"""Matern-5/2 with a lengthscale for each input; categories by Hamming distance.

Letters: n, m points; d inputs; P = n (n - 1) / 2 pairs of points; f features.
    x (n, d)   inputs: positions in [0, 1], or a category's index
    l (d,)     lengthscales
    r2         squared scaled distance: sum over numbers (x - x')^2 / l^2 + sum over categories [x != x'] / l^2

Source:
    Rasmussen & Williams 2006, eq. 4.17, with r in units of the lengthscale.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

_SQRT5 = math.sqrt(5.0)


def matern52(r2: Floats) -> Floats:
    """Correlation at squared scaled distance `r2` >= 0, same shape."""
    r = 5.0 * r2
    np.sqrt(r, out=r)
    correlation = r / 3.0  # 1 + r + r^2 / 3, with few arrays: fetching fresh memory is most of the time
    correlation += 1.0
    correlation *= r
    correlation += 1.0
    np.negative(r, out=r)
    correlation *= np.exp(r, out=r)
    return correlation


def matern52_and_slope(r2: Floats) -> tuple[Floats, Floats]:
    """Correlation, and its derivative by `r2`; both of the shape of `r2`."""
    r = np.sqrt(5.0 * r2)
    decay = np.exp(-r)
    slope = -5.0 / 6.0 * (1.0 + r) * decay
    return (1.0 + r + r * r / 3.0) * decay, slope


def pair_indices(n: int) -> tuple[Ints, Ints]:
    """Row and column of each pair of `n` points, shapes (P,): the order of all pair arrays here."""
    return np.triu_indices(n, 1)


def pair_distances(x: Floats, is_category: Bools) -> Floats:
    """Unscaled squared (or Hamming) distance of each pair in each input, shape (d, P)."""
    rows, columns = pair_indices(len(x))
    difference = x[rows] - x[columns]
    return np.ascontiguousarray(np.where(is_category, difference != 0.0, difference**2).T, dtype=np.float64)


def features(x: Floats, categories: Ints, lengthscale: Floats) -> Floats:
    """Points whose squared Euclidean distance is `r2`, shape (n, f): one product of matrices gives all distances.

    Args:
        x: Points, shape (n, d).
        categories: How many categories each input has, 0 for numbers, shape (d,); indices are -1 (inactive) or in
            range(categories[j]).
        lengthscale: l, shape (d,).
    """
    numbers = categories == 0
    columns = [x[:, numbers] / lengthscale[numbers]]
    for j in np.flatnonzero(~numbers):
        one_hot = np.zeros((len(x), categories[j] + 1))
        one_hot[np.arange(len(x)), x[:, j].astype(np.intp)] = 1.0 / (math.sqrt(2.0) * lengthscale[j])
        columns.append(one_hot)
    return np.concatenate(columns, axis=1)


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distances between rows of `a` (n, f) and `b` (m, f), shape (n, m), never negative."""
    squared = (-2.0 * a) @ b.T
    squared += (a * a).sum(1)[:, None]
    squared += (b * b).sum(1)[None, :]
    return np.asarray(np.maximum(squared, 0.0, out=squared))
