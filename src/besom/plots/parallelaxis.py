"""An axis of parallel coordinates: where values lie on it, and what is written beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from besom.analysis.columns import Floats
from besom.analysis.tables import ABSENT
from besom.analysis.wording import number
from besom.space import Parameter

_MOST_TICKS = 12
_SHRUNK = 1e-5
"""Times this are taken numbers that lie so far apart that their difference would be no finite number."""
_LEAST_SPAN = 1e-300


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: where each trial crosses it.

    Attributes:
        name: The parameter, or the objective.
        positions: 0 (bottom) to 1 (top) for each trial, shape (n,); NaN where it does not have the parameter.
        ticks: Positions and words of the marks beside it.
        is_log: Whether equal distances are equal ratios.
        column: The column of trials that it shows.
        low, high: The ends of a numeric axis.
        is_reversed: Whether `high` is at the bottom.
        levels: Values and their positions, where there are only these; None for numbers on a scale.
        has_words: Whether something else than numbers, which are never cut, is written beside it.
    """

    name: str
    positions: Floats
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False
    column: str = ""
    low: float = 0.0
    high: float = 1.0
    is_reversed: bool = False
    levels: tuple[tuple[Any, float], ...] | None = None
    has_words: bool = False

    def meta(self, at: int) -> dict[str, Any]:
        """What a page needs to read a stretch of the axis, drawn at `at`, as a condition on its column."""
        return {
            "at": at,
            "column": self.column,
            "log": self.is_log,
            "low": self.low,
            "high": self.high,
            "is_reversed": self.is_reversed,
            "levels": None if self.levels is None else [[value, position] for value, position in self.levels],
        }


def axis_of(
    name: str,
    values: Sequence[Any],
    parameter: Parameter | None = None,
    *,
    is_best_high: bool = True,
    column: str = "",
    digits: int = 3,
) -> Axis:
    """An axis over these values: numbers on a linear or logarithmic scale, other values at equal distances in order.

    Args:
        name: What it shows.
        values: One for each trial, ABSENT allowed.
        parameter: Says whether the scale is logarithmic, and the order of categories; None to tell from the values.
        is_best_high: False turns the axis over.
        column: The column of trials that it shows.
        digits: Of the numbers beside it.
    """
    levels = parameter.levels if parameter is not None else None
    is_short = levels is not None and len(levels) <= 6
    if is_short or not all(_is_number(value) for value in values if value is not ABSENT):
        return _ordinal_axis(name, values, levels, column, digits)
    found = np.array([math.nan if value is ABSENT else value for value in values], dtype=np.float64)
    is_log = parameter is not None and parameter.is_log and not (found <= 0).any()
    return _numeric_axis(name, found, column, digits, is_log=is_log, is_best_high=is_best_high)


def _is_number(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _ordinal_axis(name: str, values: Sequence[Any], levels: Sequence[Any] | None, column: str, digits: int) -> Axis:
    texts = _texts(values)
    by_text = {_text(level): level for level in levels or ()}
    for text, value in zip(texts, values, strict=True):
        if text is not None:
            by_text.setdefault(text, value)
    place = {text: (at + 0.5) / len(by_text) for at, text in enumerate(by_text)}
    positions = np.array([math.nan if text is None else place[text] for text in texts])
    step = math.ceil(len(place) / _MOST_TICKS)
    shown = list(place.items())[::step]
    ticks = tuple((at, _short(by_text[text], digits)) for text, at in shown)
    known = tuple((_jsonable(value), place[text]) for text, value in by_text.items())
    has_words = not all(map(_is_number, by_text.values()))
    return Axis(name, positions, ticks, column=column, levels=known, has_words=has_words)


def _texts(values: Sequence[Any]) -> list[str | None]:
    """The values as they are written, None where there is none; each kind of value is written once."""
    known: dict[tuple[type, Any], str] = {}
    found: list[str | None] = []
    for value in values:
        if value is ABSENT or isinstance(value, str):
            found.append(value if isinstance(value, str) else None)
        elif isinstance(value, int | float):
            key = (type(value), value)
            if key not in known:
                known[key] = _text(value)
            found.append(known[key])
        else:
            found.append(_text(value))
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return number(value) if _is_number(value) else json.dumps(value, default=str)


def _short(value: Any, digits: int) -> str:
    return number(value, digits) if type(value) is float and _is_number(value) else _text(value)


def _jsonable(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _numeric_axis(name: str, values: Floats, column: str, digits: int, *, is_log: bool, is_best_high: bool) -> Axis:
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    shrunk = 1.0 if math.isfinite(high - low) else _SHRUNK

    def scaled(these: Floats) -> Floats:
        if high == low:
            return np.where(np.isnan(these), np.nan, 0.5)
        if is_log:  # a ratio of the ends may be larger than any number, the difference of their logarithms is not
            part = (np.log(these) - math.log(low)) / (math.log(high) - math.log(low))
        else:
            part = (these * shrunk - low * shrunk) / (high * shrunk - low * shrunk)
        return part if is_best_high else 1.0 - part

    marks = list(dict.fromkeys(_decades(low, high) if is_log else _round_marks(low, high)))
    places = scaled(np.array(marks)).tolist()
    ticks = tuple((place, number(mark, digits)) for place, mark in zip(places, marks, strict=True))
    return Axis(name, scaled(values), ticks, is_log, column, low, high, not is_best_high)


def _round_marks(low: float, high: float) -> list[float]:
    """Both ends, and the round numbers between that are not too near to them."""
    span = high - low
    if not math.isfinite(span):
        return [low, *(mark / _SHRUNK for mark in _round_marks(low * _SHRUNK, high * _SHRUNK)[1:-1]), high]
    if span < _LEAST_SPAN:
        return [low, high]
    size = 10.0 ** math.floor(math.log10(span / 4))
    step = next(size * part for part in (1, 2, 2.5, 5, 10) if span / (size * part) <= 5)
    first = math.ceil(low / step)
    inner = [round((first + at) * step, 12) for at in range(7) if (first + at) * step < high]
    return [low, *(mark for mark in inner if min(mark - low, high - mark) > 0.08 * span), high]


def _decades(low: float, high: float) -> list[float]:
    """Both ends, and the powers of ten between that are not too near to them."""
    first, last = math.log10(low), math.log10(high)
    powers = range(math.ceil(first), math.floor(last) + 1)[:: max(1, (math.floor(last) + 1 - math.ceil(first)) // 5)]
    inner = [power for power in powers if min(power - first, last - power) > 0.08 * (last - first)]
    return [low, *(10.0**power for power in inner), high]
