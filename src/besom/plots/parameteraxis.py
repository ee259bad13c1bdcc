"""The axis over one parameter: where its values lie on it, and how they are written."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from besom.analysis.wording import number
from besom.plots.theme import safe
from besom.space import Parameter

_TICKS = 12


def positions(parameter: Parameter, levels: Sequence[Any], values: Sequence[Any]) -> list[float]:
    """Where values lie on the parameter's axis: numbers at themselves, others at their place among the levels."""
    if parameter.is_ordinal:
        return [float(value) for value in values]
    place = {text_of(level): float(at) for at, level in enumerate(levels)}
    return [place[text_of(value)] for value in values]


def axis_over(parameter: Parameter, levels: Sequence[Any]) -> dict[str, Any]:
    """The axis over a parameter: logarithmic where it is, its levels as words where they are no numbers."""
    is_log = parameter.is_log and all(value > 0 for value in levels)
    axis: dict[str, Any] = {"title": {"text": safe(parameter.name, 32) + (" (log)" if is_log else "")}}
    if parameter.is_ordinal:
        few = {"tickvals": list(levels)} if len(levels) <= 6 and not is_log else {"nticks": 6}
        return axis | ({"type": "log", "dtick": _decades(levels), **_powers(levels)} if is_log else few)
    step = math.ceil(len(levels) / _TICKS)
    ticks = range(0, len(levels), step)
    words = [safe(text_of(levels[at]), 14) for at in ticks]
    return axis | {"tickvals": list(ticks), "ticktext": words, "range": [-0.6, len(levels) - 0.4]}


def _powers(levels: Sequence[Any]) -> dict[str, Any]:
    """How the marks of a logarithmic axis are written: all with exponents where one needs it."""
    return {"tickformat": "~e"} if min(levels) < 1e-4 or max(levels) >= 1e7 else {}


def _decades(levels: Sequence[Any]) -> int:
    return max(1, round(math.log10(max(levels) / min(levels)) / 4))


def text_of(value: Any) -> str:
    """A value of a parameter as it is shown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return safe(value if isinstance(value, str) else json.dumps(value, default=str))
    return number(value)
