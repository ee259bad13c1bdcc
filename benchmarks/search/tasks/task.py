"""What a task is: what an optimiser may see, and what it is scored on. Needs numpy alone, as all tasks do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Config = Mapping[str, Any]
Floats = NDArray[np.float64]


def one_second(_config: Config) -> float:
    """A second an epoch, where nothing is known."""
    return 1.0


@dataclass(frozen=True)
class Task:
    """A black box with a learning curve.

    Attributes:
        name: "FAMILY/DATA SET".
        family: Tasks of one family share a space, or at least their nature.
        space: A W&B sweep's `parameters` block.
        goal: "minimize" or "maximize", of what `curve` returns.
        max_epochs: 1 where there is no learning curve.
        curve: A configuration's metric after epochs 1 to `max_epochs`, shape (max_epochs,). NaN where it failed.
        seconds: What one epoch of a configuration takes.
        meta_features: Facts about the data set.
        best: The best value known: regret 0.
        worst: The median of random configurations' final values: regret 1.
        truth: The value that a configuration is scored by, where `curve` is noisy; None where `curve` is exact.
    """

    name: str
    family: str
    space: Mapping[str, Mapping[str, Any]]
    goal: Literal["minimize", "maximize"]
    max_epochs: int
    curve: Callable[[Config], Floats] = field(repr=False)
    seconds: Callable[[Config], float] = field(repr=False, default=one_second)
    meta_features: Mapping[str, float] = field(default_factory=dict)
    best: float = float("nan")
    worst: float = float("nan")
    truth: Callable[[Config], float] | None = field(repr=False, default=None)

    def regret(self, value: float) -> float:
        """0 at the best known value (and where a value beats it), 1 at the median of random search; may exceed 1."""
        short = value - self.best if self.goal == "minimize" else self.best - value
        return max(0.0, short) / max(abs(self.best - self.worst), 1e-12)

    def is_better(self, value: float, than: float) -> bool:
        """Whether `value` beats `than`; no NaN beats anything, and everything finite beats NaN."""
        if not np.isfinite(value):
            return False
        if not np.isfinite(than):
            return True
        return value < than if self.goal == "minimize" else value > than
