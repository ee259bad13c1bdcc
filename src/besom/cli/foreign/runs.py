"""A run as another tool tells of it, and the small conversions that every export needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_MILLISECONDS_FROM = 1e11
"""An instant beyond this many seconds (the year 5138) is in milliseconds."""
_WORDS = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One run.

    Attributes:
        place: Where it stands in the export, for messages: `runs.csv row 3`.
        name, id: What it is called; either may be empty.
        state: The tool's word for how it ended; empty where unknown.
        sweep: Id or name of the sweep that it belongs to; empty for none.
        config: Flat configuration under dotted names; what is missing or NaN is left out. None may be a value, or none.
        groups: Dotted names of the mappings that settings of it stood in.
        summary: Last or summary values of metrics, flat.
        history: Rows as logged.
        started_at: Seconds since the epoch, UTC; None where unknown.
        seconds: How long it ran; None where unknown.
        problem: Why it cannot be read; empty where it can.
    """

    place: str
    name: str = ""
    id: str = ""
    state: str = ""
    sweep: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    summary: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    started_at: float | None = None
    seconds: float | None = None
    problem: str = ""

    @property
    def called(self) -> str:
        """How messages speak of it."""
        if self.name and self.id and self.name != self.id:
            return f"{self.name} ({self.id})"
        return self.name or self.id or self.place

    def metrics(self) -> Iterator[str]:
        """Names of its numeric metrics, without those that the tool keeps for itself."""
        names = dict.fromkeys([*self.summary, *(name for row in self.history for name in row)])
        for name in names:
            seen = [self.summary[name]] if name in self.summary else [row.get(name) for row in self.history]
            if not name.startswith("_") and any(is_measured(value) for value in seen):
                yield name


def is_measured(value: Any) -> bool:
    """Whether a value is a number, finite or not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def flat(data: Mapping[Any, Any], prefix: str = "", *, with_none: bool = False) -> dict[str, Any]:
    """Nested mappings under dotted names, without files and pictures (`_type`), and without None unless `with_none`."""
    leaves: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if type(value) is float or type(value) is int:  # nearly everything in a history
            leaves[name] = value
        elif isinstance(value, Mapping):
            if "_type" not in value:
                leaves |= flat(value, f"{name}.", with_none=with_none)
        elif value is not None or with_none:
            leaves[name] = value
    return leaves


def logged(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Metrics by name: flat, W&B's words for numbers that are not finite as numbers."""
    leaves = flat(data)
    for name, value in leaves.items():
        if isinstance(value, str):
            leaves[name] = _WORDS.get(value.lower(), value)
    return leaves


def settings(data: Mapping[Any, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """A flat configuration, and the dotted names of the mappings in it.

    `{"value": x}` is unwrapped; the tool's own keys and NaN are left out. None stays: it may be one of the values.
    """
    unwrapped = {
        key: value["value"] if isinstance(value, Mapping) and value.keys() <= {"value", "desc"} and value else value
        for key, value in data.items()
        if not str(key).startswith("_")
    }
    leaves = {name: value for name, value in flat(unwrapped, with_none=True).items() if not _is_nan(value)}
    return leaves, frozenset(_groups(unwrapped))


def _groups(data: Mapping[Any, Any], prefix: str = "") -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield f"{prefix}{key}"
            yield from _groups(value, f"{prefix}{key}.")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def instant(value: Any) -> float | None:
    """An instant from ISO text or a number of seconds or milliseconds; None where it is neither."""
    if is_measured(value):
        return None if not math.isfinite(value) else value / 1000 if value > _MILLISECONDS_FROM else float(value)
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            return instant(float(value))
        except ValueError:
            return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def duration(value: Any) -> float | None:
    """Seconds from a number or its text; None where it is neither, or is not a duration."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
