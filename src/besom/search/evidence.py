"""What a model can learn from a history: arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.records import Config, Observation, Status
from besom.search.contract import History
from besom.space import Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_FAILED, _PENDING, _PAUSED = Status.FAILED, Status.PENDING, Status.PAUSED  # an enum's members are slow to look up


@dataclass(frozen=True, slots=True)
class Evidence:
    """Results and pending trials of a history.

    Attributes:
        space: The search space.
        configs: Configurations with a result. Failures are none: see `failures`.
        y: Their minimised objectives, finite, shape (n,).
        pending: Encoded configurations whose result is still to come, shape (m, d).
    """

    space: Space
    configs: Sequence[Config]
    y: Floats
    pending: Floats

    def x(self, kept: Ints) -> Floats:
        """Encoded configurations with a result, those of the indices `kept` (k,), shape (k, d)."""
        return self.space.encode([self.configs[at] for at in kept.tolist()])


def evidence_of(history: History) -> Evidence:
    """The evidence in a history, in order of the trials' numbers."""
    open_ones = [o for o in history.observations if _is_open(o)]
    not_told = {o.trial for o in open_ones}
    told = [
        o
        for o in history.observations
        if o.value is not None and math.isfinite(o.value) and o.status is not _FAILED and o.trial not in not_told
    ]
    return Evidence(
        space=history.space,
        configs=[o.config for o in told],
        y=np.array([o.value for o in told], dtype=np.float64),
        pending=history.space.encode([o.config for o in open_ones]),
    )


def _is_open(observation: Observation) -> bool:
    """Whether its result is still to come. A paused trial's latest value counts as its result until it goes on."""
    status = observation.status
    return status is _PENDING or (status is _PAUSED and observation.value is None)
