"""Where the expected improvement is highest: a search without gradients, which integers and categories do not hurt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import log_ei
from besom.search.model import Model
from besom.search.moves import Moves

Floats = npt.NDArray[np.float64]

_DRAWS = 600
_NEAR_BEST = 300
_ROUNDS = 6
_CHILDREN = 24
_PARENTS = (8, 8, 8, 4, 4, 4)  # survivors that get children, in each round
_FIRST_SCALE, _SHRINKAGE = 0.1, 0.6


def ranked_candidates(model: Model, moves: Moves, rng: np.random.Generator) -> Floats:
    """All candidates that were looked at, best log expected improvement first, shape (about 2000, d)."""
    parents = model.best_x[rng.integers(len(model.best_x), size=_NEAR_BEST)]
    near_best = moves.mutate(rng, parents, np.exp(rng.uniform(np.log(0.01), np.log(0.3), _NEAR_BEST)))
    x = np.concatenate([moves.draw(rng, _DRAWS), near_best])
    score = _score(model, x)
    for round_, survivors in zip(range(_ROUNDS), _PARENTS, strict=True):
        best = _best_distinct(x, score, survivors)
        parents = np.repeat(x[best], _CHILDREN, axis=0)
        scale = _FIRST_SCALE * _SHRINKAGE**round_ * np.exp(rng.uniform(-2.5, 0.5, len(parents)))
        children = moves.mutate(rng, parents, scale)
        x, score = np.concatenate([x, children]), np.concatenate([score, _score(model, children)])
    return x[np.argsort(-score, kind="stable")]


def _score(model: Model, x: Floats) -> Floats:
    if len(x) == 0:
        return np.empty(0)
    mean, sd = model.posterior.predict(x)
    return log_ei(mean, sd, model.best)


def _best_distinct(x: Floats, score: Floats, count: int) -> list[int]:
    """Indices of the `count` best different rows: in a discrete space the same one comes up again and again."""
    chosen: dict[bytes, int] = {}
    for index in np.argsort(-score, kind="stable").tolist():
        chosen.setdefault(x[index].tobytes(), index)
        if len(chosen) == count:
            break
    return list(chosen.values())
