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
        x: Encoded configurations with a result, shape (n, d).
        y: Their minimised objectives, finite, shape (n,); a failure counts as the worst value seen.
        pending: Encoded configurations without one, shape (m, d).
        measured: How many of the results are no failures.
    """

    x: Floats
    y: Floats
    pending: Floats
    measured: int


def evidence_of(history: History) -> Evidence:
    """The evidence in a history, in order of the trials' numbers."""
    told = [o for o in history.observations if not _is_open(o)]
    values = [_measured(o) for o in told]
    known = [value for value in values if value is not None]
    worst = max(known, default=0.0)
    pending = [o.config for o in history.observations if _is_open(o)]
    return Evidence(
        x=history.space.encode([o.config for o in told]),
        y=np.array([worst if value is None else value for value in values], dtype=np.float64),
        pending=history.space.encode(pending),
        measured=len(known),
    )


def _is_open(observation: Observation) -> bool:
    """Whether its result is still to come. A paused trial's latest value counts as its result until it goes on."""
    waits = observation.status is Status.PAUSED and observation.value is None
    return observation.status is Status.PENDING or waits


def _measured(observation: Observation) -> float | None:
    value = observation.value
    has_failed = observation.status is Status.FAILED or value is None or not math.isfinite(value)
    return None if has_failed else value
