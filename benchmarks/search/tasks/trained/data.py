"""The data sets that are trained on, split once and for all into what is learned and what is validated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.task import Floats

_DATA = Path(__file__).parent.parent / "data"
_SEED = 7


@dataclass(frozen=True, eq=False)
class Split:
    """Inputs and targets, to learn from and to validate on.

    Attributes:
        x: Shape (n, d), standardised by the training rows, or as the data set's own module says.
        y: Shape (n,).
        x_new: Validation inputs, shape (m, d).
        y_new: Shape (m,).
    """

    x: Floats
    y: NDArray[np.generic]
    x_new: Floats
    y_new: NDArray[np.generic]


@cache
def digits(rows: int, rows_new: int) -> Split:
    """8x8 images of handwritten digits, grey values 0 to 1 as rows of 64; the first so many after shuffling."""
    with np.load(_DATA / "trainings.npz") as file:
        x, y = file["digits_x"].astype(np.float32) / 16, file["digits_y"].astype(np.int64)
    order = np.random.default_rng(_SEED).permutation(len(y))[: rows + rows_new]
    x, y = x[order], y[order]
    return Split(x[:rows], y[:rows], x[rows:], y[rows:])


@cache
def table(name: str, share: float = 0.6) -> Split:
    """`diabetes` (progression of the disease, standardised) or `cancer` (1 where benign), inputs standardised."""
    with np.load(_DATA / "trainings.npz") as file:
        x, y = file[f"{name}_x"].astype(float), file[f"{name}_y"].astype(float)
    order = np.random.default_rng(_SEED).permutation(len(y))
    x, y, rows = x[order], y[order], int(share * len(y))
    x = (x - x[:rows].mean(0)) / x[:rows].std(0)
    if name == "diabetes":
        y = (y - y[:rows].mean()) / y[:rows].std()
    return Split(x[:rows], y[:rows], x[rows:], y[rows:])


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who rated what: matrices of users by items, and which cells are seen and which validated."""

    values: NDArray[np.float32]
    is_seen: NDArray[np.float32]
    is_new: NDArray[np.float32]


@cache
def ratings() -> Ratings:
    """1 to 5 stars of 160 users for 120 items, made up: five tastes, generous users, popular items seen more often."""
    rng = np.random.default_rng(_SEED)
    users, items = 160, 120
    tastes = rng.standard_normal((users, 5)) * [1.0, 0.8, 0.6, 0.4, 0.3] @ rng.standard_normal((5, items)) / 1.6
    quality = rng.normal(0, 0.5, items)
    score = 3.4 + rng.normal(0, 0.4, (users, 1)) + quality + tastes + rng.normal(0, 0.6, (users, items))
    chance = np.exp(0.9 * quality + 0.8 * rng.standard_normal((users, 1)) + 0.4 * tastes)
    is_rated = rng.random((users, items)) < np.minimum(0.22 * chance / chance.mean(), 0.9)
    is_new = is_rated & (rng.random((users, items)) < 0.25)
    stars = np.clip(np.rint(score), 1, 5)
    return Ratings(stars.astype(np.float32), (is_rated & ~is_new).astype(np.float32), is_new.astype(np.float32))


@cache
def text() -> NDArray[np.int64]:
    """The Apache License 2.0 as small letters: codes 0 to 28 for a to z, space, full stop, and all else."""
    letters = (_DATA / "LICENSE-APACHE-2.0.txt").read_text(encoding="utf-8").lower()
    alphabet = {letter: code for code, letter in enumerate("abcdefghijklmnopqrstuvwxyz .")}
    return np.array([alphabet.get(letter, 28) for letter in " ".join(letters.split())])
