"""One value for each metric of a run: the last, unless the script defines or sets another."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from besom.sdk.journal import replace
from besom.sdk.values import flat, listed, plain

_KINDS = ("min", "max", "mean", "last", "best", "first", "none")
_OWN_WORDS = {"copy": "last"}  # W&B's word for it
_GOALS = {"minimize": "min", "maximize": "max", None: "min"}
_PAUSE_S = 0.2  # between two writes of the file, which follow from rows that are written anyway


@dataclass(frozen=True, slots=True)
class Metric:
    """What a script defined about a metric, or about all that a pattern such as `val/*` names."""

    name: str
    step_metric: str | None = None
    summary: tuple[str, ...] = ()
    goal: str | None = None

    def matches(self, name: str) -> bool:
        """Whether it is about the metric `name`."""
        return self.name == name or ("*" in self.name and fnmatchcase(name, self.name))


def metric(name: str, step_metric: str | None, summary: str | None, goal: str | None) -> Metric:
    """A checked definition. `summary` is one or several of min, max, mean, last, best, first, none, with commas.

    Raises:
        ValueError: An unknown word.
    """
    kinds = tuple(_OWN_WORDS.get(kind.strip(), kind.strip()) for kind in summary.split(",")) if summary else ()
    for kind in kinds:
        if kind not in _KINDS:
            raise ValueError(f"define_metric({name!r}): summary is one of {listed(_KINDS)}, got {kind!r}; correct it.")
    if goal not in _GOALS:
        raise ValueError(f"define_metric({name!r}): goal is minimize or maximize, got {goal!r}; correct it.")
    return Metric(name, step_metric, tuple(_GOALS[goal] if kind == "best" else kind for kind in kinds), goal)


class Summary(dict[str, Any]):
    """The last value of each metric, and what the script set or defined; that goes to the run's `summary.json`."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        vars(self).update(_path=path, _metrics=[], _known={}, _counts={}, _own={}, _is_stale=False, _written_at=0.0)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"besom.summary: must be a key of it, got {name}; valid: {listed(self)}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, *args: Any, **values: Any) -> None:
        """Set values, which are kept at once."""
        for source in (*args, values):
            found = flat(dict(source))
            super().update(found)
            self._own.update(found)
        self._write()

    def define(self, defined: Metric) -> None:
        """From now on summarise a metric as defined."""
        self._metrics.append(defined)
        self._known.clear()

    def see(self, row: Mapping[str, Any]) -> None:
        """Take in a logged row of plain values."""
        super().update(row)
        if not self._metrics and not self._own:
            return
        for name, value in row.items():
            if name not in self._known:
                self._known[name] = self._kinds(name)
            kinds = self._known[name]
            if kinds:
                self._summarise(name, kinds, value)
            elif name in self._own:
                self._own[name] = value
                vars(self)["_is_stale"] = True
        if self._is_stale and time.monotonic() - self._written_at > _PAUSE_S:
            self._write()

    def flush(self) -> bool:
        """Write the file if it is behind; whether it is not any more."""
        if self._is_stale:
            self._write()
        return not self._is_stale

    def _kinds(self, name: str) -> tuple[str, ...]:
        """How the metric is summarised: by the last definition that fits, one by name before one by pattern."""
        fitting = [each for each in self._metrics if each.summary and each.matches(name)]
        fitting.sort(key=lambda each: each.name == name)
        return fitting[-1].summary if fitting else ()

    def _summarise(self, name: str, kinds: tuple[str, ...], value: Any) -> None:
        for kind in kinds:
            key = name if len(kinds) == 1 else f"{name}.{kind}"
            if kind == "none":
                self.pop(key, None)
                continue
            self._own[key] = self._combined(key, kind, value)
            super().__setitem__(key, self._own[key])
        vars(self)["_is_stale"] = True

    def _combined(self, key: str, kind: str, value: Any) -> Any:
        """The summary after one more value. NaN and text never take the place of a number."""
        before = self._own.get(key) if key in self._counts else None  # what the script set itself does not count
        if kind == "last":
            return value
        if not _is_number(value):
            return value if before is None else before
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if not _is_number(before):
            return value
        match kind:
            case "min":
                return min(before, value)
            case "max":
                return max(before, value)
            case "mean":
                return before + (value - before) / count
            case _:
                return before

    def _write(self) -> None:
        vars(self)["_written_at"] = time.monotonic()
        if self._path is not None:
            vars(self)["_is_stale"] = not replace(self._path, plain(self._own))


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    return isinstance(value, int) and not isinstance(value, bool)
