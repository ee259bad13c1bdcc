"""What users' own code measured, taken as numbers: the objective, and the step at which it was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from besom.errors import MessageError

Measured = float | Mapping[str, Any]
"""The objective, or a dict that has it under its name."""


def objective_of(measured: Measured, metric: str, place: str) -> float:
    """The number itself, or the dict's entry under the metric's name; errors tell of `place`. Raises MessageError."""
    value = _number(measured.get(metric) if isinstance(measured, Mapping) else measured)
    if value is None:
        law = f"needs the objective as a number, or a dict with {metric!r}"
        raise MessageError(f"{place}: {law}, got {measured!r}; give one of them.")
    return value


def step_of(step: float, place: str) -> float:
    """The step, which is finite; of `place` an error tells. Raises MessageError."""
    number = _number(step)
    if number is None or not math.isfinite(number):
        raise MessageError(f"{place}: report needs the step as a finite number, got {step!r}; give that.")
    return number


def _number(value: Any) -> float | None:
    """What is a number, numpy's and torch's too, as a float; None where it is none."""
    if isinstance(value, str | bytes):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
