"""Where a score is highest: a search without gradients, which integers and categories do not hurt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from besom.records import Config
from besom.search.moves import Moves
from besom.search.tried import Tried
from besom.space import Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Score = Callable[[Floats], Floats]

_DRAWS = 600
_NEAR_BEST = 300
_CHILDREN = 24
_PARENTS = (8, 8, 8, 4, 4, 4)  # survivors that get children, in each round
_FIRST_SCALE, _SHRINKAGE = 0.1, 0.6
_AT_ONCE = 16
_BETTER_THAN_MOST = 8  # times as many as are wanted: enough that so many of them differ, mostly


def ranked_candidates(score: Score, best_x: Floats, moves: Moves, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """All candidates that were looked at, best first, shape (about 2000, d), and their scores.

    Args:
        score: The higher, the better: positions (m, d) to numbers (m,).
        best_x: Where to look more closely: the best configurations so far, shape (k, d), k >= 1.
        moves: Draws and mutations of the space.
        rng: Source of randomness.
    """
    parents = best_x[rng.integers(len(best_x), size=_NEAR_BEST)]
    near_best = moves.mutate(rng, parents, np.exp(rng.uniform(np.log(0.01), np.log(0.3), _NEAR_BEST)))
    x = np.concatenate([moves.draw(rng, _DRAWS), near_best])
    scores = score(x)
    for round_, survivors in enumerate(_PARENTS):
        best = _best_distinct(x, scores, survivors)
        parents = np.repeat(x[best], _CHILDREN, axis=0)
        scale = _FIRST_SCALE * _SHRINKAGE**round_ * np.exp(rng.uniform(-2.5, 0.5, len(parents)))
        children = moves.mutate(rng, parents, scale)
        if len(children):
            x, scores = np.concatenate([x, children]), np.concatenate([scores, score(children)])
    order = np.argsort(-scores, kind="stable")
    return x[order], scores[order]


def last(ranked: Floats, is_last: npt.NDArray[np.bool_]) -> Floats:
    """The positions `ranked` (m, d) in their order, but those of which `is_last` (m,) is true behind all others."""
    return np.concatenate([ranked[~is_last], ranked[is_last]])


def untried(ranked: Floats, space: Space, tried: Tried) -> Iterator[Config]:
    """Configurations of the positions `ranked` (m, d), in their order: each once, none tried before, all feasible."""
    seen = set()
    for start in range(0, len(ranked), _AT_ONCE):
        block = ranked[start : start + _AT_ONCE]
        for x, config in zip(block, space.decode_all(block), strict=True):
            key = x.tobytes()
            if key not in seen and config not in tried and space.is_feasible(config):
                yield config
            seen.add(key)


def _best_distinct(x: Floats, scores: Floats, count: int) -> list[int]:
    """Indices of the `count` best different rows: in a discrete space the same one comes up again and again."""
    few = _BETTER_THAN_MOST * count
    if len(scores) > few:
        top = np.flatnonzero(scores >= np.partition(scores, -few)[-few])
        chosen = _first_distinct(x, top[np.argsort(-scores[top], kind="stable")], count)
        if len(chosen) == count:
            return chosen
    return _first_distinct(x, np.argsort(-scores, kind="stable"), count)


def _first_distinct(x: Floats, order: Ints, count: int) -> list[int]:
    """The first `count` of the indices `order` whose rows differ."""
    chosen: dict[bytes, int] = {}
    for index in order.tolist():
        chosen.setdefault(x[index].tobytes(), index)
        if len(chosen) == count:
            break
    return list(chosen.values())
