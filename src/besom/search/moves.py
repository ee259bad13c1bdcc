"""Positions in an encoded space: draws from the prior, and mutations that know integers, lists and categories."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from besom.space import Parameter, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_SHORT_LIST = 8  # up to so many levels a move goes to a neighbour or anywhere, beyond by distance
_MUTATED = 2.0  # coordinates that a mutation changes, on average


def categories_of(space: Space) -> Ints:
    """How many categories each column of an encoding has, 0 for ordinal ones, shape (d,)."""
    return np.array([0 if p.is_ordinal else (p.count or 0) for p in space.free], dtype=np.intp)


class Moves:
    """Draws and mutations of encoded configurations, arrays of shape (n, d)."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._categories = categories_of(space)
        self._levels = [_levels(parameter) for parameter in space.free]

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """Feasible draws from the prior."""
        return self._space.sample_encoded(rng, n)

    def mutate(self, rng: np.random.Generator, parents: Floats, scale: Floats) -> Floats:
        """One child of each parent; those that break a constraint are left out.

        Args:
            rng: Source of randomness.
            parents: Encoded configurations, shape (n, d).
            scale: Standard deviation of each child's moves, as a part of the prior's probability, shape (n,).
        """
        n, d = parents.shape
        children = parents.copy()
        changes = rng.random((n, d)) < _MUTATED / d
        changes[np.arange(n), rng.integers(d, size=n)] = True
        columns, rows_of_all = np.nonzero(changes.T)
        ends = np.searchsorted(columns, np.arange(1, d + 1))
        for j, (levels, rows) in enumerate(zip(self._levels, np.split(rows_of_all, ends[:-1]), strict=True)):
            at = parents[rows, j]
            if self._categories[j]:
                children[rows, j] = self._other_category(rng, at, int(self._categories[j]))
            elif levels is None:
                moved = at + scale[rows] * rng.standard_normal(len(rows))
                children[rows, j] = np.minimum(np.maximum(moved, 0.0), 1.0)
            else:
                children[rows, j] = levels.others(rng, at, scale[rows])
        return self._existing(children)

    @staticmethod
    def _other_category(rng: np.random.Generator, at: Floats, count: int) -> Floats:
        """Another category for each of `at`; an inactive one (-1) gets any."""
        another = (at + rng.integers(1, max(count, 2), size=len(at))) % count
        return np.where(at < 0, rng.integers(count, size=len(at)), another)

    def _existing(self, x: Floats) -> Floats:
        """The rows of `x` as configurations that exist; inactive parameters at the value that stands for that."""
        if not self._space.is_conditional and not self._space.constraints:
            return x
        configs = self._space.decode_all(x)
        return self._space.encode([config for config in configs if self._space.is_feasible(config)])


class _Levels:
    """Ascending positions of an ordinal parameter's levels, two or more."""

    def __init__(self, positions: Floats) -> None:
        self._count = len(positions)
        # Beyond an end, turn back, so that a move moves.
        self._turning = np.concatenate([positions[1:2], positions, positions[-2:-1]])
        self._middles = 0.5 * (positions[1:] + positions[:-1])

    def others(self, rng: np.random.Generator, at: Floats, scale: Floats) -> Floats:
        """Another level for each of `at`: in short lists a neighbour or any other, in long ones about `scale` away."""
        count, index = self._count, self._nearest(at)
        sign = 2 * rng.integers(2, size=len(at)) - 1
        if count <= _SHORT_LIST:
            anywhere = (index + rng.integers(1, count, size=len(at))) % count
            moved = np.where(rng.random(len(at)) < 0.5, index + sign, anywhere)
        else:
            moved = self._nearest(at + scale * rng.standard_normal(len(at)))
            moved = np.where(moved == index, index + sign, moved)
        return np.asarray(self._turning[moved + 1])

    def _nearest(self, at: Floats) -> Ints:
        """Index of the level nearest to each of `at`."""
        return np.searchsorted(self._middles, at)


def _levels(parameter: Parameter) -> _Levels | None:
    """The levels of an ordinal parameter; None where it is continuous, or nearly so."""
    if not parameter.is_ordinal or parameter.levels is None:
        return None
    # Levels far out in a prior's tail share a position: to the model they are one.
    positions = np.unique(parameter.encoded(parameter.levels))
    return _Levels(positions) if len(positions) > 1 else None
