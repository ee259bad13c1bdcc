"""Which configurations a sweep has seen, and which of a finite space are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from besom.errors import SweepFileError
from besom.records import Config, Observation
from besom.space import Space

_DRAWS = (8, 64, 512, 4096)
_CELLS_MAX = 100_000  # a grid with more cells than this is not searched for what random draws did not find


class Tried:
    """The configurations of all observations, pending ones included."""

    def __init__(self, space: Space, observations: Sequence[Observation]) -> None:
        self._space = space
        self._configs = [observation.config for observation in observations]

    def __contains__(self, config: Config) -> bool:
        # Comparing dicts is far faster than hashing them all; keys then tell 1 from True.
        return any(config == other and self._space.key(config) == self._space.key(other) for other in self._configs)

    def is_everything(self) -> bool:
        """Whether no configuration of the space is left."""
        size = self._space.size
        if size is None or len(self._configs) < size:
            return False
        inside = {self._space.key(config) for config in self._configs if not self._space.outside(config)}
        return len(inside) >= size

    def draw_another(self, rng: np.random.Generator) -> dict[str, Any] | None:
        """A draw from the prior that has not been tried; None where none is found."""
        if self.is_everything():
            return None
        for draws in _DRAWS:
            for config in self._space.sample(rng, draws):
                if config not in self:
                    return config
        try:
            cells = self._space.cells
        except SweepFileError:  # a distribution without a grid: draws are all there is
            return None
        if cells > _CELLS_MAX:
            return None
        keys = {self._space.key(config) for config in self._configs}
        left = [cell for cell in range(cells) if self._space.key(self._space.cell(cell)) not in keys]
        return self._space.cell(int(rng.choice(left))) if left else None
