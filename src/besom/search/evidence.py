"""What a model can learn from a history: arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.records import Observation, Status
from besom.search.contract import History

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Results and pending trials of a history.

    Attributes:
        x: Encoded configurations with a result, shape (n, d). Failures are none: see `failures`.
        y: Their minimised objectives, finite, shape (n,).
        pending: Encoded configurations whose result is still to come, shape (m, d).
    """

    x: Floats
    y: Floats
    pending: Floats


def evidence_of(history: History) -> Evidence:
    """The evidence in a history, in order of the trials' numbers."""
    told = [(o.config, o.value) for o in history.observations if _has_result(o)]
    pending = [o.config for o in history.observations if _is_open(o)]
    return Evidence(
        x=history.space.encode([config for config, _ in told]),
        y=np.array([value for _, value in told], dtype=np.float64),
        pending=history.space.encode(pending),
    )


def _is_open(observation: Observation) -> bool:
    """Whether its result is still to come. A paused trial's latest value counts as its result until it goes on."""
    waits = observation.status is Status.PAUSED and observation.value is None
    return observation.status is Status.PENDING or waits


def _has_result(observation: Observation) -> bool:
    if observation.status is Status.FAILED or _is_open(observation):
        return False
    return observation.value is not None and math.isfinite(observation.value)
